import Foundation
import OrderedCollections
import Retort
import RetortTestSupport
import Testing

struct JoinTests {
  private func outcomes(_ config: Join.Config, _ rows: [JSON], with others: [JSON]) async throws -> [JSON] {
    let workspace = Workspace(
      folder: URL(filePath: "/"), models: ScriptedProvider(), sets: ["with": Bench.rows(others)])
    let stage = try Join(config, in: workspace)
    var out: [JSON] = []
    for row in rows {
      switch try await stage.process(Columns(row.object ?? [:])) {
      case .emit(let added): out += added.map { .object($0.values) }
      case .drop(let reason, let detail): out.append(.string("\(reason): \(detail)"))
      case .samples: Issue.record("sampled")
      }
    }
    return out
  }

  @Test func columnsThatTheRowLacksAreAddedForEachPartner() async throws {
    #expect(
      try await outcomes(
        .init(on: "id"), [["id": 1, "q": "x"], ["id": 2, "q": "y"]],
        with: [["id": 1, "q": "x", "a": "p"], ["id": 1, "b": "r"]])
        == [["a": "p"], ["b": "r"], "no partner: id is 2"])
  }

  @Test func namedColumnsAreAddedOrNull() async throws {
    #expect(
      try await outcomes(
        .init(on: "id", columns: ["a"], missing: .keep), [["id": 1], ["id": 2]],
        with: [["id": 1, "a": 5, "b": 6]])
        == [["a": 5], ["a": nil]])
  }

  @Test func keepingNeedsNames() {
    #expect(throws: StageError.self) { try Join(.init(on: "id", missing: .keep), in: Bench.nowhere) }
    #expect(throws: StageError.self) {
      try Join(.init(on: "id", columns: ["a", "a"]), in: Bench.nowhere)
    }
  }
}
