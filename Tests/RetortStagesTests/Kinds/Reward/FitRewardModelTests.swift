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
