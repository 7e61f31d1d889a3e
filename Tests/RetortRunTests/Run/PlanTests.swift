import Foundation
import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortRun
@testable import RetortStages
@testable import RetortStore

@Suite struct PlanTests {
  @Test func beforeAnyRunTheReaderIsReadAndItsRowsAreKnown() async throws {
    let lab = try Lab(records: ["a", "b"])
    #expect(
      try await lab.plan() == [
        .init(stage: "read", done: 0, todo: 1, foreseen: 1, waits: false, rows: 2, reason: "never run"),
        .init(stage: "shout", done: 0, todo: 2, waits: false, reason: "never run"),
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
    #expect(try await lab.store.inspector.query("SELECT count(*) AS runs FROM run") == [["runs": 1]])
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

  @Test func aReaderThatCannotBeReadIsToBeReadByTheRun() async throws {
    let lab = try Lab(records: ["a", "broken"])
    #expect(
      try await lab.plan().prefix(2) == [
        .init(stage: "read", done: 0, todo: 1, waits: false, reason: "never run"),
        .init(stage: "shout", done: 0, todo: 0, waits: true, reason: "waits for rows upstream"),
      ])
  }

  @Test func aPilotLeavesTheRestAsNewRows() async throws {
    let lab = try Lab(records: ["a", "b", "c", "d"])
    _ = try await lab.run(RunOptions(selection: .sample(2, seed: 1)))
    #expect(
      try await lab.plan().prefix(2) == [
        .init(stage: "read", done: 1, todo: 0, waits: false, rows: 4, reason: "done"),
        .init(stage: "shout", done: 2, todo: 2, waits: false, rows: 2, reason: "2 new rows"),
      ])
    lab.forgetPerformed()
    _ = try await lab.run()
    #expect(lab.performed.count == 2)
  }

  @Test func redoIsForced() async throws {
    let lab = try Lab(records: ["a", "b"])
    _ = try await lab.run()
    let plan = try await lab.plan(RunOptions(redo: ["shout"]))
    #expect(plan[1] == .init(stage: "shout", done: 0, todo: 2, waits: false, reason: "forced"))
  }

  @Test func aSetThatWaitsTellsOfARedoThatItLeaves() async throws {
    let lab = try Lab(records: ["a"])
    _ = try await lab.run()
    lab.refuseSets(true)
    _ = try await lab.run(RunOptions(redo: ["gather"]))
    let plan = try await Plan.make(lab.pipeline, store: lab.store, options: RunOptions(redo: ["shout"]))
    #expect(plan.stages[2].reason == "waits for shout")
    #expect(plan.unfinishedRedos == [UnfinishedRedo(stage: "gather", run: nil)])
  }

  @Test func groupsAreLookedUpOnceAllTheirRowsAreKnown() async throws {
    let lab = try Lab(records: ["a", "b", "b"], per: "read")
    lab.refuse("b")
    _ = try await lab.run()
    #expect(
      try await lab.plan()[2]
        == .init(stage: "gather", done: 1, todo: 0, waits: true, rows: 1, reason: "waits for shout"))
    lab.refuse(nil)
    lab.refuseSets(true)
    _ = try await lab.run()
    #expect(
      try await lab.plan()[2]
        == .init(
          stage: "gather", done: 1, todo: 2, waits: false, rows: 1, reason: "failed before: refuses sets")
    )
  }

  @Test func aPlanIsMadeWhileAnotherConnectionWrites() async throws {
    let lab = try Lab(records: ["a", "b"])
    _ = try await lab.run()
    let quiet = try await lab.plan()
    let path = lab.pipeline.folder.appending(path: "store.sqlite").path
    let (other, writing, done) = (try Store(path: path), Gate(), DispatchSemaphore(value: 0))
    async let written: Void = other.write { _ in
      writing.open()
      done.wait()
    }
    await writing.pass()
    let looker = try Store(path: path)
    let plan = try? await Plan.make(lab.pipeline, store: looker)
    done.signal()
    try await written
    #expect(plan?.stages == quiet)
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
