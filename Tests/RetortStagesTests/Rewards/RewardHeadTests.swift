import Testing

@testable import RetortCore
@testable import RetortStages

@Suite struct RewardHeadTests {
  @Test func deviationsGrowWhereLabelsContradict() throws {
    // Along the second dimension labels are coins; along the first they are sure.
    var random = SplitMix64(seed: 2)
    let pairs = (0..<120).map { index -> EmbeddedPair in
      let noisy = index % 2 == 0
      let flip = noisy && random.below(2) == 0
      let (good, bad): ([Float], [Float]) = noisy ? ([1, 1], [-1, 1]) : ([1, 0], [-1, 0])
      return flip ? EmbeddedPair(chosen: bad, rejected: good) : EmbeddedPair(chosen: good, rejected: bad)
    }
    var options = RewardHeadFit.Options()
    options.weightDecay = 0
    options.patience = 60
    let fit = try RewardHeadFit(pairs, validation: [], options)
    let (sure, vague) = (fit.head.reward([1, 0]), fit.head.reward([1, 1]))
    #expect(vague.sigma > sure.sigma * 1.2)
    options.spread = false
    let plain = try RewardHeadFit(pairs, validation: [], options)
    #expect(plain.head.spreadWeights.isEmpty)
    #expect(plain.validationLoss > fit.validationLoss)
  }

  @Test func anAverageResponseHasTheRewardZero() throws {
    let pairs = [
      EmbeddedPair(chosen: [3, 1], rejected: [1, 1]), EmbeddedPair(chosen: [5, 1], rejected: [3, 1]),
    ]
    let head = try RewardHeadFit(pairs, validation: []).head
    #expect(abs(head.reward([3, 1]).mean) < 1e-9)
  }

  @Test func reportCountsTiesAsHalf() {
    let head = RewardHead(meanWeights: [0], meanBias: 0, spreadWeights: [0], spreadBias: 0)
    let report = HeadReport(head, on: [EmbeddedPair(chosen: [1], rejected: [2])])
    #expect(report.accuracy == 0.5)
    #expect(abs(report.loss - 0.6931471805599453) < 1e-9)
    #expect(report.calibration.map(\.from) == [0.5])
  }
}
