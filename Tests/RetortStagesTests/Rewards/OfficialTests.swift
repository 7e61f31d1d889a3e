import Foundation
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

/// The formulas beside values that were computed independently, most of them after the authors' code: the table of
/// docs/rewards.md. `tools/rewards` is held to the same file.
@Suite struct OfficialTests {
  private static func cases(_ name: String) throws -> [JSON] {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "../../golden-official.json")
    let list = try JSON(parsing: String(contentsOf: file, encoding: .utf8))[name]?.array ?? []
    try #require(!list.isEmpty, "\(name)")
    return list
  }

  /// To `tolerance` relative, or 1e-11 absolute; null is nil.
  private static func expect(
    _ found: [Double?], _ expected: JSON?, _ golden: JSON, tolerance: Double = 1e-9,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let expected = expected?.array?.map(\.number) ?? [expected?.number]
    #expect(found.count == expected.count, sourceLocation: sourceLocation)
    for (found, expected) in zip(found, expected) {
      let isEqual =
        switch (found, expected) {
        case (let found?, let expected?): abs(found - expected) <= max(1e-11, tolerance * abs(expected))
        case (nil, nil): true
        default: false
        }
      #expect(
        isEqual,
        "found \(String(describing: found)), not \(String(describing: expected)): \(golden["note"]?.string ?? "")",
        sourceLocation: sourceLocation)
    }
  }

  @Test func fuzzyComparisons() throws {
    for golden in try Self.cases("twyn_fuzzy") {
      let (input, expected) = (golden["input"], golden["expected"])
      let verdicts = input?["verdicts"]?.array ?? []
      let lengths = input?["reasoning_length"]?.numbers ?? []
      let malformed = input?["malformed"]?.numbers ?? []
      let scored = TWYN.fuzzy(
        verdicts: { i, k in
          let verdict = verdicts.first {
            $0.array?[0].number == Double(i) && $0.array?[1].number == Double(k)
          }
          return verdict?.array?[2] == "first" ? 1 : verdict?.array?[2] == "second" ? -1 : 0
        }, lengths: lengths, wellFormed: lengths.indices.map { !malformed.contains(Double($0)) },
        alpha: input?["alpha"]?.number ?? 0, beta: input?["beta"]?.number ?? 0)
      Self.expect(scored.scores, expected?["scores"], golden)
      Self.expect(scored.advantages, expected?["advantages"], golden)
    }
  }

  @Test func rewardsRelativeToAReferenceAndGroupsSetAside() throws {
    for golden in try Self.cases("gr3_reference") {
      let (input, expected) = (golden["input"], golden["expected"])
      let reference = input?["reference_score"]?.number ?? 0
      let rewards =
        input?["rewards"]?.numbers
        ?? (input?["scores"]?.numbers ?? []).map { GR3.relative($0, to: reference) }
      Self.expect(rewards, expected?["reward"], golden)
      for (norm, name) in [
        (AdvantageNorm.mean, "mean_only"), (.sampleStd, "sample_std"), (.populationStd, "population_std"),
      ] {
        let scored = GR3.score(
          rewards: rewards, lengths: input?["lengths"]?.numbers ?? [], alpha: input?["alpha"]?.number ?? 0,
          norm: norm)
        Self.expect(scored.rewards, expected?["rescaled"], golden)
        #expect(scored.allMax == expected?["set_aside"]?.bool)
        #expect(scored.condition == expected?["cond"]?.bool)
        Self.expect(scored.setAside.advantages, expected?[name], golden)
      }
    }
  }

  @Test func lossesOfPairsUpToDeviationsOfAHundred() throws {
    for golden in try Self.cases("purm_pairs") {
      let expected = golden["expected"]
      let (mean, sigma) = (expected?["mu_z"]?.number ?? 0, expected?["sigma_z"]?.number ?? 0)
      let stated = PairLikelihood(mean, sigma)
      Self.expect([-stated.logWin], expected?["loss_stated"], golden, tolerance: 1e-8)
      Self.expect([exp(stated.logWin)], expected?["p_win"], golden, tolerance: 1e-8)
      Self.expect(
        [-PairLikelihood(mean, sigma, loss: .code).logWin], expected?["loss_code"], golden, tolerance: 1e-8)
    }
  }

  @Test func outputsOfATwoLogitHead() throws {
    for golden in try Self.cases("purm_sigma") {
      let input = golden["input"]
      let score = try RewardScores.distribution(of: [input?["mu"] ?? .null, input?["s"] ?? .null])
      #expect(score.isSane != golden["expected"]?["drop"]?.bool)
      if score.isSane { Self.expect([score.sigma], golden["expected"]?["sigma"], golden) }
    }
  }

  @Test func weightsOfAnotherPolicysResponses() throws {
    for golden in try Self.cases("vespo_kernel") {
      let (input, expected) = (golden["input"], golden["expected"])
      func number(_ name: String) -> Double { input?[name]?.number ?? .nan }
      var kernel = VESPO.Kernel()
      kernel.positive = .init(k: number("k_pos"), lambda: number("lambda_pos"))
      kernel.negative = .init(k: number("k_neg"), lambda: number("lambda_neg"))
      let found = VESPO.weight(
        logprobs: input?["logp"]?.numbers ?? [], behaviour: input?["logmu"]?.numbers ?? [],
        advantage: number("advantage"), mask: (input?["mask"]?.numbers ?? []).map { $0 == 1 },
        truncated: input?["truncated_weights"]?.array?.compactMap(\.number), kernel: kernel)
      Self.expect([found.logRatio], expected?["log_w"], golden)
      Self.expect([found.ratio], expected?["w"], golden)
      Self.expect([found.weight], expected?["phi"], golden)
      Self.expect([found.weight * number("advantage")], expected?["weighted"], golden)
    }
  }

  @Test func truncatedWeights() throws {
    for golden in try Self.cases("vespo_truncated") {
      let input = golden["input"]
      Self.expect(
        VESPO.truncatedWeights(
          input?["log_old"]?.numbers ?? [], sampler: input?["log_sampler"]?.numbers ?? [],
          cap: input?["cap"]?.number ?? 0, mask: (input?["mask"]?.numbers ?? []).map { $0 == 1 }),
        golden["expected"]?["weights"], golden)
    }
  }

  @Test func effectiveSampleSizes() throws {
    for golden in try Self.cases("vespo_ess") {
      let weights = golden["input"]?["weights"]?.numbers ?? []
      let size = VESPO.effectiveSampleSize(weights)
      Self.expect([size], golden["expected"]?["ess"], golden)
      Self.expect([size / Double(weights.count)], golden["expected"]?["share"], golden)
    }
  }

  @Test func bestOfN() throws {
    for golden in try Self.cases("best_of_n") {
      let (input, expected) = (golden["input"], golden["expected"])
      let (proxy, gold) = (input?["proxy"]?.numbers ?? [], input?["gold"]?.numbers ?? [])
      let sizes = (input?["n"]?.numbers ?? []).map { Int($0) }
      Self.expect(sizes.map(BestOfN.divergence), expected?["kl"], golden)
      for (name, replacing) in [("without_replacement", false), ("with_replacement", true)] {
        Self.expect(
          sizes.map { BestOfN.expected(gold, by: proxy, n: $0, replacing: replacing) }, expected?[name],
          golden)
      }
    }
  }

  /// What the table does not have: odd groups.
  @Test func neighbours() throws {
    // One member, and none.
    #expect(TWYN.fuzzy(verdicts: { _, _ in 1 }, lengths: [5], wellFormed: [false]).scores == [0])
    #expect(GR3.score(rewards: [1], lengths: [5], alpha: 0.33).setAside.advantages == [0])
    #expect(BestOfN.expected([3], by: [1], n: 1, replacing: false) == 3)
    #expect(BestOfN.expected([], by: [], n: 1, replacing: true) == nil)
    #expect(VESPO.truncatedWeights([], sampler: [], cap: 2) == [])
    // All malformed: whatever the judge says.
    let bad = TWYN.fuzzy(verdicts: { _, _ in -1 }, lengths: [0, 0, 9], wellFormed: [false, false, false])
    #expect(bad == .init(scores: [-200, -200, -200], advantages: [0, 0, 0]))
    // Deviations far beyond what a model says, and none.
    for sigma in [1e3, 1e6, 1e9] {
      #expect(abs(PairLikelihood(0, sigma).logWin + log(2)) < 1e-9)
      #expect(abs(PairLikelihood(0, sigma, loss: .code).logWin / sigma + 0.3989422804) < 1e-6)
    }
    #expect(PairLikelihood(3, 0, loss: .code).logWin == PairLikelihood(3, 0).logWin)
    #expect(abs(PairLikelihood(-700, 1.6).logWin + 700 - 1.28) < 1e-6)
    #expect(abs(PairLikelihood(800, 30).logWin) < 1e-100)
    // Both halves of the stated loss meet where the nodes change.
    let (below, above) = (PairLikelihood(-1, 1.5), PairLikelihood(-1, 1.5.nextUp))
    #expect(abs(below.logWin - above.logWin) < 1e-9)
    #expect(abs(below.bySigma - above.bySigma) < 1e-9)
    for text in ["[1]", "[1, 2, 3]", "null", "[]", "3"] {
      #expect(throws: ModelError.self) { try RewardScores.distribution(of: JSON(parsing: text)) }
    }
    for pair in [[nil, 1], [1, nil], [1e300, 0], [0, -1e300], ["NaN", 0]] as [JSON] {
      #expect(try !RewardScores.distribution(of: pair).isSane)
    }
  }

  @Test func slopesOfBothLosses() {
    let step = 1e-5
    for loss in PairLoss.allCases {
      for (mean, sigma) in [(-2.0, 0.5), (0.3, 1.4), (1.0, 2.5), (-4, 30), (7, 100)] {
        let here = PairLikelihood(mean, sigma, loss: loss)
        func logWin(_ mean: Double, _ sigma: Double) -> Double {
          PairLikelihood(mean, sigma, loss: loss).logWin
        }
        let byMean = (logWin(mean + step, sigma) - logWin(mean - step, sigma)) / (2 * step)
        let bySigma = (logWin(mean, sigma + step) - logWin(mean, sigma - step)) / (2 * step)
        #expect(abs(here.byMean - byMean) < 1e-6)
        #expect(abs(here.bySigma - bySigma) < 1e-6)
      }
    }
  }

  @Test(arguments: [("deepeyes_reward", DeepEyes.Version.first), ("deepeyes_v2_reward", .second)])
  func rewardsOfTrajectories(_ list: String, _ version: DeepEyes.Version) throws {
    for golden in try Self.cases(list) {
      let (input, expected) = (golden["input"], golden["expected"])
      let text = (input?["parts"]?.array ?? []).map { part in
        String(repeating: part.array?[0].string ?? "", count: Int(part.array?[1].number ?? 0))
      }.joined()
      let form = input?["form"]?.string == "reason" ? "maths" : input?["form"]?.string ?? ""
      let score = DeepEyes.score(
        DeepEyes.Trajectory(text: text), version: version, task: try #require(DeepEyes.Task(rawValue: form)),
        accuracy: input?["judge_right"] == true ? 1 : 0)
      Self.expect([score.reward], expected?["reward"], golden)
      Self.expect([score.accuracy], expected?["accuracy"], golden)
      Self.expect([score.format], expected?["format"], golden)
    }
  }

  @Test func hardGroups() throws {
    for golden in try Self.cases("golf_hard") {
      let (input, expected) = (golden["input"], golden["expected"])
      let (scores, tau) = (input?["scores"]?.numbers ?? [], input?["tau"]?.number ?? 0)
      Self.expect([Double(GOLF.needed(scores.count, tau: tau))], expected?["k_min"], golden)
      Self.expect([Double(scores.count(where: GOLF.isRight))], expected?["correct"], golden)
      #expect(.bool(GOLF.isHard(scores, tau: tau)) == expected?["hard"], "\(golden)")
    }
  }

  @Test func injections() throws {
    for golden in try Self.cases("golf_inject") {
      let (input, expected) = (golden["input"], golden["expected"])
      let (scores, refined) = (input?["scores"]?.numbers ?? [], input?["refinement_scores"]?.numbers ?? [])
      let eligible = refined.indices.filter { GOLF.isRight(refined[$0]) }
      Self.expect([Double(eligible.count)], expected?["eligible"], golden)
      var random = SplitMix64(seed: 1)
      let strategy = try #require(GOLF.Strategy(rawValue: input?["strategy"]?.string ?? ""))
      let chosen = GOLF.injections(
        scores, eligible: eligible, tau: input?["tau"]?.number ?? 0, most: Int(input?["prefix"]?.number ?? 0),
        strategy: strategy, &random)
      Self.expect([Double(chosen.count)], expected?["injected"], golden)
      #expect(chosen.allSatisfy { !GOLF.isRight(scores[$0.member]) && eligible.contains($0.refinement) })
      #expect(Set(chosen.map(\.member)).count == chosen.count)
      // Which ones is a matter of chance: the case says which it took.
      var after = scores
      for place in input?["replaced"]?.numbers ?? [] { after[Int(place)] = 1 }
      Self.expect(GOLF.advantages(scores), expected?["before"], golden)
      Self.expect(GOLF.advantages(after), expected?["after"], golden)
    }
  }

  @Test func feedbackThatFits() throws {
    for golden in try Self.cases("golf_packing") {
      let (input, expected) = (golden["input"], golden["expected"])
      func number(_ key: String) -> Int { Int(input?[key]?.number ?? 0) }
      let attempts = (input?["attempts"]?.array ?? []).map { attempt in
        GOLF.Attempt(
          response: Int(attempt["response_tokens"]?.number ?? 0),
          segment: Int(attempt["segment_tokens"]?.number ?? 0), score: attempt["score"]?.number ?? 0)
      }
      let room = number("budget") - number("header_tokens") - number("closing_tokens")
      let packed = GOLF.pack(attempts, room: room)
      Self.expect(packed.included.map(Double.init), expected?["included"], golden)
      Self.expect(packed.leftOut.map(Double.init), expected?["left_out"], golden)
    }
  }

  @Test func weightsOfInjectedTokens() throws {
    for golden in try Self.cases("golf_weight") {
      let logprobs = golden["input"]?["logprobs"]?.numbers ?? []
      Self.expect(logprobs.map { GOLF.weight(logprob: $0) }, golden["expected"]?["weights"], golden)
    }
  }

  @Test func treewidths() throws {
    for golden in try Self.cases("treewidth") {
      let input = golden["input"]
      func numbers(_ names: JSON?) -> [Int] {
        (names?.array ?? []).map { Int($0.string?.dropFirst() ?? "") ?? -1 }
      }
      let edges = (input?["edges"]?.array ?? []).map { numbers($0) }.map { ($0[0], $0[1]) }
      let graph = ConstraintGraph(count: numbers(input?["nodes"]).count, edges: edges)
      for (graph, name) in [
        (graph, "treewidth"), (graph.without(Set(numbers(input?["known"]))), "without_known"),
      ] {
        let found = Treewidth(graph)
        #expect(found.isExact)
        Self.expect([Double(found.upper)], golden["expected"]?[name], golden)
      }
    }
  }

  @Test func covers() throws {
    for golden in try Self.cases("cover") {
      let (input, expected) = (golden["input"], golden["expected"])
      func facts(_ list: JSON?) -> [Int] { (list?.numbers ?? []).map { Int($0) } }
      let documents = (input?["documents"]?.array ?? []).map { facts($0) }
      let count = Int(input?["facts"]?.number ?? 0)
      let found = DocumentCover.least(facts: count, documents: documents)
      Self.expect([found.map { Double($0.documents.count) }], expected?["msd"], golden)
      if let found {
        #expect(found.isExact)
        #expect(Set(found.documents.flatMap { documents[$0] }) == Set(0..<count))
      }
      guard let shortcut = input?["shortcut"] else { continue }
      let checked = DocumentCover.least(facts: count, documents: documents + [facts(shortcut)])
      Self.expect([checked.map { Double($0.documents.count) }], expected?["msd_with_shortcut"], golden)
    }
  }
}
