import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

/// Values computed independently.
enum GoldenSelection {
  static func cases(_ name: String) throws -> [JSON] {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "../../../golden-selection.json")
    let list = try JSON(parsing: String(contentsOf: file, encoding: .utf8))[name]?.array ?? []
    try #require(!list.isEmpty, "\(name)")
    return list
  }

  /// The figures of one group of verdicts, as `pass-rate` adds them.
  static func figures(_ verdicts: JSON?) async throws -> JSON.Object {
    let rows = try #require(verdicts?.array).map { verdict -> JSON in ["group": "r_1", "correct": verdict] }
    let answers = try await Bench.answers(of: PassRate(.init(rows: .first), in: Bench.nowhere), to: rows)
    guard case .keep(0, let figures) = answers.first else { return [:] }
    return figures
  }
}

@Suite struct PassRateTests {
  @Test func theSelectionOfDeepEyes() async throws {
    let filter = try Filter(
      .init(where: [.init(column: "pass_rate", above: 0, below: 1)]), in: Bench.nowhere)
    for golden in try GoldenSelection.cases("selection") where golden["input"]?["verdicts"] != nil {
      let figures = try await GoldenSelection.figures(golden["input"]?["verdicts"])
      let kept = try await Bench.fates(of: filter, for: [.object(figures)]) == ["kept"]
      #expect(
        [
          "passed": figures["passes"] ?? nil, "unreadable": figures["unreadable"] ?? nil,
          "pass_rate": figures["pass_rate"] ?? nil, "deepeyes_keep": .bool(kept),
        ] == golden["expected"])
    }
  }

  /// What the tool helps is wrong without it and right with its gold answer.
  @Test func theBenefitOfATool() async throws {
    let filter = try Filter(
      .init(where: [
        .init(column: "no_tool_right", equals: false), .init(column: "gold_crop_right", equals: true),
      ]), in: Bench.nowhere)
    for golden in try GoldenSelection.cases("selection") where golden["input"]?["verdicts"] == nil {
      let fate = try await Bench.fates(of: filter, for: [golden["input"] ?? nil])
      #expect(golden["expected"] == ["tool_benefit": .bool(fate == ["kept"])])
    }
  }

  private let rows: [JSON] = [
    ["group": "a", "correct": true, "reward": 0.5], ["group": "b", "correct": 1, "reward": true],
    ["group": "a", "correct": false, "reward": 0.49], ["correct": 0.5, "reward": "high"],
    ["group": "b", "correct": "yes", "reward": nil],
  ]

  private func figures(_ passes: Int64, _ n: Int64, _ unreadable: Int64, _ rate: Double) -> JSON.Object {
    ["passes": .int(passes), "n": .int(n), "unreadable": .int(unreadable), "pass_rate": .double(rate)]
  }

  @Test func everyRowHasTheFiguresOfItsGroup() async throws {
    let answers = try await Bench.answers(of: PassRate(.init(), in: Bench.nowhere), to: rows)
    #expect(
      answers == [
        .keep(0, figures(1, 2, 0, 0.5)), .keep(2, figures(1, 2, 0, 0.5)), .keep(1, figures(1, 2, 1, 0.5)),
        .keep(4, figures(1, 2, 1, 0.5)), .keep(3, figures(0, 1, 1, 0)),
      ])
  }

  @Test func aRewardPassesByItsLeast() async throws {
    let stage = try PassRate(.init(by: [], passed: "reward", min: 0.5, rows: .first), in: Bench.nowhere)
    #expect(
      try await Bench.answers(of: stage, to: rows)
        == [.keep(0, figures(2, 5, 2, 0.4))] + (1...4).map { .consume($0) })
    #expect(try await Bench.answers(of: stage, to: []) == [])
  }

  @Test func keysAreChecked() {
    for config in [PassRate.Config(by: ["a", "a"]), .init(min: .nan)] {
      #expect(throws: StageError.self) { try PassRate(config, in: Bench.nowhere) }
    }
  }
}
