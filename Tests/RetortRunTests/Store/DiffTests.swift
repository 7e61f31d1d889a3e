import Foundation
import OrderedCollections
import RetortCore
import RetortReport
import RetortStages
import RetortStore
import RetortTestSupport
import Testing

@testable import RetortRun

@Suite struct DiffTests {
  private func row(_ word: String) -> String { RowID.text(Digest(of: ["word": .string(word)])) }

  @Test func equalRunsDoNotDiffer() async throws {
    let lab = try Lab(records: ["a", "b"])
    _ = try await lab.run()
    _ = try await lab.run()
    let diff = try await lab.store.inspector.diff(1, 2)
    #expect(diff.changed.isEmpty)
    #expect(
      diff.stages.allSatisfy { $0.onlyOld + $0.onlyNew + $0.other == 0 && $0.examples.isEmpty })
    #expect(diff.stages.map(\.new?.reused) == [2, 2, 2])
  }

  @Test func rowsAreComparedPlaceByPlace() async throws {
    let lab = try Lab(records: ["a", "b", "c"])
    _ = try await lab.run()
    let other = lab.reading(["a", "x"])
    _ = try await Engine(other, store: lab.store, models: ScriptedProvider(), now: { 0 }).run()
    let diff = try await lab.store.inspector.diff(1, 2, examples: 1)
    #expect(diff.changed.map(\.path) == ["stages.read.with"])
    #expect(
      diff.stages[0]
        == .init(
          stage: "read", old: Books(in: 3, emitted: 3, rows: 3), new: Books(in: 2, emitted: 2, rows: 2),
          onlyOld: 1, onlyNew: 0, other: 1,
          examples: [.init(source: "read:1", old: row("b"), new: row("x"), columns: ["word"])]))
    #expect(diff.stages[2].examples.map(\.columns) == [["words"]])
    #expect(try await lab.store.inspector.diff(2, 1).stages[0].onlyNew == 1)
  }

  @Test func aStageOfOneRunOnlyAndALimitShow() async throws {
    let lab = try Lab(records: ["a", "b"])
    _ = try await lab.run(RunOptions(selection: .first(1)))
    _ = try await lab.run()
    let diff = try await lab.store.inspector.diff(1, 2)
    #expect(
      diff.stages[0].examples == [.init(source: "read:1", old: nil, new: row("b"), columns: [])])
  }

  @Test func aRunThatIsNotThereIsAnError() async throws {
    let lab = try Lab(records: ["a"])
    await #expect(throws: NotFound("expected a run, found none numbered 1")) {
      try await lab.store.inspector.diff(1, 2)
    }
  }
}

extension Lab {
  /// The same pipeline with other records.
  func reading(_ records: [String]) -> Pipeline {
    Pipeline(
      name: pipeline.name, file: pipeline.file, models: pipeline.models,
      stages: [Lab.reader("read", records)] + pipeline.stages.dropFirst())
  }
}
