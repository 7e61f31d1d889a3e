import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

struct ExportReviewTests {
  let folder: URL
  let workspace: Workspace
  init() throws {
    folder = try Bench.folder()
    workspace = Workspace(folder: folder, models: ScriptedProvider())
  }

  private func text(_ path: String) throws -> String {
    String(decoding: try Data(contentsOf: folder.appending(path: path)), as: UTF8.self)
  }

  private func id(_ row: JSON) -> String { RowID.text(Digest(of: row)) }

  @Test func eachRowIsALineWithRoomForAVerdict() async throws {
    let rows: [JSON] = [["q": "a", "n": 1, "tags": ["x"]], ["q": "b"], ["q": "a", "n": 1, "tags": ["x"]]]
    let stage = try ExportReview(.init(file: "out/r.jsonl"), in: workspace)
    let answers = try await Bench.answers(of: stage, to: rows)
    let lines = """
      {"row":"\(id(rows[0]))","verdict":null,"note":null,"q":"a","n":1,"tags":["x"],"reviewer":null,"reviewed_at":null}
      {"row":"\(id(rows[1]))","verdict":null,"note":null,"q":"b","n":null,"tags":null,"reviewer":null,"reviewed_at":null}

      """
    #expect(try text("out/r.jsonl") == lines)
    #expect(
      answers == [
        .make(
          ["path": "out/r.jsonl", "sha256": .string(Digest(of: lines).hex), "rows": 2], members: [0, 1, 2])
      ])
  }

  @Test func aSpreadsheetReadsTheCSV() async throws {
    let rows: [JSON] = [
      ["q": "a;b", "n": 1.5, "tags": ["x", "y"], "e": nil], ["q": "é \"c\"\nd", "n": nil, "e": ""],
    ]
    let stage = try ExportReview(.init(file: "r.csv", delimiter: ";"), in: workspace)
    _ = try await Bench.answers(of: stage, to: rows)
    #expect(
      try text("r.csv")
        == [
          "\u{FEFF}row;verdict;note;q;n;tags;e;reviewer;reviewed_at",
          #"\#(id(rows[0]));;;"a;b";1.5;"[""x"",""y""]";;;"#,
          "\(id(rows[1]));;;\"é \"\"c\"\"\nd\";;;\"\";;", "",
        ].joined(separator: "\r\n"))
  }

  @Test func namedColumnsAloneAreShown() async throws {
    let stage = try ExportReview(.init(file: "r.jsonl", columns: ["q"]), in: workspace)
    #expect(stage.reads == [ColumnUse("q")])
    let row: JSON = ["note": "of the row", "q": "a"]
    _ = try await Bench.answers(of: stage, to: [row])
    #expect(
      try text("r.jsonl")
        == #"{"row":"\#(id(row))","verdict":null,"note":null,"q":"a","reviewer":null,"reviewed_at":null}"#
        + "\n")
  }

  @Test func anEditedFileIsNeverWrittenOver() async throws {
    let stage = try ExportReview(.init(file: "r.jsonl"), in: workspace)
    _ = try await Bench.answers(of: stage, to: [["q": "a"]])
    // What retort wrote gives way to what it writes now.
    _ = try await Bench.answers(of: stage, to: [["q": "b"]])
    let edited = try text("r.jsonl").replacing(#""verdict":null"#, with: #""verdict":"accept""#)
    try edited.write(to: folder.appending(path: "r.jsonl"), atomically: true, encoding: .utf8)
    let error = await #expect(throws: StageError.self) {
      try await Bench.answers(of: stage, to: [["q": "b"], ["q": "c"]])
    }
    #expect(
      error?.description
        == "expected 'r.jsonl' as retort wrote it, since its rows are others now; found that it was edited: move it to "
        + "another name, which read-review can read, and run again")
    #expect(try text("r.jsonl") == edited)
  }

  @Test(
    arguments: [
      (.init(file: "r.txt"), "file: expected a name that ends in .csv or .jsonl, found 'r.txt'"),
      (
        .init(file: "r.jsonl", delimiter: ","),
        "delimiter: expected none for a file that is no CSV, found one"
      ),
      (.init(file: "r.jsonl", columns: []), "columns: expected at least one column, found none"),
      (.init(file: "r.jsonl", columns: ["a", "a"]), "columns: expected each column once, found a, a"),
      (
        .init(file: "r.jsonl", columns: ["note"]),
        "columns: expected other columns than 'note', which the file has for itself, found that; rename it first, or "
          + "name the columns without it"
      ),
    ] as [(ExportReview.Config, String)])
  func whatCannotBeReviewedIsAMistake(config: ExportReview.Config, says: String) {
    let error = #expect(throws: StageError.self) { try ExportReview(config, in: workspace) }
    #expect(error?.description == says)
  }

  @Test func aColumnOfTheRowsMayNotHideTheFilesOwn() async throws {
    let stage = try ExportReview(.init(file: "r.jsonl"), in: workspace)
    await #expect(throws: StageError.self) { try await Bench.answers(of: stage, to: [["verdict": "good"]]) }
  }
}
