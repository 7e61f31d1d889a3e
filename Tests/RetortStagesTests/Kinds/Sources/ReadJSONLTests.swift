import Foundation
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

@Suite struct ReadJSONLTests {
  @Test func readsRowsAndRejectsBrokenLines() async throws {
    let text = "\u{FEFF}{\"a\": 1, \"b\": \"x\"}\r\n\n{\"a\": 2\n[3]\n{\"b\": 1.0}\n{\"a\": 4}"
    let answers = try await withFile("rows.jsonl", text.utf8) { file in
      try await read(ReadJSONL(.init(file: file, columns: ["a"]), in: noModels))
    }
    #expect(answers.rows == [["a": 1, "b": "x"], ["a": 4]])
    #expect(answers.rejected.count == 3)
    #expect(
      answers.rejected[0]
        == "broken line: rows.jsonl, line 3, column 8: expected ',' or '}', found the end of the text")
    #expect(answers.rejected[1] == "not an object: rows.jsonl, line 4: expected an object, found a list")
    #expect(answers.rejected[2] == "missing column: rows.jsonl, line 5: no 'a'; found b")
  }

  @Test func invalidUTF8IsRejectedAndTheNextLineRead() async throws {
    let bytes = Array("{\"a\": \"".utf8) + [0xFF, 0xFE] + Array("\"}\n{\"a\": \"é\"}\n".utf8)
    let answers = try await withFile("rows.jsonl", bytes) { file in
      try await read(ReadJSONL(.init(file: file), in: noModels))
    }
    #expect(
      answers
        == ReaderAnswers(
          rows: [["a": "é"]], rejected: ["invalid UTF-8: rows.jsonl, line 1: expected UTF-8 text"]))
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
          rejected: ["line too long: rows.jsonl, line 1: \(long) bytes, expected at most \(LineReader.limit)"]
        ))
  }

  @Test func anEmptyFileHasNoRows() async throws {
    let empty = try await withFile("rows.jsonl", "".utf8) { file in
      try await read(ReadJSONL(.init(file: file), in: noModels))
    }
    #expect(empty == ReaderAnswers())
  }

  @Test func linesCrossChunksAndLongOnesAreSkipped() async throws {
    try await withFile("text", "abc\nsixsix\n\nde".utf8) { file in
      for chunkSize in 1...8 {
        var reader = try LineReader(file, limit: 4, chunkSize: chunkSize)
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

  @Test func whatIsNoFileOfLinesSaysWhatItIs() async throws {
    func answers(_ bytes: [UInt8]) async throws -> ReaderAnswers {
      try await withFile("rows.jsonl", bytes) { try await read(ReadJSONL(.init(file: $0), in: noModels)) }
    }
    #expect(
      try await answers(Array("{\"a\":1}\r{\"a\":2}\r".utf8)) == ReaderAnswers(rows: [["a": 1], ["a": 2]]))
    #expect(
      try await answers(Array("[\n{\"a\":1},\n]".utf8)).rejected.first
        == "broken line: rows.jsonl, line 1, column 2: expected a JSON value, found the end of the text; a file that is one JSON list is read by read-json"
    )
    for (bytes, words) in [
      ([0x1F, 0x8B, 8, 0], "gzip; unpack it first, or let its name end in .gz"),
      ([0xFF, 0xFE, 0x7B, 0], "UTF-16; write it in UTF-8 first"),
      (Array("PAR1".utf8), "Parquet, which read-parquet reads"),
    ] as [([UInt8], String)] {
      let error = await #expect(throws: StageError.self) { try await answers(bytes) }
      #expect(error?.description.hasSuffix("rows.jsonl', found \(words)") == true)
      #expect(error?.description.hasPrefix("expected lines of text in UTF-8 in '") == true)
    }
  }

  @Test func aNameThatSQLCannotHoldDropsItsRow() async throws {
    let text = "{\"a\\u0000b\":1}\n{\"\":1,\"a\\nb\":2}\n{\"\u{E9}\":1,\"e\u{301}\":2}\n"
    let answers = try await withFile("rows.jsonl", text.utf8) {
      try await read(ReadJSONL(.init(file: $0), in: noModels))
    }
    #expect(answers.rows == [["": 1, "a\nb": 2]])
    #expect(
      answers.rejected == [
        "bad column name: rows.jsonl, line 1: expected names of columns without NUL, found \"a\\u0000b\"",
        "broken line: rows.jsonl, line 3, column 8: expected each key once, found 'e\u{301}' again, the same text in other code points (Unicode NFC and NFD)",
      ])
  }
}
