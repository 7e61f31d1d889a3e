import Foundation
import OrderedCollections
import RetortStages
import RetortStore
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortRun

/// What a check knows of columns that stages rename, take away or change, and what a run makes of them.
struct PassedColumnsTests {
  private let folder: URL

  init() throws {
    folder = try Bench.folder()
    let rows = """
      {"id": 1, "text": "a", "tags": ["x", "y"], "score": 2, "note": "n"}
      {"id": 2, "text": "b", "tags": ["x"], "score": 10}
      {"id": 3, "text": "c", "tags": [], "score": null, "note": null}

      """
    try rows.write(to: folder.appending(path: "rows.jsonl"), atomically: true, encoding: .utf8)
  }

  private func read(_ stages: String) throws -> Pipeline {
    let head = """
      stages:
        all: { uses: read-jsonl, with: { file: rows.jsonl } }
        rows: { uses: drop-columns, from: all, with: { keep: [id, text, tags, score] } }

      """
    try (head + stages).write(to: folder.appending(path: "p.yaml"), atomically: true, encoding: .utf8)
    return try Pipeline.read(folder.appending(path: "p.yaml"), catalog: .standard, environment: [:])
  }

  /// The columns of the last stage.
  private func columns(_ stages: String) throws -> [String]? { try read(stages).stages.last?.columns }

  private func mistakes(_ stages: String) -> [String] {
    do {
      _ = try read(stages)
      return []
    } catch let errors as PipelineErrors { return errors.diagnostics.map(\.message) } catch {
      return ["\(error)"]
    }
  }

  @Test func aCheckKnowsEveryStagesColumns() throws {
    #expect(try columns("") == ["id", "text", "tags", "score"])
    let rename = "  n: { uses: rename, from: rows, with: { columns: { text: question, id: text } } }\n"
    #expect(try columns(rename) == ["text", "question", "tags", "score"])
    let drop = "  d: { uses: drop-columns, from: rows, with: { columns: [tags, score] } }\n"
    #expect(try columns(drop) == ["id", "text"])
    let explode = "  e: { uses: explode, from: rows, with: { column: tags } }\n"
    #expect(try columns(explode) == ["id", "text", "tags", "score", "position"])
    let other = "  e: { uses: explode, from: rows, with: { column: tags }, as: { tags: tag, position: i } }\n"
    #expect(try columns(other) == ["id", "text", "tags", "score", "tag", "i"])
    let derive =
      "  d: { uses: derive, from: rows, with: { types: { id: text }, defaults: { score: 0, lang: en } } }\n"
    #expect(try columns(derive) == ["id", "text", "tags", "score", "lang"])
    #expect(
      try columns("  c: { uses: collect, from: rows, with: { by: [text], column: id } }\n") == ["text", "id"])
    #expect(
      try columns("  c: { uses: count, from: rows, with: { by: [text] } }\n") == ["text", "count", "share"])
    #expect(
      try columns("  s: { uses: sort, from: rows, with: { by: [score] } }\n") == [
        "id", "text", "tags", "score",
      ])
  }

  @Test func whatIsNotThereAndWhatIsAreMistakes() {
    #expect(
      mistakes("  n: { uses: rename, from: rows, with: { columns: { txt: question } } }\n") == [
        "expected a column of 'rows' (id, text, tags, score), found 'txt', which 'n' reads (did you mean 'text'?)"
      ])
    #expect(
      mistakes("  n: { uses: rename, from: rows, with: { columns: { text: id } } }\n") == [
        "expected a name that no column of the rows has, found 'id', which one has already; rename that one too, or "
          + "write 'replace: true'"
      ])
    #expect(
      mistakes(
        """
          n: { uses: rename, from: rows, with: { columns: { text: question } } }
          f: { uses: filter, from: n, with: { where: [{ column: text, equals: a }] } }

        """) == ["expected a column of 'n' (id, question, tags, score), found 'text', which 'f' reads"])
    #expect(
      mistakes("  d: { uses: drop-columns, from: rows, with: { columns: [tag] } }\n") == [
        "expected a column of 'rows' (id, text, tags, score), found 'tag', which 'd' reads (did you mean 'tags'?)"
      ])
    #expect(
      mistakes("  d: { uses: derive, from: rows, with: { constants: { id: 1 } } }\n") == [
        "expected a new column, found 'id', which the rows have already; rename it with 'as:' or write 'replace: true'"
      ])
    #expect(
      mistakes("  d: { uses: derive, from: rows, replace: true, with: { constants: { id: 1 } } }\n") == [])
  }

  @Test func groupsEndWhereRowsOfAllAreSorted() {
    let sorted =
      "  e: { uses: explode, from: rows, with: { column: tags } }\n  s: { uses: sort, from: e, with: { by: [score] } }\n"
    let said =
      "expected groups that are still together, found 's' on the way, which puts the rows of all groups of 'rows' into one "
      + "order; write 'per: rows' there too, or group by 's'"
    #expect(
      mistakes(sorted + "  c: { uses: collect, from: s, per: rows, with: { column: tags } }\n") == [said])
    #expect(mistakes(sorted + "  c: { uses: collect, from: s, per: s, with: { column: tags } }\n") == [])
    let grouped = sorted.replacing("from: e,", with: "from: e, per: rows,")
    #expect(mistakes(grouped + "  c: { uses: collect, from: s, per: rows, with: { column: tags } }\n") == [])
    #expect(mistakes(grouped + "  c: { uses: collect, from: s, per: all, with: { column: tags } }\n") == [])
  }

  @Test func aPromptIsLostWhereItsColumnsAreRenamedOrChanged() throws {
    func said(_ between: String, from: String) -> [String] {
      mistakes(
        """
          ask: { uses: generate, from: rows, with: { model: m, template: "{{text}}" } }
        \(between)
          out: { uses: export-rl-prompts, from: \(from), with: { folder: out, prompt_from: ask } }
        models: { m: { name: m, endpoint: "http://127.0.0.1:9/v1" } }

        """)
    }
    let replaced =
      "expected the columns that the prompt of 'ask' is made of as they were when it asked, found 'text', which 'd' "
      + "replaces; let that write another column, by 'as:'"
    #expect(
      said("  d: { uses: derive, from: ask, with: { types: { text: text } } }", from: "d") == [replaced])
    #expect(
      said("  d: { uses: rename, from: ask, replace: true, with: { columns: { id: text } } }", from: "d") == [
        replaced
      ])
    #expect(
      said("  d: { uses: rename, from: ask, with: { columns: { text: t } } }", from: "d").contains {
        $0.hasPrefix(
          "expected a column of 'd' (id, t, tags, score, reply), found 'text', which 'out' reads")
      })
    #expect(said("  d: { uses: drop-columns, from: ask, with: { columns: [score] } }", from: "d") == [])
  }

  // MARK: Runs

  private func ran(_ stages: String) async throws -> (store: Store, summary: RunSummary, plan: Plan) {
    let pipeline = try read(stages)
    let store = try Store(path: folder.appending(path: "\(UUID()).sqlite").path)
    let plan = try await Plan.make(pipeline, store: store)
    let summary = try await Engine(pipeline, store: store, models: ScriptedProvider(), now: { 0 }).run()
    return (store, summary, plan)
  }

  @Test func rowsKeepTheirColumnsInTheirPlaces() async throws {
    let (store, summary, _) = try await ran(
      """
        named: { uses: rename, from: rows, with: { columns: { text: id, id: text } } }
        typed: { uses: derive, from: named, with: { types: { text: text }, constants: { lang: en } } }
        slim: { uses: drop-columns, from: typed, with: { columns: [score, tags] } }
        over: { uses: rename, from: slim, replace: true, with: { columns: { lang: id } } }

      """)
    #expect(summary.status == .complete)
    let rows = try await store.inspector.query(
      "SELECT json FROM over JOIN \"row\" r ON over.\"row\" = 'r_' || lower(substr(hex(r.digest), 3, 12)) ORDER BY json"
    )
    #expect(
      rows.map { $0["json"]?.string } == [
        #"{"text":"1","id":"en"}"#, #"{"text":"2","id":"en"}"#, #"{"text":"3","id":"en"}"#,
      ])
  }

  @Test func aCollisionThatOnlyTheRunSeesFailsItsRow() async throws {
    let (store, summary, _) = try await ran(
      "  named: { uses: rename, from: all, with: { columns: { text: note } } }\n")
    #expect(summary.status == .incomplete)
    #expect(
      try await store.inspector.query("SELECT source, message FROM failed ORDER BY source")
        == [0, 2].map {
          [
            "source": .string("all:\($0)"),
            "message":
              "writes the column 'note', which the row has already; rename it under 'as:' or set 'replace: true'",
          ]
        })
    #expect(try await store.inspector.query("SELECT note FROM named") == [["note": "b"]])
  }

  @Test func sortedRowsGoOnInTheirOrderAndKeepTheirSource() async throws {
    let (store, summary, plan) = try await ran(
      """
        sorted: { uses: sort, from: rows, with: { by: [score], descending: [score] } }
        tags: { uses: explode, from: sorted, with: { column: tags, missing: keep } }
        lists: { uses: collect, from: tags, per: sorted, with: { column: tags } }
        counts: { uses: count, from: tags, with: { by: [tags] } }

      """)
    #expect(summary.status == .complete)
    #expect(
      try await store.inspector.query("SELECT source, id FROM sorted") == [
        ["source": "all:1", "id": 2], ["source": "all:0", "id": 1], ["source": "all:2", "id": 3],
      ])
    #expect(
      try await store.inspector.query("SELECT source, tags, position FROM tags") == [
        ["source": "all:1", "tags": "x", "position": 0], ["source": "all:0", "tags": "x", "position": 0],
        ["source": "all:0", "tags": "y", "position": 1], ["source": "all:2", "tags": nil, "position": nil],
      ])
    #expect(
      try await store.inspector.query("SELECT tags FROM lists")
        == [["tags": #"["x"]"#], ["tags": #"["x","y"]"#], ["tags": "[null]"]])
    #expect(
      try await store.inspector.query("SELECT tags, count, share FROM counts") == [
        ["tags": "x", "count": 2, "share": 0.5], ["tags": "y", "count": 1, "share": 0.25],
        ["tags": nil, "count": 1, "share": 0.25],
      ])
    #expect(
      try await store.inspector.query(
        "SELECT stage, parent_stage, source FROM lineage WHERE stage = 'sorted' ORDER BY source")
        == (0..<3).map { ["stage": "sorted", "parent_stage": "rows", "source": .string("all:\($0)")] })
    // A plan sees the same rows in the same order.
    #expect(plan.stages.map(\.rows) == [3, 3, 3, 4, 3, 3])
    let again = try await Plan.make(
      try Pipeline.read(folder.appending(path: "p.yaml"), catalog: .standard, environment: [:]), store: store)
    #expect(again.stages.map(\.reason) == Array(repeating: "done", count: 6))
  }

  @Test func groupsAreSortedEachByItself() async throws {
    let (store, _, _) = try await ran(
      """
        tags: { uses: explode, from: rows, with: { column: tags } }
        sorted: { uses: sort, from: tags, per: rows, with: { by: [position], descending: [position] } }
        lists: { uses: collect, from: sorted, per: rows, with: { by: [id], column: tags } }

      """)
    #expect(
      try await store.inspector.query("SELECT source, tags FROM sorted") == [
        ["source": "all:0", "tags": "y"], ["source": "all:0", "tags": "x"], ["source": "all:1", "tags": "x"],
      ])
    #expect(
      try await store.inspector.query("SELECT source, tags FROM lists") == [
        ["source": "all:0", "tags": #"["y","x"]"#], ["source": "all:1", "tags": #"["x"]"#],
      ])
  }

  @Test func retortsOwnColumnsCannotBeHidden() async throws {
    let (store, _, _) = try await ran(
      "  named: { uses: rename, from: rows, with: { columns: { text: source, id: row, score: run } } }\n")
    #expect(
      try await store.inspector.query("SELECT run, source, run_, row_, source_ FROM named LIMIT 1")
        == [["run": 1, "source": "all:0", "run_": 2, "row_": 1, "source_": "a"]])
  }
}
