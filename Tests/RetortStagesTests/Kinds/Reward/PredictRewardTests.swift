import Foundation
import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

private let embedder = ModelRef(ModelSpec(alias: "embedder", name: "embedder", kind: .embedding))

@Suite struct PredictRewardTests {
  private static let head = RewardHead(
    meanWeights: [1, 0], meanBias: -1, spreadWeights: [0, 10], spreadBias: 0)

  private static func workspace(chat: @escaping @Sendable (ChatRequest) -> String = { _ in "" }, fitted: Bool)
    throws -> Workspace
  {
    Workspace(
      folder: URL(filePath: "/"),
      models: ScriptedProvider(
        chat: { ChatReply(text: chat($0)) },
        embedding: { texts in
          texts.map { text in
            #expect(text == "Question: q\nAnswer: c")
            return [3, 0.5]
          }
        }),
      sets: fitted ? ["reward_model": Bench.rows([["reward_model": try JSON(encoding: Self.head)]])] : [:])
  }

  private static let row = Columns(["question": "q", "completion": "c"])

  @Test func aFittedHeadGivesMeanAndDeviation() async throws {
    let stage = try PredictReward(.init(model: embedder), in: try Self.workspace(fitted: true))
    guard case .emit(let outputs) = try await stage.process(Self.row) else {
      Issue.record("dropped")
      return
    }
    #expect(outputs.map(\.mean) == [2])
    #expect(abs(outputs[0].sigma - 1.6487212707001282) < 1e-12)
    #expect(outputs.map(\.source) == [.model])
    #expect(try await Bench.fates(of: stage, for: [["question": "q"]]) == ["no completion"])
  }

  @Test func aJudgesScoresHaveMoments() async throws {
    let workspace = try Self.workspace(
      chat: { ["8", "6 of 10", "none", "11", "7", "7"][$0.draw] }, fitted: false)
    let stage = try PredictReward(.init(model: embedder, samples: 6), in: workspace)
    guard case .emit(let outputs) = try await stage.process(Self.row) else {
      Issue.record("dropped")
      return
    }
    #expect(outputs == [.init(mean: 7, sigma: (2.0 / 3).squareRoot(), source: .judgeMoments)])
    let same = try PredictReward(
      .init(model: embedder, samples: 4), in: try Self.workspace(chat: { _ in "5" }, fitted: false))
    guard case .emit(let floored) = try await same.process(Self.row) else { return }
    #expect(floored.map(\.sigma) == [1 / 12.0.squareRoot()])
    let mute = try PredictReward(
      .init(model: embedder, samples: 4), in: try Self.workspace(chat: { _ in "well" }, fitted: false))
    #expect(try await Bench.fates(of: mute, for: [.object(Self.row.values)]) == ["too few scores"])
    #expect(throws: StageError.self) {
      try PredictReward(.init(model: embedder, samples: 3), in: workspace)
    }
  }

  @Test func aModelThatStatesBothIsAskedOnce() async throws {
    let purm = ModelRef(ModelSpec(alias: "purm", name: "purm", kind: .vllmPURM))
    func workspace(_ score: RewardScore) -> Workspace {
      Workspace(
        folder: URL(filePath: "/"),
        models: ScriptedProvider(reward: { conversation in
          #expect(conversation == [.user("q"), .assistant("c")])
          return score
        }))
    }
    func fate(_ mean: Double, _ sigma: Double?) async throws -> Outcome<PredictReward.Output> {
      let score = RewardScore(logit: mean, probability: 0.5, scale: "raw", sigma: sigma)
      return try await PredictReward(.init(model: purm), in: workspace(score)).process(Self.row)
    }
    guard case .emit(let outputs) = try await fate(2, 0.5) else {
      Issue.record("dropped")
      return
    }
    #expect(outputs == [.init(mean: 2, sigma: 0.5, source: .model)])
    for (mean, sigma) in [(1e300, 1), (.nan, 1), (1, .infinity), (1, .nan), (1, nil)] as [(Double, Double?)] {
      guard case .drop(let reason, _) = try await fate(mean, sigma) else {
        Issue.record("kept \(mean) \(String(describing: sigma))")
        continue
      }
      #expect(reason == "bad reward")
    }
    #expect(throws: StageError.self) {
      try PredictReward(
        .init(model: purm, samples: 4), in: workspace(.init(logit: 0, probability: 0, scale: "")))
    }
  }
}
