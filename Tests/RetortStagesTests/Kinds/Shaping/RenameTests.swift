import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

struct RenameTests {
  @Test func columnsGoOnUnderOtherNames() async throws {
    let stage = try Rename(.init(columns: ["a": "b", "b": "a"]), in: Bench.nowhere)
    #expect(stage.reads == [ColumnUse("a"), ColumnUse("b")])
    #expect(stage.adds == [])
    #expect(["a", "b", "c"].map(stage.passed.name) == ["b", "a", "c"])
    #expect(
      try await Bench.fates(of: stage, for: [["a": 1, "b": nil], ["b": 1], ["a": 1]])
        == ["kept", "missing column: a", "missing column: b"])
  }

  @Test func aRowMayLackAColumnWhereTheFileSaysSo() async throws {
    let stage = try Rename(.init(columns: ["a": "b"], missing: .keep), in: Bench.nowhere)
    #expect(stage.reads == [ColumnUse(sectionOn: "a")])
    #expect(try await Bench.fates(of: stage, for: [["c": 1]]) == ["kept"])
  }

  @Test(
    arguments: [
      ([:], "columns: expected at least one column, found none"),
      (["a": "a"], "columns: expected another name for 'a', found the same"),
      (["a": ""], "columns: expected a name for 'a', found an empty one"),
      (["a": "c", "b": "c"], "columns: expected each new name once, found 'c' for 'a' and for 'b'"),
    ] as [([String: String], String)])
  func namesThatAreNoneAreMistakes(columns: [String: String], says: String) {
    let error = #expect(throws: StageError.self) { try Rename(.init(columns: columns), in: Bench.nowhere) }
    #expect(error?.description == says)
  }
}
