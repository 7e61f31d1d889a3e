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
        [.value(1), .value("x")], [.value(2), .bytes(Data([1, 2, 3]))], [.value(nil), .value(0.5)],
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

  @Test func bytesOfAColumnWithImagesAreReferences() async throws {
    let shelf = MemoryImages()
    let picture = Drawn.png(4, 3)
    let uri = "data:image/png;base64,\(picture.base64EncodedString())"
    let rows = Rows(
      names: ["n", "picture"],
      rows: [
        [.value(1), .bytes(picture)], [.value(2), .value(.string(uri))], [.value(3), .value(nil)],
        [.value(4), .bytes(Data("no".utf8))], [.value(5), .value("a.png")],
      ])
    try await withFile("t.sqlite", "".utf8) { file in
      let workspace = Workspace(
        folder: URL(filePath: "/nonexistent"), models: ScriptedProvider(), databases: rows,
        tools: ToolServices(images: shelf))
      let stage = try ReadSQLite(.init(file: file, query: "q", images: ["picture"]), in: workspace)
      let answers = try await read(stage)
      let image = try ImageReference(reading: picture).json
      #expect(
        answers.rows == [["n": 1, "picture": image], ["n": 2, "picture": image], ["n": 3, "picture": nil]])
      #expect(
        answers.rejected == [
          "no image: t.sqlite, row 4: 'picture': expected a PNG, JPEG, WebP or GIF image, found other bytes (6e6f…)",
          "no image: t.sqlite, row 5: 'picture': expected an image's bytes in the file, found the text 'a.png'; read-jsonl "
            + "and read-csv follow paths",
        ])
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
