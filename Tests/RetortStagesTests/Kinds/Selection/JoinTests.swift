import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

struct JoinTests {
  private func answers(
    _ config: Join.Config, _ rows: [JSON], with others: [JSON]
  ) async throws -> [SetAnswer] {
    let workspace = Workspace(
      folder: URL(filePath: "/"), models: ScriptedProvider(), sets: ["with": Bench.rows(others)])
    return try await Bench.answers(of: Join(config, in: workspace), to: rows)
  }

  @Test func columnsThatTheRowLacksAreAddedForEachPartner() async throws {
    #expect(
      try await answers(
        .init(on: "id"), [["id": 1, "q": "x"], ["id": 2, "q": "y"]],
        with: [["id": 1, "q": "x", "a": "p"], ["id": 1, "b": "r"]])
        == [
          .fan(0, [.init(["a": "p"]), .init(["b": "r"])]),
          .drop(1, reason: "no partner", detail: "id is 2"),
        ])
  }

  @Test func namedColumnsAreAddedOrNull() async throws {
    #expect(
      try await answers(
        .init(on: "id", columns: ["a"], missing: .keep), [["id": 1], ["id": 2]],
        with: [["id": 1, "a": 5, "b": 6]])
        == [.fan(0, [.init(["a": 5])]), .keep(1, ["a": nil])])
  }

  @Test func branchesOfOneRowMeetAgain() async throws {
    let workspace = Workspace(
      folder: URL(filePath: "/"), models: ScriptedProvider(), branches: 2, isGrouped: true)
    let stage = try Join(.init(), in: workspace)
    #expect(stage.adds == nil)
    let rows: [JSON] = [["q": 1, "a": 1], ["q": 1, "b": 2], ["q": 1, "a": 3], ["q": 1, "b": 4]]
    #expect(
      try await Bench.answers(of: stage, to: rows, branches: [0, 1, 0, 1]) == [
        .fan(0, [.init(["b": 2], partner: 1), .init(["b": 4], partner: 3)]),
        .fan(2, [.init(["b": 2], partner: 1), .init(["b": 4], partner: 3)]),
        .consume(1), .consume(3),
      ])
    let alone = SetAnswer.drop(0, reason: "no partner", detail: "none descends from the same row")
    #expect(try await Bench.answers(of: stage, to: [["a": 1]], branches: [0]) == [alone])
    #expect(try await Bench.answers(of: stage, to: [["b": 1]], branches: [1]) == [alone])
  }

  @Test func refusesWhatCannotBeJoined() {
    let with = Workspace(
      folder: URL(filePath: "/"), models: ScriptedProvider(), sets: ["with": Bench.rows([])])
    let union = Workspace(folder: URL(filePath: "/"), models: ScriptedProvider(), branches: 2)
    func refusal(_ config: Join.Config, _ workspace: Workspace) -> String? {
      do { _ = try Join(config, in: workspace) } catch { return "\(error)" }
      return nil
    }
    #expect(
      refusal(.init(on: "id", missing: .keep), with)
        == "missing: keep needs columns:, the names to add as null")
    #expect(
      refusal(.init(on: "id", columns: ["a", "a"]), with)
        == "columns: expected each name once, found a, a")
    #expect(
      refusal(.init(on: "id"), Bench.nowhere)
        == "expected rows to join: a stage under using.with, or two stages under from:, found neither")
    let needsKey = "expected 'on', or two stages under from: and the stage under per: that both descend from"
    #expect(refusal(.init(), with) == needsKey)
    #expect(refusal(.init(), union) == needsKey)
    #expect(refusal(.init(on: "id"), union) == nil)
  }
}
