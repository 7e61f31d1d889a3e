import Foundation
import OrderedCollections
import Retort
import Testing

@Suite struct PlanTests {
  @Test func beforeAnyRunOnlyTheReaderIsKnown() async throws {
    let lab = try Lab(records: ["a", "b"])
    #expect(
      try await lab.plan() == [
        .init(stage: "read", done: 0, todo: 1, waits: false, reason: "never run"),
        .init(stage: "shout", done: 0, todo: 0, waits: true, reason: "waits for rows upstream"),
        .init(stage: "gather", done: 0, todo: 0, waits: true, reason: "waits for shout"),
      ])
  }

  @Test func afterARunEverythingIsDoneAndThePlanLeavesNoTrace() async throws {
    let lab = try Lab(records: ["a", "b", "a"])
    _ = try await lab.run()
    #expect(
      try await lab.plan() == [
        .init(stage: "read", done: 1, todo: 0, waits: false, rows: 3, reason: "done"),
        .init(stage: "shout", done: 3, todo: 0, waits: false, rows: 3, reason: "done"),
        .init(stage: "gather", done: 3, todo: 0, waits: false, rows: 1, reason: "done"),
      ])
    #expect(try await lab.store.query("SELECT count(*) AS runs FROM run") == [["runs": 1]])
  }

  @Test func whatFailedBeforeIsToDo() async throws {
    let lab = try Lab(records: ["a", "b"])
    lab.refuse("b")
    _ = try await lab.run()
    #expect(
      try await lab.plan() == [
        .init(stage: "read", done: 1, todo: 0, waits: false, rows: 2, reason: "done"),
        .init(stage: "shout", done: 1, todo: 1, waits: false, rows: 1, reason: "failed before: refuses b"),
        .init(stage: "gather", done: 0, todo: 0, waits: true, reason: "waits for shout"),
      ])
  }

  @Test func redoIsForced() async throws {
    let lab = try Lab(records: ["a", "b"])
    _ = try await lab.run()
    let plan = try await lab.plan(RunOptions(redo: ["shout"]))
    #expect(plan[1] == .init(stage: "shout", done: 0, todo: 2, waits: false, reason: "forced"))
  }

  @Test func differencesAreNamedByTheirPath() {
    #expect(
      Difference.between(
        ["kind": "a", "with": ["k": 5, "prompt": "x"]],
        ["kind": "a", "with": ["k": 5, "prompt": "y"], "take": 1]
      ).map(\.description) == [#"with.prompt: "x" → "y""#, "take: none → 1"])
  }
}

extension Lab {
  func plan(_ options: RunOptions = .init()) async throws -> [Plan.Stage] {
    try await Plan.make(pipeline, store: store, options: options).stages
  }
}
