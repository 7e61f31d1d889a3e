import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

/// The kind; what `retort gc` collects is tested beside the store.
struct CollectKindTests {
  private let rows: [JSON] = [
    ["q": 1, "tag": "b", "score": 2], ["q": "x", "tag": "a"], ["q": 1.0, "tag": "a", "score": 3],
    ["tag": "c", "score": 1], ["q": 1, "score": 9], ["q": nil, "tag": "d", "score": 0],
  ]

  private func made(_ config: Collect.Config) async throws -> [SetAnswer] {
    try await Bench.answers(of: Collect(config, in: Bench.nowhere), to: rows)
  }

  @Test func valuesOfAColumnBecomeAList() async throws {
    #expect(
      try await made(.init(by: ["q"], column: "tag")) == [
        .make(["q": 1, "tag": ["b", "a", nil]], members: [0, 2, 4]),
        .make(["q": "x", "tag": ["a"]], members: [1]),
        .make(["q": nil, "tag": ["c", "d"]], members: [3, 5]),
      ])
  }

  @Test func orRowsDo() async throws {
    #expect(
      try await made(.init(by: ["q"], columns: ["tag"], orderBy: ["score"], descending: ["score"])) == [
        .make(["q": 1, "rows": [["tag": nil], ["tag": "a"], ["tag": "b"]]], members: [0, 2, 4]),
        .make(["q": "x", "rows": [["tag": "a"]]], members: [1]),
        .make(["q": nil, "rows": [["tag": "c"], ["tag": "d"]]], members: [3, 5]),
      ])
    #expect(
      try await made(.init(by: ["q", "tag"])).first
        == .make(["q": 1, "tag": "b", "rows": [["score": 2]]], members: [0]))
  }

  @Test func withoutColumnsAllRowsAreOneGroup() async throws {
    #expect(
      try await made(.init(column: "score", orderBy: ["score"]))
        == [.make(["score": [0, 1, 2, 3, 9, nil]], members: [0, 1, 2, 3, 4, 5])])
    #expect(try await Bench.answers(of: Collect(.init(), in: Bench.nowhere), to: []) == [])
  }

  @Test(
    arguments: [
      (.init(column: "a", columns: ["b"]), "expected either column: or columns:, found both"),
      (.init(by: ["a"], column: "a"), "by: expected other columns than 'a', which is the list, found that"),
      (.init(by: ["rows"]), "by: expected other columns than 'rows', which is the list, found that"),
      (.init(by: []), "by: expected at least one column, found none"),
      (.init(columns: ["a", "a"]), "columns: expected each column once, found a, a"),
      (.init(descending: ["a"]), "descending: expected order_by: beside it, found none"),
    ] as [(Collect.Config, String)])
  func whatSaysTwoThingsIsAMistake(config: Collect.Config, says: String) {
    let error = #expect(throws: StageError.self) { try Collect(config, in: Bench.nowhere) }
    #expect(error?.description == says)
  }
}
