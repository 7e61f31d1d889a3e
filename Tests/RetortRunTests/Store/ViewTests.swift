import Foundation
import OrderedCollections
import RetortCore
import RetortReport
import RetortStages
import RetortStore
import RetortTestSupport
import Testing

@testable import RetortRun

@Suite struct ViewTests {
  @Test func aStageIsAViewWithItsColumns() async throws {
    let lab = try Lab(records: ["b", "a"])
    _ = try await lab.run()
    #expect(
      try await lab.store.inspector.query("SELECT run, source, word, loud FROM shout") == [
        ["run": 1, "source": "read:0", "word": "b", "loud": "B"],
        ["run": 1, "source": "read:1", "word": "a", "loud": "A"],
      ])
  }

  @Test func whatWasDroppedAndWhatFailedIsListed() async throws {
    let lab = try Lab(records: ["", "a"])
    lab.refuse("a")
    _ = try await lab.run()
    #expect(
      try await lab.store.inspector.query("SELECT stage, source, reason FROM dropped") == [
        ["stage": "shout", "source": "read:0", "reason": "empty"]
      ])
    #expect(
      try await lab.store.inspector.query("SELECT stage, source, kind, message FROM failed") == [
        ["stage": "shout", "source": "read:1", "kind": "error", "message": "refuses a"]
      ])
  }

  @Test func lineageNamesParents() async throws {
    let lab = try Lab(records: ["a"])
    _ = try await lab.run()
    #expect(
      try await lab.store.inspector.query("SELECT stage, parent_stage, source FROM lineage ORDER BY stage")
        == [
          ["stage": "gather", "parent_stage": "shout", "source": "read:0"],
          ["stage": "read", "parent_stage": nil, "source": "read:0"],
          ["stage": "shout", "parent_stage": "read", "source": "read:0"],
        ])
  }

  @Test(arguments: [nil, "read"]) func lineageNamesAllParentsOfWhatASetMade(per: String?) async throws {
    let lab = try Lab(records: ["a", "b", "c", "a"], per: per)
    _ = try await lab.run()
    let lines = try await lab.store.inspector.query(
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
    let made = try await lab.store.inspector.query("SELECT \"row\" FROM gather")[0]["row"]?.string ?? ""
    let third = try await lab.store.inspector.query("SELECT \"row\" FROM shout")[2]["row"]?.string ?? ""
    let up = try await lab.store.inspector.trace(made, run: 1).objects.map { $0["stage"]?.string ?? "" }
    #expect(up.sorted() == ["gather", "read", "read", "read", "shout", "shout", "shout"])
    let down = try await lab.store.inspector.trace(third, run: 1).objects.map { $0["stage"]?.string ?? "" }
    #expect(down.sorted() == ["gather", "read", "shout"])
  }

  /// Another pipeline takes the names that it has itself, and no others.
  @Test func viewsOutliveARunOfAnotherPipeline() async throws {
    let lab = try Lab(records: ["a"])
    _ = try await lab.run()
    let other = Pipeline(
      name: "other", file: lab.pipeline.folder.appending(path: "other.yaml"), models: [:],
      stages: [Lab.reader("read", ["z"])])
    _ = try await Engine(other, store: lab.store, models: ScriptedProvider(), now: { 0 }).run()
    func words(_ view: String) async throws -> [JSON?] {
      try await lab.store.inspector.query("SELECT word FROM \(view)").map { $0["word"] }
    }
    #expect(try await words("shout") == ["a"])
    #expect(try await words("lab__shout") == ["a"])
    #expect(try await words("read") == ["z"])
    #expect(try await words("lab__read") == ["a"])
    #expect(try await words("other__read") == ["z"])
    _ = try await lab.run()
    #expect(try await words("read") == ["a"])
    #expect(try await words("other__read") == ["z"])
  }

  @Test func runsAreListedWithTheirStatus() async throws {
    let lab = try Lab(records: ["a"])
    _ = try await lab.run()
    #expect(
      try await lab.store.inspector.query("SELECT run, pipeline, status, calls FROM runs") == [
        ["run": 1, "pipeline": "lab", "status": "complete", "calls": 0]
      ])
    #expect(try await lab.store.inspector.query("SELECT * FROM calls").isEmpty)
  }

  /// Names that SQL has trouble with, each in its view with its own value.
  @Test func oddNamesOfColumnsAreInTheView() async throws {
    let names = [
      "", "a\"b", "a\\b", "a\nb", "o'q", "é", "$", "a.b", "[0]", "#-1", "A", "a", "run", "RUN", "row",
      "source", "tab\t",
      "u\u{2028}v", "😀", "select", String(repeating: "n", count: 10_000),
    ]
    let columns = JSON.Object(uniqueKeysWithValues: names.enumerated().map { ($1, .int(Int64($0))) })
    let view = try await ViewBench.rows([.object(columns)])
    let shown = view.first?.filter { !["run", "row", "source"].contains($0.key) }
    #expect(shown?.values.elementsEqual((0..<names.count).map { JSON.int(Int64($0)) }) == true)
    #expect(
      shown?.keys.filter { $0.utf8.count < 100 } == [
        "", "a\"b", "a\\b", "a\nb", "o'q", "é", "$", "a.b", "[0]", "#-1", "A", "a_", "run_", "RUN__", "row_",
        "source_",
        "tab\t", "u\u{2028}v", "😀", "select",
      ])
  }

  @Test func oneNameInTwoSpellingsIsOneColumn() async throws {
    let view = try await ViewBench.rows([["\u{E9}": 1], ["e\u{301}": 2]])
    #expect(view.map { $0["\u{E9}"] } == [1, 2])
  }

  @Test func moreColumnsThanAViewCanHaveStandInOne() async throws {
    let columns = JSON.Object(uniqueKeysWithValues: (0..<2500).map { ("k\($0)", .int(Int64($0))) })
    let view = try await ViewBench.rows([.object(columns)])
    #expect(view.first?.count == 3 + 1900 + 1)
    #expect(view.first?["k1899"] == 1899)
    #expect(try view.first?["json"]?.string.map { try JSON(parsing: $0) } == .object(columns))
  }
}

/// The view of a stage that reads rows with any columns.
private enum ViewBench {
  static func rows(_ rows: [JSON]) async throws -> [JSON.Object] {
    let folder = try Bench.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    try rows.map { $0.text + "\n" }.joined().write(
      to: folder.appending(path: "rows.jsonl"), atomically: false, encoding: .utf8)
    let file = folder.appending(path: "p.yaml")
    try "stages: { rows: { uses: read-jsonl, with: { file: rows.jsonl } } }".write(
      to: file, atomically: false, encoding: .utf8)
    let store = try Store(path: folder.appending(path: "s.sqlite").path)
    let pipeline = try Pipeline.read(file, catalog: .standard, environment: [:])
    _ = try await Engine(pipeline, store: store, models: ScriptedProvider()).run { _ in }
    return try await store.inspector.query("SELECT * FROM rows")
  }
}
