import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

struct ExplodeTests {
  private func rows(_ value: JSON?, _ missing: Explode.Missing? = nil) async throws -> Outcome<Columns> {
    let row: JSON.Object = value.map { ["l": $0] } ?? [:]
    return try await Explode(.init(column: "l", missing: missing), in: Bench.nowhere).process(Columns(row))
  }

  @Test func eachElementIsARowWithItsPosition() async throws {
    let stage = try Explode(.init(column: "l"), in: Bench.nowhere)
    #expect(stage.adds == ["l", "position"])
    #expect(stage.passed == .changing(["l"]))
    #expect(
      try await rows(["a", nil, ["b"]])
        == .emit([
          Columns(["l": "a", "position": 0]), Columns(["l": nil, "position": 1]),
          Columns(["l": ["b"], "position": 2]),
        ]))
  }

  @Test func whatIsNoListIsCountedOrKept() async throws {
    for (value, reason, detail, kept) in [
      ([], "empty list: l", "", nil), ("a, b", "not a list: l", "l is a string", "a, b"),
      (nil, "not a list: l", "l is null", nil), (["a": 1], "not a list: l", "l is an object", ["a": 1]),
    ] as [(JSON, String, String, JSON)] {
      #expect(try await rows(value) == .drop(reason: reason, detail: detail))
      #expect(try await rows(value, .keep) == .emit([Columns(["l": kept, "position": nil])]))
    }
    #expect(try await rows(nil) == .drop(reason: "not a list: l", detail: "l is null"))
  }

  @Test func thePositionHasItsOwnColumn() {
    #expect(throws: StageError.self) { try Explode(.init(column: "position"), in: Bench.nowhere) }
  }
}
