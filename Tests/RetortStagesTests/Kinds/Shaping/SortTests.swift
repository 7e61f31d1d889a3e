import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

struct SortTests {
  /// The values of `x` in the new order; of equal ones, with what tells them apart.
  private func sorted(_ values: [JSON], descending: Bool = false) async throws -> [JSON] {
    let stage = try Sort(.init(by: ["x"], descending: descending ? ["x"] : nil), in: Bench.nowhere)
    let answers = try await Bench.answers(of: stage, to: values.map { ["x": $0] })
    return answers.compactMap { if case .keep(let ordinal, [:]) = $0 { values[ordinal] } else { nil } }
  }

  @Test func valuesAreComparedByTheirKind() async throws {
    let values: [JSON] = [
      "b", nil, 10, ["k": 1], "a", 9.5, [2], true, "ä", "B", -1, [1, 5], false, 9_007_199_254_740_993,
      9_007_199_254_740_992, "", nil,
    ]
    let ascending: [JSON] = [
      false, true, -1, 9.5, 10, 9_007_199_254_740_992, 9_007_199_254_740_993, "", "B", "a", "b", "ä", [1, 5],
      [2],
      ["k": 1],
    ]
    #expect(try await sorted(values) == ascending + [nil, nil])
    #expect(try await sorted(values, descending: true) == ascending.reversed() + [nil, nil])
  }

  @Test func laterColumnsDecideAndEqualRowsStay() async throws {
    let rows: [JSON] = [
      ["a": 1, "b": "x", "n": 0], ["a": 2, "b": "x", "n": 1], ["a": 1, "b": "y", "n": 2],
      ["a": 1.0, "b": "x", "n": 3],
      ["b": "z", "n": 4], ["a": 2, "n": 5], ["a": 2, "b": "x", "n": 6],
    ]
    let stage = try Sort(.init(by: ["a", "b"], descending: ["a"]), in: Bench.nowhere)
    let order = try await Bench.answers(of: stage, to: rows).map { answer -> Int in
      if case .keep(let ordinal, [:]) = answer { ordinal } else { -1 }
    }
    #expect(order == [1, 6, 5, 0, 3, 2, 4])
  }

  @Test func columnsAreNamedOnce() {
    for (config, says) in [
      (.init(by: []), "by: expected at least one column, found none"),
      (.init(by: ["a", "a"]), "by: expected each column once, found a, a"),
      (
        .init(by: ["score"], descending: ["scor"]),
        "descending: expected columns of by: (score), found 'scor' (did you mean 'score'?)"
      ),
    ] as [(Sort.Config, String)] {
      let error = #expect(throws: StageError.self) { try Sort(config, in: Bench.nowhere) }
      #expect(error?.description == says)
    }
  }
}
