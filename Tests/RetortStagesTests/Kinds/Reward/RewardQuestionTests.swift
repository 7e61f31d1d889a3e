import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

/// Values computed independently.
enum GoldenSelfLearning {
  static func cases(_ name: String) throws -> [JSON] {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "../../../golden-self-learning.json")
    let list = try JSON(parsing: String(contentsOf: file, encoding: .utf8))[name]?.array ?? []
    try #require(!list.isEmpty, "\(name)")
    return list
  }

  static func isNear(_ left: JSON?, _ right: JSON?) -> Bool {
    guard let left = left?.number, let right = right?.number else { return left == right }
    return abs(left - right) <= 1e-9 * max(1, abs(right))
  }
}

@Suite struct RewardQuestionTests {
  private func outcome(_ config: RewardQuestion.Config, _ row: JSON) async throws -> Outcome<
    RewardQuestion.Output
  > {
    try await RewardQuestion(config, in: Bench.nowhere).process(Columns(row.object ?? [:]))
  }

  private func share(of verdicts: JSON?) async throws -> JSON? {
    try await GoldenSelection.figures(verdicts)["pass_rate"]
  }

  /// Through `pass-rate`, as in a pipeline.
  @Test func theRewardsOfThePaper() async throws {
    for golden in try GoldenSelfLearning.cases("asl_reward") {
      let (input, expected) = (try #require(golden["input"]), try #require(golden["expected"]))
      let rule = try #require(RewardQuestion.Rule(rawValue: input["rule"]?.string ?? ""))
      let checks = input["self_checks"]?.array
      let row: JSON = [
        "pass_rate": try await share(of: input["verdicts"]) ?? .null,
        "check": checks == nil ? .null : try await share(of: input["self_checks"]) ?? .null,
      ]
      let config = RewardQuestion.Config(rule: rule, check: checks == nil ? nil : "check")
      guard case .emit(let outputs) = try await outcome(config, row), let output = outputs.first else {
        Issue.record("\(golden.text)")
        continue
      }
      #expect(GoldenSelfLearning.isNear(row["pass_rate"], expected["pass_rate"]), "\(golden.text)")
      #expect(GoldenSelfLearning.isNear(.double(output.reward), expected["reward"]), "\(golden.text)")
      #expect(
        GoldenSelfLearning.isNear(.double(output.rewardDifficulty), expected["reward_before_gate"]),
        "\(golden.text)")
      #expect(.bool(output.accepted) == expected["accepted"], "\(golden.text)")
    }
  }

  /// Harder by a hop from a half on, else easier: `pass-rate` and `route`.
  @Test func theFeedbackOfThePaper() async throws {
    let route = try Route(
      .init(cases: [.init(to: "harder", where: [.init(column: "pass_rate", min: 0.5)])], default: "easier"),
      in: Bench.nowhere)
    for golden in try GoldenSelfLearning.cases("asl_feedback") {
      let figures = try await GoldenSelection.figures(golden["input"]?["scores"])
      #expect(GoldenSelfLearning.isNear(figures["pass_rate"], golden["expected"]?["accuracy"]))
      #expect(
        try await route.process(Columns(figures))
          == .emit([Columns(["route": golden["expected"]?["ask"] ?? .null])]), "\(golden.text)")
    }
  }

  @Test func whatIsNoShareIsDropped() async throws {
    for value: JSON in [nil, 1.5, -0.1, "0.5"] {
      guard case .drop("no share", _) = try await outcome(.init(), ["pass_rate": value]) else {
        Issue.record("\(value.text)")
        continue
      }
    }
    #expect(
      try await outcome(.init(check: "stood"), ["pass_rate": 0.5])
        == .drop(reason: "no share", detail: "stood: expected a number from 0 to 1, found nothing"))
  }

  @Test func aBoundNeedsACheck() throws {
    #expect(throws: StageError("least_check: expected check: with it, found none")) {
      try RewardQuestion(.init(leastCheck: 0.5), in: Bench.nowhere)
    }
    #expect(throws: StageError("least_check: expected 0 to 1, found 2.0")) {
      try RewardQuestion(.init(check: "stood", leastCheck: 2), in: Bench.nowhere)
    }
  }
}
