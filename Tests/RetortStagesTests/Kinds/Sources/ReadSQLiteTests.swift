import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

@Suite struct ReadSQLiteTests {
  private struct Rows: DatabaseReading {
    let names: [String]
    var rows: [[DatabaseCell]] = []

    func columns(of query: String, in file: URL) -> [String] { names }
    func read(_ query: String, in file: URL, _ take: ([DatabaseCell]) async throws -> Void) async throws {
      for row in rows { try await take(row) }
    }
  }

  private func workspace(_ rows: Rows) -> Workspace {
    Workspace(folder: URL(filePath: "/nonexistent"), models: ScriptedProvider(), databases: rows)
  }

  @Test func rowsAreRecordsAndBytesAreNone() async throws {
    let rows = Rows(
      names: ["a", "b"],
      rows: [
        [.value(1), .value("x")], [.value(2), .bytes(count: 3)], [.value(nil), .value(0.5)],
        [.infinite, .value(nil)], [.value(3), .notUTF8],
      ])
    try await withFile("t.sqlite", "".utf8) { file in
      let stage = try ReadSQLite(
        .init(file: file, query: "q", defaults: Columns(["a": 0]), types: ["b": .text]), in: workspace(rows))
      #expect(stage.adds == ["a", "b"])
      #expect(
        try await read(stage)
          == ReaderAnswers(
            rows: [["a": 1, "b": "x"], ["a": 0, "b": "0.5"]],
            rejected: [
              "blob: t.sqlite, row 2: expected text or a number in 'b', found 3 bytes; take it as hex(…)",
              "no number: t.sqlite, row 4: expected a number in 'a', found an infinity",
              "invalid UTF-8: t.sqlite, row 5: expected UTF-8 text in 'b'",
            ]))
    }
  }

  @Test func columnsAreKnownBeforeTheRun() async throws {
    try await withFile("t.sqlite", "".utf8) { file in
      #expect(
        throws: StageError("query: expected each name of a column once, found 'a' again; name them with AS")
      ) {
        try ReadSQLite(.init(file: file, query: "q"), in: workspace(Rows(names: ["a", "b", "a"])))
      }
      let error = #expect(throws: StageError.self) {
        try ReadSQLite(.init(file: file, query: "q", types: ["c": .text]), in: workspace(Rows(names: ["a"])))
      }
      #expect(error?.description == "types: expected one of the columns (a), found 'c'")
    }
  }

  @Test func aFileThatChangesMeanwhileIsAnError() async throws {
    try await withFile("t.sqlite", "".utf8) { file in
      let stage = try ReadSQLite(.init(file: file, query: "q"), in: workspace(Rows(names: ["a"])))
      try "x".write(to: file.url, atomically: false, encoding: .utf8)
      await #expect(throws: StageError.self) { try await read(stage) }
    }
  }
}
