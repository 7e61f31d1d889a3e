import Foundation
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

@Suite struct ReadJSONTests {
  private func answers(_ text: String, columns: [String]? = nil) async throws -> ReaderAnswers {
    try await withFile("rows.json", text.utf8) { file in
      try await read(ReadJSON(.init(file: file, columns: columns), in: noModels))
    }
  }

  @Test(arguments: [
    "[{\"a\": 1}, {\"a\": 2}]", "\u{FEFF}[{\"a\": 1}, {\"a\": 2}]",
    "{\"version\": \"1\", \"data\": [{\"a\": 1}, {\"a\": 2}]}",
  ])
  func readsALists(text: String) async throws {
    #expect(try await answers(text) == ReaderAnswers(rows: [["a": 1], ["a": 2]]))
  }

  @Test func recordsThatAreNoRowsAreRejected() async throws {
    #expect(
      try await answers("[{\"a\": 1}, 7, {\"b\": 2}]", columns: ["a"])
        == ReaderAnswers(
          rows: [["a": 1]],
          rejected: [
            "not an object: rows.json, record 1: expected an object, found an integer",
            "missing column: rows.json, record 2: no 'a'; found b",
          ]))
  }

  @Test(arguments: ["7", "{\"a\": [], \"b\": []}", "{\"a\": 1}", "[{\"a\": 1}", ""])
  func filesWithoutOneListAreErrors(text: String) async {
    await #expect(throws: StageError.self) { _ = try await self.answers(text) }
  }

  @Test func anotherEncodingIsNamed() async throws {
    _ = try await withFile("rows.json", [0xFF, 0xFE, 0x5B, 0]) { file in
      await #expect(throws: StageError("expected UTF-8 text in '\(file.path)'")) {
        _ = try await read(ReadJSON(.init(file: file), in: noModels))
      }
    }
  }
}
