import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

struct CellRulesTests {
  /// What a value becomes; nil where it is none of the type.
  private func expect(_ type: CellType, _ pairs: [(JSON, JSON?)], _ place: SourceLocation = #_sourceLocation)
  {
    for (value, result) in pairs {
      #expect(type.cast(value) == result, "\(value.text)", sourceLocation: place)
    }
  }

  @Test func integers() {
    expect(
      .integer,
      [(7, 7), ("007", 7), (" 12 ", 12), ("+5", 5), ("-0", 0), ("1e3", 1000), ("12.0", 12), (3.0, 3)])
    expect(.integer, [(3.5, nil), ("3.5", nil), ("1,000", nil), ("0x10", nil), ("٣", nil), ("n/a", nil)])
    expect(.integer, [("9223372036854775808", nil), (1e300, nil), (true, nil), ([1], nil)])
    expect(.integer, [(.null, .null), ("", .null), (" \n", .null)])
  }

  @Test func numbers() {
    expect(
      .number, [(7, 7), (0.5, 0.5), ("0.5", 0.5), (".5", 0.5), ("5.", 5.0), ("-1E-2", -0.01), ("007", 7)])
    expect(.number, [("1e999", nil), ("nan", nil), ("inf", nil), ("1 2", nil), (false, nil), ("", .null)])
  }

  @Test func flags() {
    expect(.boolean, [(true, true), ("Yes", true), (" F ", false), ("0", false), (1, true), (0.0, false)])
    expect(.boolean, [(2, nil), ("maybe", nil), ("", .null)])
  }

  @Test func lists() {
    expect(
      .list,
      [(["a"], ["a"]), ("a, b ,,c", ["a", "b", "c"]), (#"["a", 1]"#, ["a", 1]), (5, [5]), ("{x}", ["{x}"])])
    expect(.list, [("[a", nil), (["k": 1], nil), ("", .null)])
  }

  @Test func texts() {
    expect(.text, [(" as it is ", " as it is "), ("", ""), (7, "7"), (0.5, "0.5"), (true, "true")])
    expect(.text, [(["a": [1]], #"{"a":[1]}"#), (.null, .null)])
  }

  private let config = (
    defaults: Columns(["lang": "en", "n": 0]),
    types: ["score": CellType.number, "n": .integer, "tags": .list]
  )

  private func read(_ text: String, columns: [String]? = nil) async throws -> ReaderAnswers {
    try await withFile("rows.jsonl", text.utf8) { file in
      try await RetortTestSupport.read(
        ReadJSONL(
          .init(file: file, columns: columns, defaults: config.defaults, types: config.types), in: noModels))
    }
  }

  @Test func cellsAreReadAndFilled() async throws {
    let answers = try await read(
      """
      {"id": 1, "score": "0.5", "tags": "x,y", "lang": null}
      {"id": 2, "n": "", "lang": "de", "größe.x": "{{a}}"}
      {"id": 3, "score": "good"}
      {"id": 4, "n": "1.5"}
      """, columns: ["id", "lang"])
    #expect(
      answers.rows == [
        ["id": 1, "score": 0.5, "tags": ["x", "y"], "lang": "en", "n": 0],
        ["id": 2, "n": 0, "lang": "de", "größe.x": "{{a}}"],
      ])
    #expect(
      answers.rejected.map { $0.replacing(/: \S*rows\.jsonl/, with: ": rows.jsonl") } == [
        #"cast failed: score: rows.jsonl, line 3: expected a number in 'score', found "good""#,
        #"cast failed: n: rows.jsonl, line 4: expected an integer in 'n', found "1.5""#,
      ])
  }

  @Test func aListOfRecordsIsReadAlike() async throws {
    let answers = try await withFile("rows.json", #"[{"n": "3"}, {"n": "x"}]"#.utf8) { file in
      try await RetortTestSupport.read(ReadJSON(.init(file: file, types: ["n": .integer]), in: noModels))
    }
    #expect(answers.rows == [["n": 3]])
    #expect(answers.rejected.count == 1 && answers.rejected[0].hasPrefix("cast failed: n: "))
  }

  @Test func nodesAreReadAlike() async throws {
    let page = "<ul><li><b>7</b></li><li><i>none</i></li><li><b>x</b></li></ul>"
    let answers = try await withFile("page.html", page.utf8) { file in
      try await RetortTestSupport.read(
        ReadHTML(
          .init(
            file: file, select: "//li", columns: ["n": "b"], defaults: Columns(["n": -1]),
            types: ["n": .integer]),
          in: noModels))
    }
    #expect(answers.rows == [["n": 7], ["n": -1]])
    #expect(answers.rejected.count == 1 && answers.rejected[0].contains("row 2: expected an integer in 'n'"))
  }

  @Test(
    arguments: [
      (
        Columns(["n": "x"]), ["n": CellType.integer],
        "defaults: expected an integer for 'n', as types: says, found \"x\""
      ),
      (Columns(["m": 1]), [:], "defaults: expected one of the columns (n), found 'm'"),
      (Columns(), ["name": .text], "types: expected one of the columns (n), found 'name'"),
    ] as [(Columns, [String: CellType], String)])
  func rulesThatCannotHoldAreMistakes(defaults: Columns, types: [String: CellType], message: String) {
    let error = #expect(throws: StageError.self) {
      try CellRules(defaults: defaults, types: types, known: ["n"])
    }
    #expect(error?.description == message)
  }
}
