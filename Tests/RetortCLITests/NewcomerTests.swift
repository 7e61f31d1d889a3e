import Foundation
import OrderedCollections
import RetortCore
import Testing

@testable import RetortCLI

/// What whoever writes a first file does wrong, and what is said of it.
@Suite struct NewcomerTests {
  private static func desk(_ stages: String, rows: String = "id,score\n1,3\n2,5\n") throws -> Desk {
    try Desk(["p.yaml": "stages:\n" + stages, "rows.csv": rows])
  }

  private static let csv = "  rows: { uses: read-csv, with: { file: rows.csv } }\n"
  private static let out = "  out: { uses: export-jsonl, from: last, with: { file: out.jsonl } }\n"

  private static func mistake(_ input: String = "rows", _ has: String = "id, score") -> String {
    "expected a column of '\(input)' (\(has)), found 'scor', which 'last' reads (did you mean 'score'?)"
  }

  @Test(arguments: [
    "uses: derive, from: rows, with: { types: { scor: number } }",
    "uses: derive, from: rows, with: { defaults: { scor: 0 } }",
    "uses: derive, from: rows, with: { defaults: { scor: 0 }, types: { scor: number } }",
    "uses: derive, from: rows, with: { paths: { first: scor.0 } }",
    "uses: rename, from: rows, with: { columns: { scor: mark } }",
    "uses: rename, from: rows, with: { columns: { scor: mark }, missing: keep }",
    "uses: drop-columns, from: rows, with: { columns: [scor] }",
    "uses: drop-columns, from: rows, with: { keep: [id, scor] }",
    "uses: explode, from: rows, with: { column: scor }",
    "uses: collect, from: rows, with: { by: [scor] }", "uses: collect, from: rows, with: { column: scor }",
    "uses: collect, from: rows, with: { columns: [scor] }",
    "uses: collect, from: rows, with: { by: [id], order_by: [scor] }",
    "uses: sort, from: rows, with: { by: [scor] }", "uses: count, from: rows, with: { by: [scor] }",
    "uses: filter, from: rows, with: { where: [{ column: scor, max: 3 }] }",
    "uses: split, from: rows, with: { fractions: { train: 0.9, test: 0.1 }, by: scor }",
    "uses: export-csv, from: rows, with: { file: o.csv, columns: [scor] }",
    "uses: command, from: rows, with: { run: [cat], adds: [x], columns: [scor] }",
  ])
  func aMisspeltColumnIsRefused(_ stage: String) async throws {
    let desk = try Self.desk(Self.csv + "  last: { \(stage) }\n")
    let typed = try await desk.type("check p.yaml")
    #expect(typed.status == 2)
    #expect(typed.said.contains(Self.mistake()), "\(typed.said)")
  }

  @Test func aNameLikeOneOfTheFileIsWarnedOfWhereRowsMayHaveMore() async throws {
    let desk = try Self.desk(
      "  rows: { uses: read-jsonl, with: { file: rows.jsonl, columns: [id, score] } }\n"
        + "  last: { uses: derive, from: rows, with: { types: { scor: number, mark: number } } }\n" + Self.out
    )
    try desk.write("{\"id\": 1, \"score\": 2}\n", to: "rows.jsonl")
    try await desk.expectCommand(
      "check p.yaml", prints: "p.yaml: 3 stages, 0 models, no mistake found",
      says: """
        p.yaml:3:37: warning: 'rows' names no column 'scor', which 'last' reads where a row has it (did you mean 'score'?)
        """)
  }

  @Test func whatACheckCannotKnowItSays() async throws {
    let desk = try Self.desk(
      "  rows: { uses: read-jsonl, with: { file: rows.jsonl } }\n"
        + "  last: { uses: derive, from: rows, with: { types: { scor: number } } }\n" + Self.out)
    try desk.write("{\"id\": 1}\n", to: "rows.jsonl")
    try await desk.expectCommand(
      "check p.yaml",
      prints: """
        p.yaml: 3 stages, 0 models, no mistake found
        note: p.yaml:2:3: 'rows' does not say which columns its rows have: whether those are there that are read by last, only a run tells; 'columns:' under its 'with:' lets check tell
        """)
  }

  @Test func aRunThatLeavesNothingSaysSo() async throws {
    let desk = try Self.desk(
      Self.csv + "  last: { uses: filter, from: rows, with: { where: [{ column: score, max: 9 }] } }\n"
        + Self.out)
    let typed = try await desk.type("run p.yaml")
    #expect(typed.status == 0)
    #expect(
      typed.said.contains("nothing came out of last: all its 2 rows were dropped, as 'score is no number' ("),
      "\(typed.said)")
    #expect(typed.said.contains("`types:` of the reader"), "\(typed.said)")
    let why = try await desk.type("why rows:0 last")
    #expect(why.printed.contains(#"score is no number: "3"; `types:` of the reader"#), "\(why.printed)")
  }

  @Test func whatIsAsItWasIsNotWritten() async throws {
    let desk = try Self.desk(Self.csv + Self.out.replacing("last", with: "rows"))
    #expect(try await desk.type("run p.yaml").said.contains("\nwrote "))
    let again = try await desk.type("run p.yaml").said
    #expect(again.contains("\nunchanged ") && !again.contains("wrote "), "\(again)")
    try FileManager.default.removeItem(at: desk.folder.appending(path: "out.jsonl"))
    #expect(try await desk.type("run p.yaml").said.contains("\nwrote "))
  }

  @Test func anotherDelimiterIsFoundByTheCheck() async throws {
    let rows = "id;score\n1;3\n"
    let desk = try Self.desk(Self.csv + Self.out.replacing("last", with: "rows"), rows: rows)
    try await desk.expectCommand(
      "check p.yaml",
      says: """
        p.yaml:2:27: rows.csv, line 1: expected the names of columns between commas, found one name, 'id;score', with semicolons in it; write delimiter: ";" under 'with:', or delimiter: "," where that is the name
        """, exits: 2)
    try desk.write(
      try desk.read("p.yaml").replacing("rows.csv }", with: "rows.csv, delimiter: ',' }"), to: "p.yaml")
    #expect(try await desk.type("check p.yaml").status == 0)
  }

  @Test func theContentOfAFileIsNotItsPath() async throws {
    let desk = try Self.desk(Self.csv + Self.out.replacing("last", with: "rows"))
    _ = try await desk.type("run p.yaml")
    try desk.write("id,score\n1,3\n2,6\n", to: "rows.csv")
    let plan = try await desk.type("plan p.yaml").printed
    #expect(plan.contains("changed: content of with.file"), "\(plan)")
    let why = try await desk.type("why rows:0 out").printed
    #expect(why.contains("  content of rows.with.file\n"), "\(why)")
    _ = try await desk.type("run p.yaml")
    let diff = try await desk.type("diff 1 2").printed
    #expect(diff.contains("  content of stages.rows.with.file changed\n"), "\(diff)")
  }

  @Test func aPlanCountsTheRowsOfADatabase() async throws {
    let first = Self.csv + Self.out.replacing("last", with: "rows")
    let desk = try Self.desk(first)
    _ = try await desk.type("run p.yaml --store a.sqlite")
    let query = "SELECT name, stage FROM run_stage"
    try desk.write(
      """
      stages:
        rows: { uses: read-sqlite, with: { file: a.sqlite, query: "\(query)" } }
        last: { uses: sort, from: rows, with: { by: [name] } }
        out: { uses: export-jsonl, from: last, with: { file: other.jsonl } }
      """, to: "p.yaml")
    let stages = try JSON(parsing: try await desk.type("plan p.yaml --json").printed).object?["stages"]?.array
    #expect(stages?.first?["rows"] == 2, "\(stages ?? [])")
  }
}
