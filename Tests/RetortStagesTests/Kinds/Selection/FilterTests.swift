import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

struct FilterTests {
  private func fates(_ condition: Filter.Condition, _ values: [JSON]) async throws -> [String] {
    try await Bench.fates(
      of: Filter(.init(where: [condition]), in: Bench.nowhere), for: values.map { ["x": $0] })
  }

  @Test func numbersAreBounded() async throws {
    #expect(
      try await fates(.init(column: "x", max: 2, above: 0), [0, 0.5, 2, 2.5, "1", nil])
        == ["x not > 0.0", "kept", "kept", "x not ≤ 2.0", "x is no number", "x not ≤ 2.0"])
  }

  private static let cast = "; `types:` of the reader or of a derive stage reads it as a "

  @Test(
    arguments: [
      (.init(column: "x", max: 3), "3", "x is no number", #""3""# + cast + "number"),
      (.init(column: "x", above: 3), [4], "x is no number", "[4]" + cast + "number"),
      (.init(column: "x", equals: 3), "3", "x not = 3", #"x is "3""# + cast + "number"),
      (.init(column: "x", oneOf: [3, 4]), " 3", "x not in [3,4]", #"x is " 3""# + cast + "number"),
      (.init(column: "x", equals: 3), "three", "x not = 3", #"x is "three""#),
      (.init(column: "x", matches: "^3$"), 3, "x not matches ^3$", "x is 3" + cast + "text"),
      (.init(column: "x", minItems: 1), "a, b", "x not of 1 items or more", #"x is "a, b""# + cast + "list"),
      (.init(column: "x", min: 3), nil, "x not ≥ 3.0", "x is null"),
    ] as [(Filter.Condition, JSON, String, String)])
  func aValueOfAnotherKindIsNamed(
    _ condition: Filter.Condition, _ value: JSON, _ reason: String, _ detail: String
  ) async throws {
    let stage = try Filter(.init(where: [condition]), in: Bench.nowhere)
    #expect(try await stage.process(Columns(["x": value])) == .drop(reason: reason, detail: detail))
  }

  @Test func valuesAreEqualAsData() async throws {
    #expect(try await fates(.init(column: "x", equals: 1), [1, 1.0, "1"]) == ["kept", "kept", "x not = 1"])
    #expect(
      try await fates(.init(column: "x", not: "a"), ["a", "b", nil]) == [
        #"x not ≠ "a""#, "kept", #"x not ≠ "a""#,
      ])
    #expect(
      try await fates(.init(column: "x", oneOf: ["a", 2]), ["a", 2, "c"]) == [
        "kept", "kept", #"x not in ["a",2]"#,
      ])
  }

  @Test func textsAndListsAreLookedInto() async throws {
    #expect(
      try await fates(.init(column: "x", matches: "^b+$"), ["bb", "abb", 1]) == [
        "kept", "x not matches ^b+$", "x not matches ^b+$",
      ])
    #expect(
      try await fates(.init(column: "x", minItems: 2), [[1, 2], [1]]) == ["kept", "x not of 2 items or more"])
  }

  @Test func anAbsentColumnMayBeAskedFor() async throws {
    let stage = try Filter(.init(where: [.init(column: "y", exists: false)]), in: Bench.nowhere)
    #expect(stage.reads == [ColumnUse(sectionOn: "y")])
    #expect(
      try await Bench.fates(of: stage, for: [["x": 1], ["y": nil], ["y": 0]]) == [
        "kept", "kept", "y not absent",
      ])
  }

  @Test func conditionsDecodeFromTheirKeys() throws {
    let config = try JSON(
      parsing: #"{"where":[{"column":"reward","above":0},{"column":"l","in":["a"],"min_items":3}]}"#
    )
    .decode(Filter.Config.self)
    #expect(
      config.where == [.init(column: "reward", above: 0), .init(column: "l", oneOf: ["a"], minItems: 3)])
  }

  @Test(arguments: [
    [], [Filter.Condition(column: "x")], [Filter.Condition(column: "x", matches: "(")],
  ])
  func conditionsThatSayNothingAreRefused(_ conditions: [Filter.Condition]) {
    #expect(throws: StageError.self) { try Filter(.init(where: conditions), in: Bench.nowhere) }
  }

  @Test(arguments: [
    ("^(\\w+\\s?)*$", String(repeating: "word ", count: 20) + "!", "more steps"),
    ("(a+)+b", String(repeating: "a", count: 64), "more steps"),
    ("(x|y)*$", String(repeating: "xy", count: 3_000_000), "more memory"),
  ])
  func aSearchThatIsGivenUpFailsItsRow(pattern: String, text: String, why: String) async throws {
    let stage = try Filter(.init(where: [.init(column: "t", matches: pattern)]), in: Bench.nowhere)
    let error = await #expect(throws: StageError.self) {
      try await stage.process(Columns(["t": .string(text)]))
    }
    #expect(
      error?.description.hasPrefix("t: expected '\(pattern)' to be found or not, found that it takes \(why)")
        == true, "\(error?.description ?? "")")
  }

  @Test func aLongTextIsSearchedToItsEnd() async throws {
    let stage = try Filter(.init(where: [.init(column: "t", matches: "a.c\\b")]), in: Bench.nowhere)
    let long = String(repeating: "word ", count: 100_000)
    #expect(
      try await Bench.fates(of: stage, for: [["t": .string(long + "abc")], ["t": .string(long)]])
        == ["kept", "t not matches a.c\\b"])
  }
}
