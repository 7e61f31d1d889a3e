import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

struct CountTests {
  private func made(_ by: [String]?, _ rows: [JSON]) async throws -> [SetAnswer] {
    try await Bench.answers(of: Count(.init(by: by), in: Bench.nowhere), to: rows)
  }

  @Test func eachCombinationIsARow() async throws {
    let rows: [JSON] = [
      ["a": "x", "b": 1], ["a": "y", "b": 1], ["a": "x", "b": 1.0], ["a": "x", "b": "1"],
      ["b": nil, "a": "x"],
      ["a": "x"], ["a": ["k": 1, "l": 2]], ["a": ["l": 2, "k": 1]],
    ]
    #expect(
      try await made(["a", "b"], rows) == [
        .make(["a": "x", "b": 1, "count": 2, "share": 0.25], members: [0, 2]),
        .make(["a": "y", "b": 1, "count": 1, "share": 0.125], members: [1]),
        .make(["a": "x", "b": "1", "count": 1, "share": 0.125], members: [3]),
        .make(["a": "x", "b": nil, "count": 2, "share": 0.25], members: [4, 5]),
        .make(["a": ["k": 1, "l": 2], "b": nil, "count": 2, "share": 0.25], members: [6, 7]),
      ])
  }

  @Test func withoutColumnsAllAreCounted() async throws {
    #expect(try await made(nil, [["a": 1], [:]]) == [.make(["count": 2, "share": 1.0], members: [0, 1])])
    #expect(try await made(nil, []) == [])
  }

  @Test func itsOwnColumnsAreItsOwn() {
    for by in [[], ["a", "a"], ["share"]] {
      #expect(throws: StageError.self) { try Count(.init(by: by), in: Bench.nowhere) }
    }
  }
}
