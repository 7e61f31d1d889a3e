import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport
import Synchronization
import Testing

@testable import RetortStages

@Suite struct ReadCSVTests {
  private func answers(
    _ bytes: some Sequence<UInt8>, delimiter: String? = nil, header: Bool? = nil, columns: [String]? = nil,
    nulls: Bool? = nil, encoding: String? = nil, defaults: Columns? = nil, types: [String: CellType]? = nil
  ) async throws -> ReaderAnswers {
    try await withFile("t.csv", bytes) { file in
      try await read(
        ReadCSV(
          .init(
            file: DataFiles(file), delimiter: delimiter, header: header, columns: columns, nulls: nulls,
            encoding: encoding, defaults: defaults, types: types), in: noModels))
    }
  }

  @Test func fieldsAreWhatRFC4180Says() async throws {
    let text = "\u{FEFF}a,\"b,\"\"x\"\"\",c\r\n1,\"two\r\nlines\",\n \"\",\"\",é\n\n,,\r\nx,y,\"z\""
    let found = try await answers(text.utf8)
    #expect(
      found.rows == [
        ["a": "1", "b,\"x\"": "two\r\nlines", "c": ""], ["a": "", "b,\"x\"": "", "c": ""],
        ["a": "x", "b,\"x\"": "y", "c": "z"],
      ])
    #expect(
      found.rejected == [
        "stray quote: t.csv, line 4: expected quotation marks around field 1, and its own doubled, found one in the middle"
      ])
  }

  @Test func chunksMakeNoDifference() async throws {
    let text = "\u{FEFF}a,\"b\"\r\n\"1\"\"\r\n\",2\r\n3,\"4\"\n\"5\"x,6\r7,8\n9,10\r"
    try await withFile("t.csv", text.utf8) { file in
      func records(_ size: Int) throws -> [String] {
        var records = try CSVRecords(file, delimiter: UInt8(ascii: ","), encoding: nil, chunkSize: size)
        var found: [String] = []
        while let record = try records.next() {
          found.append(
            "\(record.line) \(record.count) \(record.fields.map(\.text)) \(record.fault?.reason ?? "")")
        }
        return found
      }
      let whole = try records(1000)
      #expect(
        whole == [
          #"1 2 ["a", "b"] "#, #"2 2 ["1\"\r\n", "2"] "#, #"4 2 ["3", "4"] "#, "5 3 [] stray quote",
          #"6 2 ["9", "10"] "#,
        ])
      for size in 1...9 { #expect(try records(size) == whole, "\(size)") }
    }
  }

  @Test(arguments: [
    (
      "a,b\n1\n2,3\n4,5,6\n", ["ragged row: t.csv, line 2: expected 2 fields as there are columns, found 1"],
      1
    ),
    ("a,b\n1,2\n\"x,3\n4,5\n", ["unclosed quote: t.csv, line 3"], 1),
    ("a,b\n\"x\"y,3\n4,5\n", ["stray quote: t.csv, line 2: expected a delimiter after the closing"], 1),
    ("a,b\nx\ry,3\n4,5\n", ["stray carriage return: t.csv, line 2"], 1),
    ("a,b\nx\0y,3\n4,5\n", ["NUL in text: t.csv, line 2: expected text without NUL"], 1),
    ("a,b\n\"\n\n\",3,\n4,5\n", ["ragged row: t.csv, line 2"], 1),
    ("a\n\n\"\"\nx\n\n", [], 2), ("a,b\n", [], 0), ("", [], 0), ("\u{FEFF}", [], 0),
    ("a,b\r1,2\r\"3\r4\",5", [], 2),
  ])
  func aBrokenRecordIsNamedAndTheNextOneRead(text: String, rejected: [String], rows: Int) async throws {
    let found = try await answers(text.utf8)
    #expect(found.rows.count == rows)
    let unlike = zip(found.rejected, rejected).filter { !$0.hasPrefix($1) }.map(\.0)
    #expect(unlike == [])
    #expect(found.rejected.count >= rejected.count && found.rejected.isEmpty == rejected.isEmpty)
  }

  @Test func bytesOfAnotherEncodingAreABrokenRecord() async throws {
    let found = try await answers([0x61, 0x2C, 0x62, 0x0A, 0x78, 0x2C, 0xE9, 0x0A, 0x79, 0x2C, 0x7A])
    #expect(found.rows == [["a": "y", "b": "z"]])
    #expect(
      found.rejected == [
        "invalid UTF-8: t.csv, line 2: expected UTF-8 text in field 2; name another encoding with 'encoding:'"
      ])
  }

  @Test func otherEncodingsAreConvertedOrNamed() async throws {
    let units = Array("q\né\n𝄞\n".utf16)
    let wide = [0xFF, 0xFE] + units.flatMap { unit -> [UInt8] in [UInt8(unit & 0xFF), UInt8(unit >> 8)] }
    let expected = ReaderAnswers(rows: [["q": "é"], ["q": "𝄞"]])
    #expect(try await answers(wide, encoding: "utf-16") == expected)
    #expect(try await answers(wide, encoding: "UTF-16LE") == expected)
    #expect(try await answers([0x71, 0x0A, 0xE9, 0x0A], encoding: "windows-1252").rows == [["q": "é"]])
    #expect(try await answers([0x71, 0x0A, 0xB4, 0xF0, 0x0A], encoding: "gb18030").rows == [["q": "答"]])
    // Half a pair of surrogates is no text.
    let broken = try await answers(
      [0x71, 0, 0x0A, 0, 0x00, 0xD8, 0x0A, 0, 0x78, 0, 0x0A, 0], encoding: "utf-16le")
    #expect(broken.rejected.count == 1 && broken.rejected[0].hasPrefix("invalid UTF-8: t.csv, line 2"))
    let unnamed = await #expect(throws: StageError.self) { try await answers(wide) }
    #expect(
      unnamed?.description
        == "expected CSV in UTF-8 in 't.csv', found UTF-16; write it in UTF-8 first, or name it with 'encoding:'"
    )
    for name in ["klingon", "ascii//TRANSLIT", ""] {
      let unknown = await #expect(throws: StageError.self) { try await answers("q\n".utf8, encoding: name) }
      #expect(
        unknown?.description == "encoding: expected one of \(TextDecoder.help), found '\(name)'")
    }
  }

  @Test func theDelimiterAndTheNamesAreKeys() async throws {
    #expect(try await answers("a\tb\n1\t2,3\n".utf8, delimiter: "tab").rows == [["a": "1", "b": "2,3"]])
    #expect(
      try await answers("1;2\n".utf8, delimiter: ";", columns: ["a", "b"]).rows == [["a": "1", "b": "2"]])
    #expect(
      try await answers(",b\n1,2\n".utf8, header: true, columns: ["a", "c"]).rows == [["a": "1", "c": "2"]])
    for delimiter in ["", ";;", "\"", "\n", "é"] {
      await #expect(
        throws: StageError("delimiter: expected one character of ASCII, or 'tab', found '\(delimiter)'")
      ) {
        try await answers("a\n".utf8, delimiter: delimiter)
      }
    }
  }

  @Test(arguments: [
    (
      "a,,c\n",
      "t.csv, line 1: expected a name for each column, found none for column 2; 'columns:' with 'header: true' names them anew"
    ),
    (
      "\na,b,a\n",
      "t.csv, line 2: expected each name of a column once, found 'a' again; 'columns:' with 'header: true' names them anew"
    ),
    (
      "a\"b\n1\n",
      "t.csv, line 1: expected the names of columns: expected quotation marks around field 1, and its own doubled, found one in the middle"
    ),
  ])
  func aHeaderThatNamesNoColumnsIsAnError(text: String, message: String) async throws {
    await #expect(throws: StageError(message)) { try await answers(text.utf8) }
  }

  @Test func keysThatCannotHoldAreMistakes() async throws {
    for (header, columns, message) in [
      (false, nil, "columns: expected the names of the columns with 'header: false', found none"),
      (nil, ["a", "a"], "columns: expected a name for each column, each once, found 'a'"),
      (nil, [], "columns: expected at least one name, found none"),
      (true, ["a"], "columns: expected a name for each of the 2 columns of 't.csv', found 1"),
    ] as [(Bool?, [String]?, String)] {
      await #expect(throws: StageError(message)) {
        try await answers("x,y\n1,2\n".utf8, header: header, columns: columns)
      }
    }
    let error = await #expect(throws: StageError.self) {
      try await answers("x\n1\n".utf8, types: ["y": .text])
    }
    #expect(error?.description == "types: expected one of the columns (x), found 'y'")
  }

  @Test func valuesAreTextsUnlessTypesSaysOtherwise() async throws {
    let text = "n,t\n007,\n,\"\"\nx,y\n"
    #expect(
      try await answers(text.utf8).rows == [
        ["n": "007", "t": ""], ["n": "", "t": ""], ["n": "x", "t": "y"],
      ])
    let typed = try await answers(text.utf8, types: ["n": .integer])
    #expect(typed.rows == [["n": 7, "t": ""], ["n": nil, "t": ""]])
    #expect(typed.rejected == [#"cast failed: n: t.csv, line 4: expected an integer in 'n', found "x""#])
    #expect(
      try await answers(text.utf8, nulls: true, defaults: Columns(["n": "none", "t": "null"])).rows
        == [["n": "007", "t": "null"], ["n": "none", "t": ""], ["n": "x", "t": "y"]])
  }

  @Test func aRecordBeyondTheLimitIsNotHeld() async throws {
    let long = String(repeating: "x", count: CSVRecords.limit)
    let found = try await answers("a\n\(long)\n\(long)x\n\"\(long)\nx\"\ny\n".utf8)
    #expect(found.rows.map { $0["a"]?.string?.utf8.count } == [CSVRecords.limit, 1])
    #expect(
      found.rejected == [
        "record too long: t.csv, line 3: 16777217 bytes, expected at most 16777216; is a closing quotation mark missing?",
        "record too long: t.csv, line 4: 16777218 bytes, expected at most 16777216; is a closing quotation mark missing?",
      ])
  }

  @Test func aRecordThatSwallowedOthersIsToldOf() async throws {
    final class Said: Sendable { let words = Mutex<[String]>([]) }
    let said = Said()
    let workspace = Workspace(
      folder: URL(filePath: "/nonexistent"), models: ScriptedProvider(),
      say: { words in said.words.withLock { $0.append(words) } })
    let text = "a,b\n1,2\n3,\"x\n" + String(repeating: "5,6\n", count: 200)
    let answers = try await withFile("t.csv", text.utf8) { file in
      try await read(ReadCSV(.init(file: DataFiles(file)), in: workspace))
    }
    #expect(
      answers
        == ReaderAnswers(
          rows: [["a": "1", "b": "2"]],
          rejected: [
            "unclosed quote: t.csv, line 3: expected a closing quotation mark for the one in line 3, found the end of "
              + "the file: what is between, up to line 204, is lost"
          ]))
    #expect(
      said.words.withLock { $0 } == ["t.csv, line 3: unclosed quote; one record of 201 lines is dropped"])
  }

  @Test func theColumnsOfSeveralFilesAreTheSame() async throws {
    let folder = try Bench.folder()
    func file(_ name: String, _ text: String) throws -> DataFile {
      let url = folder.appending(path: name)
      try text.write(to: url, atomically: false, encoding: .utf8)
      return DataFile(path: name, url: url, digest: Digest(of: text))
    }
    let files = try [file("1.csv", "a,b\n1,2\n"), file("2.csv", "b,a\n3,4\n5\n"), file("3.csv", "")]
    let stage = try ReadCSV(.init(file: DataFiles(files)), in: noModels)
    #expect(stage.adds == ["a", "b"])
    #expect(
      try await read(stage)
        == ReaderAnswers(
          rows: [["a": "1", "b": "2"], ["b": "3", "a": "4"]],
          rejected: ["ragged row: 2.csv, line 3: expected 2 fields as there are columns, found 1"]))
    let others = try files + [file("4.csv", "a,c\n")]
    #expect(throws: StageError("file: expected the columns of '1.csv' (a, b) in '4.csv', found a, c")) {
      try ReadCSV(.init(file: DataFiles(others)), in: noModels)
    }
  }
}
