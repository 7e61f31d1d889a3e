import Foundation
import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

private let embedder = ModelRef(ModelSpec(alias: "embedder", name: "embedder", kind: .embedding))

/// Texts whose quality is their number of `x`: the embedding shows it beside other things.
private func embed(_ texts: [String]) -> [[Float]] {
  texts.map { text in
    let noise = Digest(of: text).bytes.dropFirst().prefix(5).map { Float($0) / 255 }
    return [Float(text.count { $0 == "x" }), 1] + noise
  }
}

/// Pairs of eight questions each; one of `every` pairs is the wrong way round.
private func pairs(_ count: Int, wrongEvery every: Int = .max) -> [JSON] {
  var random = SplitMix64(seed: 9)
  return (0..<count).map { index in
    let low = random.below(6)
    let high = low + 1 + random.below(3)
    var (chosen, rejected) = (String(repeating: "x", count: high), String(repeating: "x", count: low))
    if index % every == 0, every < .max { swap(&chosen, &rejected) }
    return [
      "question": .string("q\(index / 8)"), "chosen": .string("\(chosen) \(index)"),
      "rejected": .string("\(rejected) \(index)"),
    ]
  }
}

private func fit(_ rows: [JSON], seed: Int = 0) async throws -> FitRewardModel.Output {
  let workspace = Workspace(folder: URL(filePath: "/"), models: ScriptedProvider(embedding: { embed($0) }))
  let stage = try FitRewardModel(.init(model: embedder, seed: seed), in: workspace)
  let answers = try await Bench.answers(of: stage, to: rows)
  guard answers.count == 1, case .make(let columns, let members) = answers[0] else {
    throw StageError("expected one new row, found \(answers.count) answers")
  }
  #expect(members == Array(rows.indices))
  return try JSON.object(columns).decode(FitRewardModel.Output.self)
}

@Suite struct FitRewardModelTests {
  @Test func learnsWhatSetsTheChosenApart() async throws {
    let output = try await fit(pairs(96))
    #expect(output.trainingPairs + output.validationPairs + output.heldOut.pairs == 96)
    #expect(output.heldOut.pairs == 16 && output.validationPairs == 16)
    #expect(output.heldOut.accuracy > 0.9)
    #expect(output.heldOut.loss < 0.4)
    #expect(output.bradleyTerry.accuracy > 0.9)
    #expect(output.heldOut.calibration.reduce(0) { $0 + $1.pairs } == 16)
    #expect(output.epoch > 0)
    let rewards = embed(["x", "xxxxx"]).map(output.rewardModel.reward)
    #expect(rewards[1].mean > rewards[0].mean)
  }

  @Test func theSameSeedGivesTheSameWeights() async throws {
    let rows = pairs(48)
    #expect(try await fit(rows, seed: 1) == fit(rows, seed: 1))
    #expect(try await fit(rows, seed: 1).rewardModel != fit(rows, seed: 2).rewardModel)
  }

  @Test func needsThreeQuestions() async throws {
    await #expect(throws: StageError.self) { try await fit(pairs(16)) }
  }
}

@Suite struct RewardHeadTests {
  @Test func deviationsGrowWhereLabelsContradict() throws {
    // Along the second dimension labels are coins; along the first they are sure.
    var random = SplitMix64(seed: 2)
    let pairs = (0..<400).map { index -> EmbeddedPair in
      let noisy = index % 2 == 0
      let flip = noisy && random.below(2) == 0
      let (good, bad): ([Float], [Float]) = noisy ? ([1, 1], [-1, 1]) : ([1, 0], [-1, 0])
      return flip ? EmbeddedPair(chosen: bad, rejected: good) : EmbeddedPair(chosen: good, rejected: bad)
    }
    var options = RewardHeadFit.Options()
    options.weightDecay = 0
    options.patience = 200
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

  @Test func theHeadServesAsARewardModel() async throws {
    let models = ScriptedProvider(embedding: { texts in
      texts.map { $0 == "Question: Question:\nq\nAnswer: c" ? [3, 0.5] : [0, 0] }
    })
    let stage = try ScoreReward(
      .init(model: embedder),
      in: Workspace(
        folder: URL(filePath: "/"), models: models,
        sets: ["reward_model": Bench.rows([["reward_model": try JSON(encoding: Self.head)]])]))
    guard case .emit(let outputs) = try await stage.process(.init(question: "q", cot: "c")) else {
      Issue.record("dropped")
      return
    }
    #expect(outputs.map(\.rewardAverage) == [2])
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
}

@Suite struct PenalizeUncertaintyTests {
  private static let rows: [JSON] = [
    ["reward_mean": 0, "reward_sigma": 1], ["reward_mean": 1, "reward_sigma": 1],
    ["reward_mean": 1, "reward_sigma": 2], ["reward_mean": 4, "reward_sigma": 0.5],
  ]

  private func columns(
    _ config: PenalizeUncertainty.Config = .init(), reference: [JSON]? = nil, _ rows: [JSON] = rows
  ) async throws -> [Int: PenalizeUncertainty.Output] {
    let workspace = Workspace(
      folder: URL(filePath: "/"), models: ScriptedProvider(),
      sets: reference.map { ["reference": Bench.rows($0)] } ?? [:])
    var found: [Int: PenalizeUncertainty.Output] = [:]
    for answer in try await Bench.answers(of: PenalizeUncertainty(config, in: workspace), to: rows) {
      if case .keep(let row, let columns) = answer {
        found[row] = try JSON.object(columns).decode(PenalizeUncertainty.Output.self)
      }
    }
    return found
  }

  @Test func comparesEachWithTheOthers() async throws {
    let found = try await columns(.init(lambda: 5))
    for (row, expected) in [
      (0.5899204, -2.94960198), (0.64159064, -2.20795319), (0.71641664, -2.5820832), (0.19610797, 3.01946015),
    ].enumerated() {
      #expect(abs((found[row]?.uncertainty ?? 9) - expected.0) < 1e-6)
      #expect(abs((found[row]?.penalized ?? 9) - expected.1) < 1e-6)
    }
  }

  @Test func aSampleOfAllIsTheSetAndASeedChoosesIt() async throws {
    #expect(try await columns(.init(sample: 9)) == columns())
    #expect(try await columns(.init(sample: 2, seed: 1)) == columns(.init(sample: 2, seed: 1)))
    let many = (0..<40).map { JSON.object(["reward_mean": .int($0), "reward_sigma": 3]) }
    #expect(try await columns(.init(sample: 5), many) != columns(.init(sample: 5, seed: 1), many))
  }

  @Test func comparesWithAReferenceSet() async throws {
    let found = try await columns(reference: [Self.rows[0]])
    #expect(found[0]?.uncertainty == 1)
    #expect(abs((found[1]?.uncertainty ?? 0) - 0.8824969) < 1e-6)
  }

  @Test func namesWhatItCannotCompare() async throws {
    let stage = try PenalizeUncertainty(.init(), in: Bench.nowhere)
    let bad: [JSON] = [
      ["reward_sigma": 1], ["reward_mean": 1, "reward_sigma": 0], ["reward_mean": 1, "reward_sigma": 1],
    ]
    let reasons = try await Bench.answers(of: stage, to: bad).map { answer in
      if case .drop(_, let reason, _) = answer { reason } else { "kept" }
    }
    #expect(reasons == ["bad reward", "bad deviation", "nothing to compare with"])
  }
}
