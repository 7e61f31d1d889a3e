import OrderedCollections
import RetortCore
import Testing

@testable import RetortStages

@Suite struct ParquetTypesTests {
  private func types(_ rows: [JSON]) async throws -> ParquetTypes {
    try ParquetTypes(try await RowSet<Columns>(rows.map { Row($0.object ?? [:]) }).shapes(of: nil))
  }

  @Test func eachColumnHasOneType() async throws {
    let found = try await types([
      [
        "t": "2024-01-01", "n": 1, "d": 1, "b": true, "nulls": nil, "l": [], "o": ["k": 1, "e": [:]],
        "s": [["x": 1]],
      ],
      [
        "t": "", "n": 2, "d": 0.5, "b": nil, "nulls": nil, "l": [nil], "o": ["k": nil, "\"q\"": "a"], "s": [],
      ],
    ])
    #expect(
      found.types.map { "\($0.name): \($0.type)" } == [
        "t: VARCHAR", "n: BIGINT", "d: DOUBLE", "b: BOOLEAN", "nulls: VARCHAR", "l: VARCHAR[]",
        #"o: STRUCT("k" BIGINT, "e" VARCHAR, """q""" VARCHAR)"#, #"s: STRUCT("x" BIGINT)[]"#,
      ])
    #expect(
      found.line(["n": 1, "d": 1, "o": ["e": [:]]])
        == #"{"t":null,"n":1,"d":1.0,"b":null,"nulls":null,"l":null,"o":{"k":null,"e":"{}","\"q\"":null},"s":null}"#
    )
  }

  @Test(
    arguments: [
      (["a": 1, "A": 2], "column 'A': expected names that differ in more than case"),
      (["": 1], "column '': expected a name, found none"),
      (["a": [["K": 1, "k": 2]]], "column 'a': key 'k': expected names that differ in more than case"),
      (
        ["a": ["": 2]],
        "column 'a': key '': expected a name, found none; write it as JSON text with 'as_json: [a]'"
      ),
    ] as [(JSON, String)]) func namesAreToBeTold(row: JSON, words: String) async throws
  {
    let error = await #expect(throws: StageError.self) { try await types([row]) }
    #expect(error?.description.hasPrefix(words) == true)
    #expect(error?.needsEdit == true)
  }
}
