import RetortCore
import Testing

@testable import RetortStages

/// What kinds say of the calls of their steps.
@Suite struct WorkloadTests {
  private let chat = ModelRef(ModelSpec(alias: "m", name: "m"))
  private let embedder = ModelRef(ModelSpec(alias: "e", name: "e", kind: .embedding))

  @Test func rolloutsAndJudgedRewardsAreEightUnlessTheFileSaysOtherwise() {
    #expect(SampleRollouts.workload(of: .init(model: chat)).calls(1) == 8...8)
    #expect(SampleRollouts.workload(of: .init(model: chat)).samples == 8)
    #expect(PredictReward.workload(of: .init(model: chat)).calls(1) == 8...8)
    #expect(PredictReward.workload(of: .init(model: chat, samples: 5)).calls(1) == 5...5)
    // As many rows come out as go in.
    #expect(PredictReward.workload(of: .init(model: chat)).samples == 1)
    #expect(PredictReward.workload(of: .init(model: embedder)).calls(1) == 1...1)
  }

  @Test func aReplyWithoutASchemaIsNeverAskedForAgain() {
    #expect(Generate.workload(of: .init(model: chat, template: "x", samples: 3)).calls(1) == 3...3)
  }

  @Test func setsSayWhatTheyAsk() {
    // 5 are written, compared in both orders, and tried on 2.
    #expect(InducePrompt.workload(of: .init(model: chat)).calls(24) == 35...95)
    #expect(InducePrompt.workload(of: .init(model: chat, candidates: 2, heldOut: 0)).calls(24) == 4...10)
    #expect(FitRewardModel.workload(of: .init(model: embedder)).calls(100) == 4...4)
  }
}
