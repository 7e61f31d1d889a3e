import Foundation
import OrderedCollections
import Retort
import Testing

@Suite struct ViewTests {
  @Test func aStageIsAViewWithItsColumns() async throws {
    let lab = try Lab(records: ["b", "a"])
    _ = try await lab.run()
    #expect(
      try await lab.store.query("SELECT run, source, word, loud FROM shout") == [
        ["run": 1, "source": "read:0", "word": "b", "loud": "B"],
        ["run": 1, "source": "read:1", "word": "a", "loud": "A"],
      ])
  }

  @Test func whatWasDroppedAndWhatFailedIsListed() async throws {
    let lab = try Lab(records: ["", "a"])
    lab.refuse("a")
    _ = try await lab.run()
    #expect(
      try await lab.store.query("SELECT stage, source, reason FROM dropped") == [
        ["stage": "shout", "source": "read:0", "reason": "empty"]
      ])
    #expect(
      try await lab.store.query("SELECT stage, source, kind, message FROM failed") == [
        ["stage": "shout", "source": "read:1", "kind": "StageFault", "message": "refuses a"]
      ])
  }

  @Test func lineageNamesParents() async throws {
    let lab = try Lab(records: ["a"])
    _ = try await lab.run()
    #expect(
      try await lab.store.query("SELECT stage, parent_stage, source FROM lineage ORDER BY stage") == [
        ["stage": "gather", "parent_stage": "shout", "source": "read:0"],
        ["stage": "read", "parent_stage": nil, "source": "read:0"],
        ["stage": "shout", "parent_stage": "read", "source": "read:0"],
      ])
  }

  @Test func runsAreListedWithTheirStatus() async throws {
    let lab = try Lab(records: ["a"])
    _ = try await lab.run()
    #expect(
      try await lab.store.query("SELECT run, pipeline, status, calls FROM runs") == [
        ["run": 1, "pipeline": "lab", "status": "complete", "calls": 0]
      ])
    #expect(try await lab.store.query("SELECT * FROM calls").isEmpty)
  }
}
