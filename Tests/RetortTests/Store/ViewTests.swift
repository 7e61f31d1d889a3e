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

  @Test(arguments: [nil, "read"]) func lineageNamesAllParentsOfWhatASetMade(per: String?) async throws {
    let lab = try Lab(records: ["a", "b", "c", "a"], per: per)
    _ = try await lab.run()
    let lines = try await lab.store.query(
      """
      SELECT json_extract(r.json, '$.word') AS word, l.source FROM lineage l
      JOIN "row" r ON 'r_' || lower(substr(hex(r.digest), 3, 12)) = l.parent
      WHERE l.stage = 'gather' ORDER BY l.source, word
      """)
    #expect(
      lines.map { "\($0["source"]?.string ?? "") \($0["word"]?.string ?? "")" }
        == (per == nil
          ? ["read:0 a", "read:0 a", "read:0 b", "read:0 c"]
          : ["read:0 a", "read:1 b", "read:2 c", "read:3 a"]))
  }

  @Test func aTraceFollowsEveryMemberOfASet() async throws {
    let lab = try Lab(records: ["a", "b", "c"])
    _ = try await lab.run()
    let made = try await lab.store.query("SELECT \"row\" FROM gather")[0]["row"]?.string ?? ""
    let third = try await lab.store.query("SELECT \"row\" FROM shout")[2]["row"]?.string ?? ""
    let up = try await lab.store.trace(made, run: 1).objects.map { $0["stage"]?.string ?? "" }
    #expect(up.sorted() == ["gather", "read", "read", "read", "shout", "shout", "shout"])
    let down = try await lab.store.trace(third, run: 1).objects.map { $0["stage"]?.string ?? "" }
    #expect(down.sorted() == ["gather", "read", "shout"])
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
