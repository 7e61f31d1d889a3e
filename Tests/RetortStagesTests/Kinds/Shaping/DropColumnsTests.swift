import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

struct DropColumnsTests {
  @Test func columnsEndHere() async throws {
    let stage = try DropColumns(.init(columns: ["a", "b"]), in: Bench.nowhere)
    #expect(stage.reads == [ColumnUse(sectionOn: "a"), ColumnUse(sectionOn: "b")])
    #expect(["a", "b", "c"].map(stage.passed.name) == [nil, nil, "c"])
    #expect(try await Bench.fates(of: stage, for: [["a": 1], ["c": 1]]) == ["kept", "kept"])
  }

  @Test func orAllOthersDo() async throws {
    let stage = try DropColumns(.init(keep: ["a", "b"]), in: Bench.nowhere)
    #expect(stage.reads == [ColumnUse("a"), ColumnUse("b")])
    #expect(["a", "b", "c"].map(stage.passed.name) == ["a", "b", nil])
    #expect(
      try await Bench.fates(of: stage, for: [["a": 1, "b": nil, "c": 2], ["a": 1, "c": 2]])
        == ["kept", "missing column: b"])
  }

  @Test(
    arguments: [
      (.init(), "expected either columns: or keep:, found neither"),
      (.init(columns: ["a"], keep: ["a"]), "expected either columns: or keep:, found both"),
      (.init(columns: []), "columns: expected at least one column, found none"),
      (.init(keep: ["a", "a"]), "keep: expected each column once, found a, a"),
    ] as [(DropColumns.Config, String)])
  func oneListOfColumnsIsNeeded(config: DropColumns.Config, says: String) {
    let error = #expect(throws: StageError.self) { try DropColumns(config, in: Bench.nowhere) }
    #expect(error?.description == says)
  }
}
