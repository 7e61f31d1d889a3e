import Foundation
import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

@Suite struct WeightImportanceTests {
  private static func row(_ group: String, _ now: JSON, _ then: JSON, _ advantage: JSON = 1.2) -> JSON {
    ["group": .string(group), "logprobs": now, "behaviour_logprobs": then, "advantage": advantage]
  }

  @Test func weighsRowsAndJudgesBatches() async throws {
    let rows = [
      Self.row("a", [-1.0, -0.9, -0.4], [-1.1, -1.2, -0.5]), Self.row("b", [-40, -1], [-1, -1], -0.8),
      Self.row("a", [-1.0, -0.9, -0.4], [-1.1, -1.2, -0.5], -0.8), Self.row("b", [-1], [-1]),
    ]
    let answers = try await GroupAnswers(WeightImportance(.init(), in: Bench.nowhere), rows)
    #expect(abs((answers.column("vespo_weight")[0] ?? 0) - 0.38822748) < 1e-6)
    #expect(abs((answers.column("vespo_weight")[2] ?? 0) - 1.22453044) < 1e-6)
    #expect(abs((answers.column("log_ratio")[0] ?? 0) - 0.5) < 1e-12)
    #expect(abs((answers.column("ratio")[0] ?? 0) - 1.64872127) < 1e-6)
    #expect(answers.column("log_ratio")[1] == -20)
    #expect(answers.column("vespo_clamped") == [0: 0, 1: 0.5, 2: 0, 3: 0.5])
    #expect(answers.kept[0]?["vespo_staleness"] == "fresh")
    #expect(abs((answers.column("vespo_ess")[0] ?? 0) - 2) < 1e-12)
    let whole = try await GroupAnswers(WeightImportance(.init(batch: "set"), in: Bench.nowhere), rows)
    #expect(Set(whole.column("vespo_clamped").values) == [0.25])
    let twos = try await GroupAnswers(WeightImportance(.init(batch: 2), in: Bench.nowhere), rows)
    #expect(twos.column("vespo_clamped") == [0: 0.5, 1: 0.5, 2: 0, 3: 0])
    #expect(throws: StageError.self) { try WeightImportance(.init(batch: 0), in: Bench.nowhere) }
  }

  /// A server that sampled a response has the token that ended it; one that reads its text has not.
  @Test func aResponseThatEndedByItselfIsComparedWithoutItsEnd() async throws {
    func row(_ reason: JSON?, _ then: JSON, mask: JSON? = nil) -> JSON {
      var row = Self.row("a", [-1.0, -0.9], then).object ?? [:]
      row["finish_reason"] = reason
      row["mask"] = mask
      return .object(row)
    }
    let rows = [
      row("stop", [-1.1, -1.2, -0.5]), row("length", [-1.1, -1.2]), row("length", [-1.1, -1.2, -0.5]),
      row("", [-1.1, -1.2, -0.5]), row(nil, [-1.1, -1.2, -0.5]), row("stop", [-1.1, -1.2, -0.5, -0.1]),
      row("stop", [-1.1, -1.2, -0.5], mask: [1, 0, 1]), row("stop", [-1.1, -1.2, -0.5], mask: [1, 0]),
    ]
    let answers = try await GroupAnswers(WeightImportance(.init(alignEnd: true), in: Bench.nowhere), rows)
    let differ = "logprobs differ in length"
    #expect(answers.dropped == [2: differ, 3: differ, 4: differ, 5: differ])
    #expect(answers.column("vespo_tokens") == [0: 2, 1: 2, 6: 2, 7: 2])
    for (index, ratio) in [0: 0.4, 1: 0.4, 6: 0.1, 7: 0.1] {
      #expect(abs((answers.column("log_ratio")[index] ?? 0) - ratio) < 1e-12)
    }
    let plain = try await GroupAnswers(WeightImportance(.init(), in: Bench.nowhere), rows)
    #expect(plain.kept.keys.sorted() == [1])
    #expect(plain.kept[1]?["vespo_tokens"] == nil)
  }

  @Test func namesWhatItCannotWeigh() async throws {
    let rows = [
      Self.row("a", [-1], [-1, -2]), Self.row("a", [], []), Self.row("a", nil, [-1]),
      Self.row("a", [nil], [-1]), Self.row("a", [.double(-.infinity)], [-1]), Self.row("a", [0.5], [-1]),
      Self.row("a", [-1], [-1], nil),
      ["logprobs": [-1], "behaviour_logprobs": [-1], "advantage": 1, "mask": [1, 1]],
    ]
    let answers = try await GroupAnswers(WeightImportance(.init(), in: Bench.nowhere), rows)
    #expect(
      rows.indices.map { answers.dropped[$0] } == [
        "logprobs differ in length", "no logprobs", "no logprobs", "bad logprobs", "bad logprobs",
        "bad logprobs", "bad advantage", "bad mask",
      ])
  }

  @Test func kernelsMasksAndTruncatedWeights() async throws {
    func answers(_ change: (inout WeightImportance.Config) -> Void, _ row: JSON) async throws -> JSON.Object?
    {
      var config = WeightImportance.Config()
      change(&config)
      let stage = try WeightImportance(config, in: Bench.nowhere)
      let kept = try await GroupAnswers(stage, [row]).kept[0]
      if let kept { #expect(Array(kept.keys) == stage.adds) }
      return kept
    }
    var row = Self.row("a", [-1.0, -0.9, -0.4], [-1.1, -1.2, -0.5]).object ?? [:]
    func weight(_ change: (inout WeightImportance.Config) -> Void = { _ in }) async throws -> Double {
      try await answers(change, .object(row))?["vespo_weight"]?.number ?? .nan
    }
    #expect(
      abs(
        try await weight {
          $0.kPositive = 1.5
          $0.lambdaPositive = 2.5
          $0.kNegative = 4
          $0.lambdaNegative = 1
        } - 0.418196786245) < 1e-9)
    row["mask"] = [1.0, 0.0, 1.0]
    #expect(
      abs(
        try await weight {
          $0.kPositive = 1
          $0.lambdaPositive = 1
        } - 0.978824655552) < 1e-9)
    for mask in [[1.0, 0.5, 1.0], [true], ["1", 1, 1]] as [JSON] {
      row["mask"] = mask
      #expect(try await weight().isNaN)
    }
    row["mask"] = [1, 1, 1]
    row["given"] = [0.5, 1, 2]
    #expect(abs(try await weight { $0.truncated = "given" } - 0.388227484037) < 1e-9)
    row["given"] = [0.5, 1]
    #expect(try await weight { $0.truncated = "given" }.isNaN)
    row["engine"] = [-1.8, -1.2, -0.4]
    let cut = try await answers({ $0.sampler = "engine" }, .object(row))
    let weights = cut?["truncated_weights"]?.numbers ?? []
    #expect(weights.count == 3 && weights[0] == 2 && weights[1] == 1)
    #expect(abs(weights[2] - exp(-0.1)) < 1e-12)
    #expect(abs((cut?["log_ratio"]?.number ?? 0) - (0.5 + log(2) - 0.1)) < 1e-12)
    for change in [
      { $0.cap = 2 }, { $0.currentStep = 1 }, { $0.kPositive = -1 },
      {
        $0.sampler = "a"
        $0.truncated = "b"
      },
      {
        $0.sampler = "a"
        $0.cap = 0
      },
    ] as [(inout WeightImportance.Config) -> Void] {
      var config = WeightImportance.Config()
      change(&config)
      #expect(throws: StageError.self) { try WeightImportance(config, in: Bench.nowhere) }
    }
  }

  @Test func lagAndVerdictWhereKeysAskForThem() async throws {
    func row(_ step: JSON) -> JSON {
      ["group": "a", "logprobs": [-1], "behaviour_logprobs": [-1], "advantage": 1, "at": step]
    }
    let rows = [row(0), row(4), row(16.0), row(1.5), row(nil), row(-1)]
    var config = WeightImportance.Config()
    config.policyStep = "at"
    config.essVerdict = true
    let newest = try await GroupAnswers(WeightImportance(config, in: Bench.nowhere), rows)
    #expect(newest.column("policy_lag") == [0: 16, 1: 12, 2: 0])
    #expect(newest.kept[0]?["vespo_ess_verdict"] == "ample")
    #expect(newest.kept[0]?["vespo_staleness"] == "fresh")
    #expect((3...5).map { newest.dropped[$0] } == Array(repeating: "bad policy step", count: 3))
    config.currentStep = 10
    let told = try await GroupAnswers(WeightImportance(config, in: Bench.nowhere), rows)
    #expect(told.column("policy_lag") == [0: 10, 1: 6])
    #expect(told.dropped[2] == "bad policy step")
    #expect(VESPO.Staleness.allCases.map(VESPO.Worth.init) == VESPO.Worth.allCases)
  }
}
