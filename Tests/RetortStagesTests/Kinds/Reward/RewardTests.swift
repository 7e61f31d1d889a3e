import Foundation
import OrderedCollections
import RetortCore
import RetortStages
import RetortTestSupport
import Testing

@Suite struct RewardTests {
  private static let model = ModelRef(ModelSpec(alias: "grm", name: "grm"))
  private static let nowhere = Workspace(folder: URL(filePath: "/"), models: ScriptedProvider())

  @Test func scoresUnderBothPrompts() async throws {
    let models = ScriptedProvider(reward: { conversation in
      #expect(conversation.last == .assistant("so"))
      let full = "Do it.\n\nQuestion:\nq1\nReasoning:\nc1\n\nQuestion:\nq"
      let logit =
        conversation[0] == .user(full) ? 3.0 : conversation[0] == .user("Do it.\n\nQuestion:\nq") ? -1 : 9
      return RewardScore(logit: logit, probability: 0.5, scale: "raw")
    })
    let task = RowSet<Columns>([Row(["instruction": "Do it."])])
    let stage = try ScoreReward(
      .init(model: Self.model),
      in: Workspace(folder: URL(filePath: "/"), models: models, sets: ["task": task]))
    let outcome = try await stage.process(
      .init(question: "q", cot: "so", demonstrations: [["question": "q1", "cot": "c1"]]))
    guard case .emit(let outputs) = outcome else {
      Issue.record("dropped")
      return
    }
    #expect(
      outputs == [
        .init(rewardWithFewShot: 3, rewardWithoutFewShot: -1, rewardAverage: 1, rewardScale: "raw")
      ])
  }

  @Test func keepsRewardsAboveTheThreshold() async throws {
    let stage = try FilterReward(.init(), in: Self.nowhere)
    #expect(stage.reads == [ColumnUse("reward_average")])
    var kept: [Bool] = []
    for reward in [-1.0, 0, 0.5] {
      if case .emit = try await stage.process(Columns(["reward_average": .double(reward)])) {
        kept.append(true)
      } else {
        kept.append(false)
      }
    }
    #expect(kept == [false, false, true])
    await #expect(throws: StageError.self) { try await stage.process(Columns()) }
  }

  @Test func keepsTheTopFractionAndBreaksTiesByOrder() async throws {
    let stage = try FilterRewardTop(.init(topFraction: 0.5), in: Self.nowhere)
    let answers = try await Bench.answers(
      of: stage, to: [1.0, 2, 0, 1].map { ["reward_average": .double($0)] })
    var kept: [Int] = []
    for answer in answers {
      if case .keep(let ordinal, _) = answer { kept.append(ordinal) }
    }
    #expect(kept == [1, 0])
    #expect(answers.count == 4)
    #expect(throws: StageError.self) { try FilterRewardTop(.init(topFraction: 0), in: Self.nowhere) }
  }
}
