import OrderedCollections
import Testing

@testable import RetortCore
@testable import RetortStages

/// Numbers agree to 1e-6, as many of each.
func expectEqual(
  _ found: [Double], _ expected: JSON?, sourceLocation: SourceLocation = #_sourceLocation
) {
  let expected = expected?.numbers ?? []
  #expect(found.count == expected.count, sourceLocation: sourceLocation)
  for (found, expected) in zip(found, expected) {
    #expect(abs(found - expected) < 1e-6, "\(found) is not \(expected)", sourceLocation: sourceLocation)
  }
}

extension JSON {
  var numbers: [Double] { array?.compactMap(\.number) ?? [] }
}

/// Groups drawn from a seed: who is right, rewards in [0, 1], lengths with ties.
struct RandomGroup: CustomStringConvertible {
  let correct: [Bool]
  let rewards: [Double]
  let lengths: [Double]
  var description: String { "\(correct) \(rewards) \(lengths)" }

  static let all: [RandomGroup] = {
    var random = SplitMix64(seed: 4)
    return (0..<200).map { _ in
      let count = 2 + random.below(15)
      let share = random.below(11)
      return RandomGroup(
        correct: (0..<count).map { _ in random.below(10) < share },
        rewards: (0..<count).map { _ in Double(random.below(1001)) / 1000 },
        lengths: (0..<count).map { _ in Double(1 + random.below(40)) })
    }
  }()

  func permuted(_ order: [Int]) -> RandomGroup {
    RandomGroup(
      correct: order.map { correct[$0] }, rewards: order.map { rewards[$0] },
      lengths: order.map { lengths[$0] })
  }
}

@Suite struct AdvantageTests {
  @Test func ofOneIsZeroAndOfEqualsIsZero() {
    for norm in AdvantageNorm.allCases {
      #expect(norm.advantages([3]) == [0])
      #expect(norm.advantages([0.5, 0.5, 0.5]) == [0, 0, 0])
      #expect(norm.advantages([]) == [])
    }
  }
}

@Suite struct TWYNTests {
  @Test func verifiableGolden() throws {
    let cases = try Golden.values("twyn_verifiable")
    #expect(cases.count == 6)
    for golden in cases {
      let scored = TWYN.verifiable(
        correct: (golden["correct"]?.numbers ?? []).map { $0 == 1 }, lengths: golden["length"]?.numbers ?? [],
        alpha: 10, beta: 1, anchors: golden["anchors"]?.bool ?? true)
      expectEqual(scored.scores, golden["expect"]?["scores"])
      expectEqual(scored.advantages, golden["expect"]?["adv"])
    }
  }

  @Test func fuzzyGolden() throws {
    let cases = try Golden.values("twyn_fuzzy")
    #expect(cases.count == 2)
    for golden in cases {
      let verdicts = (golden["preference"]?.array ?? []).map(\.numbers)
      let lengths = golden["length"]?.numbers ?? []
      let bad = golden["bad_format"]?.numbers ?? []
      let scored = TWYN.fuzzy(
        verdicts: { i, k in
          Int(verdicts.first { $0[0] == Double(i) && $0[1] == Double(k) }?[2] ?? 99)
        }, lengths: lengths, wellFormed: lengths.indices.map { !bad.contains(Double($0)) })
      expectEqual(scored.scores, golden["expect"]?["s"])
      expectEqual(scored.advantages, golden["expect"]?["adv"])
    }
  }

  @Test func closedFormIsThePairSumAndAddsUpToZero() {
    for group in RandomGroup.all {
      let found = TWYN.verifiable(
        correct: group.correct, lengths: group.lengths, alpha: 3, beta: 2, anchors: false
      ).scores
      var sums = found.map { _ in 0.0 }
      for pair in TWYN.pairs(correct: group.correct, lengths: group.lengths, alpha: 3, beta: 2) {
        sums[pair.chosen] += pair.weight
        sums[pair.rejected] -= pair.weight
      }
      #expect(found == sums)
      #expect(found.reduce(0, +) == 0)
    }
  }

  @Test func orderAndScaleOfLengthsDecideNothingElse() {
    var random = SplitMix64(seed: 1)
    for group in RandomGroup.all {
      let order = random.shuffled(Array(group.correct.indices))
      let permuted = group.permuted(order)
      let scored = TWYN.verifiable(correct: group.correct, lengths: group.lengths)
      let other = TWYN.verifiable(correct: permuted.correct, lengths: permuted.lengths.map { $0 * 7 })
      #expect(other.scores == order.map { scored.scores[$0] })
      for (position, index) in order.enumerated() {
        #expect(abs(other.advantages[position] - scored.advantages[index]) < 1e-12)
      }
    }
  }

  @Test func rightBeatsWrongAndShorterBeatsLonger() {
    for group in RandomGroup.all {
      let scores = TWYN.verifiable(correct: group.correct, lengths: group.lengths, alpha: 1, beta: 1).scores
      for i in scores.indices {
        for k in scores.indices where group.correct[i] {
          if !group.correct[k] { #expect(scores[i] > scores[k]) }
          if group.correct[k], group.lengths[i] < group.lengths[k] { #expect(scores[i] > scores[k]) }
        }
      }
    }
  }

  @Test func fuzzyPairsCarryTheScores() {
    let lengths: [Double] = [120, 80, 300, 200]
    let verdict = { (i: Int, k: Int) in [[0, 1, 0, -1], [0, 0, -1, -1], [0, 0, 0, 0], [0, 0, 0, 0]][i][k] }
    let all = [Bool](repeating: true, count: 4)
    var sums = [Double](repeating: 0, count: 4)
    for pair in TWYN.pairs(verdicts: verdict, lengths: lengths, wellFormed: all) {
      sums[pair.chosen] += pair.weight
      sums[pair.rejected] -= pair.weight
    }
    #expect(sums == [1, -15, 3, 11])
    let some = TWYN.pairs(verdicts: verdict, lengths: lengths, wellFormed: [false, true, true, true])
    #expect(!some.contains { $0.chosen == 0 || $0.rejected == 0 })
  }
}

@Suite struct GR3Tests {
  @Test func golden() throws {
    let cases = try Golden.values("gr3")
    #expect(cases.count == 4)
    for golden in cases {
      let expected = golden["expect"]
      for (norm, name) in [
        (AdvantageNorm.mean, "A_meanonly"), (.sampleStd, "A_ddof1"), (.populationStd, "A_ddof0"),
      ] {
        let scored = GR3.score(
          rewards: golden["reward"]?.numbers ?? [], lengths: golden["length"]?.numbers ?? [],
          alpha: golden["alpha"]?.number ?? 0, norm: norm)
        expectEqual(scored.scales, expected?["S"])
        expectEqual(scored.rewards, expected?["Rhat"])
        expectEqual(scored.advantages, expected?[name])
        #expect(scored.condition == expected?["cond"]?.bool)
        #expect(scored.allMax == expected?["allmax"]?.bool)
      }
    }
  }

  @Test func calibrationGolden() throws {
    let golden = try #require(try Golden.values("gr3_calibration").first)
    let groups = (golden["groups"]?.array ?? []).map {
      (rewards: $0["reward"]?.numbers ?? [], lengths: $0["length"]?.numbers ?? [])
    }
    for (alpha, expected) in golden["expect"]?.object ?? [:] {
      let alpha = try #require(Double(alpha))
      let found = groups.map { GR3.score(rewards: $0.rewards, lengths: $0.lengths, alpha: alpha).condition }
      #expect(found == expected["cond"]?.array?.compactMap(\.bool))
    }
    let table = try #require(GR3.calibrate(groups, candidates: [3, 0.33, 0.1, 1], target: 0.75))
    #expect(table.map(\.alpha) == [0.1, 0.33, 1, 3])
    #expect(table.map(\.rate) == [1, 0.75, 0.5, 0.5])
    #expect(table.map(\.chosen) == [false, true, false, false])
    #expect(GR3.calibrate(groups, candidates: [1, 3])?.map(\.chosen) == [true, false])
    #expect(GR3.calibrate([([1, 1], [1, 2])], candidates: [1]) == nil)
  }

  @Test func calibrationAsTheRewardsCoverMoreOfTheGroup() {
    let lengths = (1...13).map { Double($0) * 500 } + [8000, 8000, 8000]
    let rewards = [Double](repeating: 1, count: 13) + [0, 0, 0]
    let found = [0.1, 0.33, 0.5, 1, 1.5].map {
      GR3.score(rewards: rewards, lengths: lengths, alpha: $0).condition
    }
    #expect(found == [true, true, true, true, false])
  }

  @Test func scaleOfLengthsAndRewardsDecidesNothing() {
    for group in RandomGroup.all {
      let scored = GR3.score(rewards: group.rewards, lengths: group.lengths, alpha: 0.33)
      let other = GR3.score(
        rewards: group.rewards.map { $0 * 4 }, lengths: group.lengths.map { $0 * 3 }, alpha: 0.33)
      for index in group.rewards.indices {
        #expect(abs(scored.scales[index] - other.scales[index]) < 1e-12)
        #expect(abs(4 * scored.rewards[index] - other.rewards[index]) < 1e-12)
        #expect(abs(scored.advantages[index] - other.advantages[index]) < 1e-4)
        #expect(scored.scales[index] > 0 && scored.scales[index] < 1)
      }
      #expect(abs(scored.advantages.reduce(0, +)) < 1e-9)
    }
  }

  @Test func equalRewardsRankByLength() {
    let scored = GR3.score(rewards: [1, 1, 0.5], lengths: [10, 20, 5], alpha: 0.33)
    #expect(scored.rewards[0] > scored.rewards[1])
    let equal = GR3.score(rewards: [1, 1], lengths: [7, 7], alpha: 0.33)
    #expect(equal.condition && equal.allMax)
    #expect(equal.advantages == [0, 0])
  }
}

@Suite struct PURMTests {
  private static func reward(_ json: JSON?) -> RewardDistribution {
    RewardDistribution(mean: json?["mu"]?.number ?? 99, sigma: json?["sigma"]?.number ?? 99)
  }

  @Test func pairsGolden() throws {
    let cases = try Golden.values("purm_pairs")
    #expect(cases.count == 4)
    for golden in cases {
      let (chosen, rejected) = (Self.reward(golden["chosen"]), Self.reward(golden["rejected"]))
      expectEqual(
        [-chosen.logWin(over: rejected), chosen.overlap(with: rejected)],
        .array([golden["expect"]?["nll"] ?? .null, golden["expect"]?["bhattacharyya"] ?? .null]))
    }
  }

  @Test func uncertaintyGolden() throws {
    let golden = try #require(try Golden.values("purm_uncertainty").first)
    let rewards = zip(golden["mu"]?.numbers ?? [], golden["sigma"]?.numbers ?? [])
      .map { RewardDistribution(mean: $0, sigma: $1) }
    let found = PURM.uncertainty(rewards)
    expectEqual(found, golden["expect"]?["u"])
    for (lambda, expected) in golden["expect"]?["penalised"]?.object ?? [:] {
      let lambda = try #require(Double(lambda))
      expectEqual(
        zip(rewards, found).map { PURM.penalized($0.mean, uncertainty: $1, lambda: lambda) }, expected)
    }
  }

  @Test func deviationsGrowOnPairsThatContradictTheMeans() {
    #expect(PairLikelihood(-2, 1).bySigma > 0)
    #expect(PairLikelihood(2, 1).bySigma < 0)
    #expect(abs(PairLikelihood(0, 3).logWin + 0.6931471805599453) < 1e-12)
    #expect(PairLikelihood(-800, 1).logWin.isFinite)
  }

  @Test func slopesAreThoseOfTheLikelihood() {
    let step = 1e-5
    for (mean, sigma) in [(-2.0, 0.5), (0.3, 1.4), (1.0, 2.5)] {
      let here = PairLikelihood(mean, sigma)
      let byMean = (PairLikelihood(mean + step, sigma).logWin - PairLikelihood(mean - step, sigma).logWin)
      let bySigma = (PairLikelihood(mean, sigma + step).logWin - PairLikelihood(mean, sigma - step).logWin)
      #expect(abs(here.byMean - byMean / (2 * step)) < 1e-7)
      #expect(abs(here.bySigma - bySigma / (2 * step)) < 1e-7)
    }
  }

  @Test func overlapIsBoundedAndSymmetric() {
    let (a, b) = (RewardDistribution(mean: 0, sigma: 0), RewardDistribution(mean: 3, sigma: 2))
    #expect(a.sigma == RewardDistribution.floor)
    #expect(a.overlap(with: b) == b.overlap(with: a))
    #expect(a.overlap(with: a) == 1)
    #expect((0...1).contains(a.overlap(with: b)))
  }
}

@Suite struct VESPOTests {
  @Test func golden() throws {
    let cases = try Golden.values("vespo")
    #expect(cases.count == 6)
    for golden in cases {
      let found = VESPO.weight(
        logprobs: golden["logprobs"]?.numbers ?? [], behaviour: golden["behaviour_logprobs"]?.numbers ?? [],
        advantage: golden["advantage"]?.number ?? 0)
      #expect(!found.isClamped)
      expectEqual(
        [found.logRatio, found.ratio, found.weight],
        .array(["logW", "W", "phi"].map { golden["expect"]?[$0] ?? .null }))
    }
  }

  @Test func kernelAtItsPeaksAndAtOne() {
    #expect(VESPO.phi(1, advantage: 1) == 1)
    #expect(VESPO.phi(1, advantage: -1) == 1)
    #expect(VESPO.phi(1, advantage: 0) == VESPO.phi(1, advantage: 1))
    #expect(abs(VESPO.phi(2.0 / 3, advantage: 0) - 1.20812526) < 1e-6)
    #expect(abs(VESPO.phi(1.5, advantage: -1) - 1.24159311) < 1e-6)
    for step in 1...400 {
      #expect((0...1.20812527).contains(VESPO.phi(Double(step) / 20, advantage: 1)))
      #expect((0...1.24159312).contains(VESPO.phi(Double(step) / 20, advantage: -1)))
    }
  }

  @Test func clampsTokensAndSumsAndSaysSo() {
    let token = VESPO.weight(logprobs: [-1, 0], behaviour: [-31, 0], advantage: 1)
    #expect(token == .init(logRatio: 20, ratio: token.ratio, weight: 0, isClamped: true))
    let sum = VESPO.weight(logprobs: [-11, -11], behaviour: [0, 0], advantage: -1)
    #expect(sum.logRatio == -20 && sum.isClamped)
    let masked = VESPO.weight(
      logprobs: [-1, -50], behaviour: [-1, 0], advantage: 1, mask: [true, false])
    #expect(masked == .init(logRatio: 0, ratio: 1, weight: 1, isClamped: false))
  }

  @Test func effectiveSampleSizeOfABatch() {
    let ratios = [1, 0.8, 1.5, 0.2, 6]
    #expect(abs(VESPO.effectiveSampleSize(ratios) - 2.260205) < 1e-6)
    let weights = ratios.map { VESPO.phi($0, advantage: 1) }
    #expect(abs(VESPO.effectiveSampleSize(weights) - 3.444551) < 1e-6)
    #expect(VESPO.effectiveSampleSize([0, 0]) == 0)
    #expect(VESPO.effectiveSampleSize([4e8, 4e8]) == 2)
  }

  @Test func stalenessOfABatch() {
    func batch(_ ratios: [Double]) -> VESPO.Staleness {
      .init(
        ratios.map {
          .init(logRatio: 0, ratio: $0, weight: VESPO.phi($0, advantage: 1), isClamped: false)
        })
    }
    #expect(batch([1, 1, 0.9]) == .fresh)
    #expect(batch([1, 0.8, 1.5, 0.2, 6]) == .stale)
    #expect(batch([100, 100]) == .unusable)
  }
}
