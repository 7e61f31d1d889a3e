import Foundation
import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

@Suite struct ScoreRewardTests {
  private static let model = ModelRef(ModelSpec(alias: "grm", name: "grm"))

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
      Columns(["question": "q", "cot": "so", "demonstrations": [["question": "q1", "cot": "c1"]]]))
    guard case .emit(let outputs) = outcome else {
      Issue.record("dropped")
      return
    }
    #expect(
      outputs == [
        .init(rewardWithFewShot: 3, rewardWithoutFewShot: -1, rewardAverage: 1, rewardScale: "raw")
      ])
  }

  @Test func theHeadServesAsARewardModel() async throws {
    let head = RewardHead(meanWeights: [1, 0], meanBias: -1, spreadWeights: [0, 10], spreadBias: 0)
    let models = ScriptedProvider(embedding: { texts in
      texts.map { $0 == "Question: Question:\nq\nAnswer: c" ? [3, 0.5] : [0, 0] }
    })
    let stage = try ScoreReward(
      .init(model: ModelRef(ModelSpec(alias: "embedder", name: "embedder", kind: .embedding))),
      in: Workspace(
        folder: URL(filePath: "/"), models: models,
        sets: ["reward_model": Bench.rows([["reward_model": try JSON(encoding: head)]])]))
    guard
      case .emit(let outputs) = try await stage.process(
        Columns(["question": "q", "cot": "c"]))
    else {
      Issue.record("dropped")
      return
    }
    #expect(outputs.map(\.rewardAverage) == [2])
  }

  @Test func scoresThatRanOverAreDropped() async throws {
    for logit in [1e300, .nan, -.infinity] {
      let stage = try ScoreReward(
        .init(model: Self.model),
        in: Workspace(
          folder: URL(filePath: "/"),
          models: ScriptedProvider(reward: { _ in
            RewardScore(logit: logit, probability: 0.5, scale: "raw", sigma: 1)
          })))
      guard case .drop(let reason, _) = try await stage.process(Columns(["question": "q", "cot": "so"]))
      else {
        Issue.record("kept \(logit)")
        continue
      }
      #expect(reason == "bad reward")
    }
  }
}
