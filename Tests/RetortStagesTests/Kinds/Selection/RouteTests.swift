import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

@Suite struct RouteTests {
  private func routes(_ config: Route.Config, _ rows: [JSON]) async throws -> [JSON] {
    let stage = try Route(config, in: Bench.nowhere)
    var found: [JSON] = []
    for row in rows {
      switch try await stage.process(Columns(row.object ?? [:])) {
      case .emit(let outputs): found += outputs.map { .object($0.values) }
      case .drop(let reason, let detail): found.append([.string(reason), .string(detail)])
      case .samples: break
      }
    }
    return found
  }

  /// Solved without tools: leave it out; never solved with them: show it; between them: train on it.
  @Test func theRoutesOfDeepEyesV2() async throws {
    let config = Route.Config(
      cases: [
        .init(to: "drop", where: [.init(column: "c0", above: 2)]),
        .init(to: "cold_start", where: [.init(column: "ct", equals: 0)]),
      ], default: "rl")
    for golden in try GoldenSelection.cases("v2_route") {
      var row: JSON.Object = [:]
      row["c0"] = try await GoldenSelection.figures(golden["input"]?["without_tools"])["passes"]
      row["ct"] = try await GoldenSelection.figures(golden["input"]?["with_tools"])["passes"]
      let route = try await routes(config, [.object(row)]).first?["route"]
      #expect(.object(row.merging(["route": route ?? nil]) { $1 }) == golden["expected"])
    }
  }

  @Test func theFirstCaseThatHoldsCounts() async throws {
    let config = Route.Config(
      cases: [
        .init(to: "a", where: [.init(column: "x", above: 0), .init(column: "y", exists: true)]),
        .init(to: "b", where: [.init(column: "x", above: 0)]),
      ], column: "way")
    let rows: [JSON] = [["x": 1, "y": 1], ["x": 1], ["x": nil, "y": 1]]
    #expect(
      try await routes(config, rows) == [["way": "a"], ["way": "b"], ["no case", "none of a, b holds"]])
    #expect(
      try Route(config, in: Bench.nowhere).reads == [ColumnUse("x"), ColumnUse(sectionOn: "y")])
  }

  @Test func aCaseSaysWhereAndWhen() {
    for cases: [Route.Case] in [
      [], [.init(to: " ", where: [.init(column: "x", equals: 1)])], [.init(to: "a", where: [])],
      [.init(to: "a", where: [.init(column: "x", matches: "(")])],
    ] {
      #expect(throws: StageError.self) { try Route(.init(cases: cases), in: Bench.nowhere) }
    }
  }
}
