import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

struct ExportCSVTests {
  let folder: URL
  let workspace: Workspace
  init() throws {
    folder = try Bench.folder()
    workspace = Workspace(folder: folder, models: ScriptedProvider())
  }

  private func text(_ rows: [JSON], columns: [String]? = nil, delimiter: String? = nil) async throws -> String
  {
    _ = try await Bench.answers(
      of: ExportCSV(.init(file: "a.csv", columns: columns, delimiter: delimiter), in: workspace), to: rows)
    return try String(contentsOf: folder.appending(path: "a.csv"), encoding: .utf8)
  }

  private static let rows: [JSON] = [
    ["t": "plain", "n": 1, "l": ["1", "2"], "b": true], ["t": "", "n": nil, "l": [], "b": false],
    ["t": "a,\"b\"\r\nc", "n": 0.5, "l": nil, "b": nil], ["t": " x\t", "n": -2, "l": ["é"], "b": true],
  ]

  @Test func fieldsAreQuotedWhereTheyNeedIt() async throws {
    #expect(
      try await text(Self.rows)
        == "t,n,l,b\r\nplain,1.0,\"[\"\"1\"\",\"\"2\"\"]\",true\r\n\"\",,[],false\r\n"
        + "\"a,\"\"b\"\"\r\nc\",0.5,,\r\n x\t,-2.0,\"[\"\"é\"\"]\",true\r\n")
    #expect(
      try await text([["t": "a,b", "n": "c\td"]], columns: ["n", "t"], delimiter: "tab")
        == "n\tt\r\n\"c\td\"\ta,b\r\n")
  }

  @Test func whatIsWrittenIsReadAgain() async throws {
    let rows: [JSON] = [["a": "x", "b": ""], ["a": nil, "b": "\r\n\"\""], ["a": "", "b": nil]]
    let written = try await text(rows)
    let back = try await withFile("a.csv", written.utf8) { file in
      try await read(ReadCSV(.init(file: DataFiles(file), nulls: true), in: noModels))
    }
    #expect(back == ReaderAnswers(rows: rows))
    #expect(try await text([["a": "x"], ["a": nil], ["a": ""]]) == "a\r\nx\r\n\"\"\r\n\"\"\r\n")
  }

  @Test func aTextWithNULDropsItsRow() async throws {
    let answers = try await Bench.answers(
      of: ExportCSV(.init(file: "a.csv"), in: workspace), to: [["a": "x\0"], ["a": "y"]])
    #expect(answers.first == .drop(0, reason: "NUL in text", detail: "expected text without NUL in 'a'"))
    guard case .make(let file, members: [1])? = answers.last else {
      Issue.record("\(answers)")
      return
    }
    #expect(file["rows"] == 1)
  }

  @Test func theManifestStandsBeside() async throws {
    _ = try await text([["a": 1, "b": ["x"]]])
    let manifest = try JSON(
      parsing: String(contentsOf: folder.appending(path: "a.csv.manifest.json"), encoding: .utf8))
    #expect(manifest["rows"] == 1)
    #expect(
      manifest["columns"] == [["name": "a", "type": "int"], ["name": "b", "type": "list of string"]])
  }
}
