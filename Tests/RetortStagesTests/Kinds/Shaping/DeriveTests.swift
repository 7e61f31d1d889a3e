import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

struct DeriveTests {
  private func derived(_ config: Derive.Config, _ row: JSON) async throws -> Outcome<Columns> {
    try await Derive(config, in: Bench.nowhere).process(Columns(row.object ?? [:]))
  }

  @Test func columnsComeFromPlacesConstantsAndTemplatesInThisOrder() async throws {
    let config = Derive.Config(
      paths: ["source": "meta.source.0", "lang": "meta.lang"],
      constants: Columns(["split": "train", "n": 1]),
      templates: ["question": "{{title}}: {{source}} ({{n}})"])
    let stage = try Derive(config, in: Bench.nowhere)
    #expect(stage.adds == ["source", "lang", "split", "n", "question"])
    #expect(stage.passed == .all)
    #expect(
      try await derived(config, ["title": "A", "meta": ["source": ["web", "de"], "lang": ["x": 1]]])
        == .emit([
          Columns([
            "source": "web", "lang": ["x": 1], "split": "train", "n": 1, "question": "A: web (1)",
          ])
        ]))
  }

  @Test(
    arguments: [
      (["meta": ["source": []]], nil), (["meta": nil], nil), (["meta": "text"], nil), ([:], nil),
      (["meta": ["source": ["0": "field"]]], "field"), (["meta": ["source": [["deep"]]]], ["deep"]),
    ] as [(JSON, JSON)])
  func aPlaceThatIsNotThereIsNull(row: JSON, found: JSON) async throws {
    #expect(
      try await derived(.init(paths: ["s": "meta.source.0"]), row) == .emit([Columns(["s": found])]))
  }

  @Test func columnsAreCastAndFilledAsSoonAsTheyHaveTheirValues() async throws {
    let config = Derive.Config(
      paths: ["first": "tags.0"], templates: ["line": "{{age}} {{first}}", "twice": "{{n}}{{n}}"],
      defaults: Columns(["age": 0, "first": "none"]),
      types: ["age": .integer, "tags": .list, "twice": .integer])
    let stage = try Derive(config, in: Bench.nowhere)
    #expect(stage.adds == ["first", "line", "twice", "age"])
    #expect(stage.passed == .changing(["age", "tags"]))
    #expect(
      try await derived(config, ["age": " 07 ", "tags": "a, b", "n": 4])
        == .emit([Columns(["first": "a", "line": "7 a", "twice": 44, "age": 7, "tags": ["a", "b"]])]))
    #expect(
      try await derived(config, ["age": "", "tags": [], "n": 4])
        == .emit([Columns(["first": "none", "line": "0 none", "twice": 44, "age": 0, "tags": []])]))
    #expect(
      try await derived(config, ["n": 4])
        == .emit([Columns(["first": "none", "line": "0 none", "twice": 44, "age": 0])]))
    #expect(
      try await derived(config, ["age": "old", "n": 4])
        == .drop(reason: "cast failed: age", detail: #"expected an integer in 'age', found "old""#))
    #expect(
      try await derived(config, ["n": "x"])
        == .drop(reason: "cast failed: twice", detail: #"expected an integer in 'twice', found "xx""#))
  }

  @Test func aTextThatIsAnObjectIsLookedInto() async throws {
    let config = Derive.Config(paths: ["lang": "meta.lang"], types: ["meta": .object])
    #expect(
      try await derived(config, ["meta": #"{"lang": "de"}"#])
        == .emit([Columns(["lang": "de", "meta": ["lang": "de"]])]))
    #expect(
      try await derived(config, ["meta": "[1]"])
        == .drop(reason: "cast failed: meta", detail: #"expected an object in 'meta', found "[1]""#))
  }

  @Test func aTemplateWithoutAValueDropsItsRowOrIsFilled() async throws {
    let templates: NamedTexts = ["q": "{{title}}: {{meta.a}}"]
    for (row, missing, says) in [
      (["title": nil, "meta": ["a": 1]], "title", "expected a value for 'title', found null"),
      (["meta": ["a": 1]], "title", "expected one of 'meta', found 'title'"),
      (["title": "A", "meta": [:]], "meta.a", "expected a value for 'meta.a', found an object without 'a'"),
    ] as [(JSON, String, String)] {
      #expect(
        try await derived(.init(templates: templates), row)
          == .drop(reason: "no value: \(missing)", detail: "the template of 'q': \(says)"))
      #expect(
        try await derived(.init(templates: templates, defaults: Columns(["q": "?"])), row)
          == .emit([Columns(["q": "?"])]))
    }
    await #expect(throws: PromptError.self) {
      try await derived(
        .init(templates: ["q": "{{#l}}{{#l}}{{#l}}{{#l}}x{{/l}}{{/l}}{{/l}}{{/l}}"]),
        ["l": .array(Array(repeating: 1, count: 100))])
    }
  }

  @Test func itReadsWhatItDoesNotMake() throws {
    let stage = try Derive(
      .init(
        paths: ["a": "meta.0"], constants: Columns(["c": 1]),
        templates: ["q": "{{title}} {{a}} {{c}} {{d}}", "r": "{{rare}}"],
        defaults: Columns(["d": 0, "r": ""]), types: ["n": .number]), in: Bench.nowhere)
    #expect(
      stage.reads == [
        ColumnUse("title"), ColumnUse(sectionOn: "rare"), ColumnUse(sectionOn: "meta"),
        ColumnUse(sectionOn: "n"),
      ])
  }

  @Test(
    arguments: [
      (.init(), "expected at least one of paths:, constants:, templates:, defaults: and types:, found none"),
      (
        .init(paths: ["a": "x..y"]),
        "paths: expected names and positions between dots, as meta.source.0, found 'x..y'"
      ),
      (
        .init(constants: Columns(["a": 1]), templates: ["a": "x"]),
        "expected each new column under one of paths:, constants: and templates:, found 'a' under two of them"
      ),
      (
        .init(templates: ["a": "x {{"]),
        "templates: expected '}}' for this tag, found the end of the text (line 1, column 3 of the template)"
      ),
      (
        .init(constants: Columns(["a": 1]), defaults: Columns(["b": "x"]), types: ["b": .integer]),
        #"defaults: expected an integer for 'b', as types: says, found "x""#
      ),
    ] as [(Derive.Config, String)])
  func whatCannotBeDerivedIsAMistake(config: Derive.Config, says: String) {
    let error = #expect(throws: StageError.self) { try Derive(config, in: Bench.nowhere) }
    #expect(error?.description == says)
  }
}
