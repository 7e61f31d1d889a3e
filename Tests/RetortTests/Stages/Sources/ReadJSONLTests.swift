import Foundation
import Retort
import Testing

@Suite struct ReadJSONLTests {
  @Test func readsRowsAndRejectsBrokenLines() async throws {
    let text = "\u{FEFF}{\"a\": 1, \"b\": \"x\"}\r\n\n{\"a\": 2\n[3]\n{\"b\": 1.0}\n{\"a\": 4}"
    let answers = try await withFile("rows.jsonl", text.utf8) { file in
      try await read(ReadJSONL(.init(file: file, columns: ["a"]), in: noModels))
    }
    #expect(answers.rows == [["a": 1, "b": "x"], ["a": 4]])
    #expect(answers.rejected.count == 3)
    #expect(
      answers.rejected[0] == "broken line: line 3, column 8: expected ',' or '}', found the end of the text")
    #expect(answers.rejected[1] == "not an object: line 4: expected an object, found a list")
    #expect(answers.rejected[2] == "missing column: line 5: no 'a'; found b")
  }

  @Test func invalidUTF8IsRejectedAndTheNextLineRead() async throws {
    let bytes = Array("{\"a\": \"".utf8) + [0xFF, 0xFE] + Array("\"}\n{\"a\": \"é\"}\n".utf8)
    let answers = try await withFile("rows.jsonl", bytes) { file in
      try await read(ReadJSONL(.init(file: file), in: noModels))
    }
    #expect(
      answers
        == ReaderAnswers(
          rows: [["a": "é"]], rejected: ["invalid UTF-8: line 1: expected UTF-8 text"]))
  }

  @Test func aLineBeyondTheLimitIsNamedAndTheNextOneRead() async throws {
    let long = LineReader.limit + 1
    let answers = try await withFile("rows.jsonl", Data(count: long) + Data("\n{\"a\": 1}\n".utf8)) { file in
      try await read(ReadJSONL(.init(file: file), in: noModels))
    }
    #expect(
      answers
        == ReaderAnswers(
          rows: [["a": 1]],
          rejected: ["line too long: line 1: \(long) bytes, expected at most \(LineReader.limit)"]))
  }

  @Test func anEmptyFileHasNoRowsAndAnotherEncodingOnlyBrokenLines() async throws {
    let empty = try await withFile("rows.jsonl", "".utf8) { file in
      try await read(ReadJSONL(.init(file: file), in: noModels))
    }
    #expect(empty == ReaderAnswers())
    let utf16 = try await withFile("rows.jsonl", [0xFF, 0xFE, 0x7B, 0, 0x7D, 0, 0x0A, 0]) { file in
      try await read(ReadJSONL(.init(file: file), in: noModels))
    }
    #expect(
      utf16.rejected == [
        "invalid UTF-8: line 1: expected UTF-8 text",
        "broken line: line 2, column 1: expected a JSON value, found byte 0x00",
      ])
  }

  @Test func linesCrossChunksAndLongOnesAreSkipped() async throws {
    try await withFile("text", "abc\nsixsix\n\nde".utf8) { file in
      for chunkSize in 1...8 {
        var reader = try LineReader(file.url, limit: 4, chunkSize: chunkSize)
        defer { reader.close() }
        var lines: [LineReader.Text] = []
        while let line = try reader.next() { lines.append(line.text) }
        #expect(lines == [.text("abc"), .tooLong(bytes: 6), .text(""), .text("de")])
      }
    }
  }

  @Test func columnsAreKnownWhenGiven() async throws {
    try await withFile("rows.jsonl", "".utf8) { file in
      let known = try ReadJSONL(.init(file: file, columns: ["a"]), in: noModels)
      #expect(known.adds == ["a"])
      let unknown = try ReadJSONL(.init(file: file), in: noModels)
      #expect(unknown.adds == nil)
    }
  }
}
