import Foundation
import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

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

  @Test func subtractsTheDeviationItself() async throws {
    var config = PenalizeUncertainty.Config(lambda: 2)
    config.by = .deviation
    let found = try await columns(config)
    #expect((0..<4).map { found[$0]?.uncertainty } == [1, 1, 2, 0.5])
    #expect((0..<4).map { found[$0]?.penalized } == [-2, -1, -3, 3])
    #expect(try await columns(config, [Self.rows[0]])[0]?.penalized == -2)
    config.sample = 2
    #expect(throws: StageError.self) { try PenalizeUncertainty(config, in: Bench.nowhere) }
  }

  @Test func numbersThatRanOverAreDropped() async throws {
    let stage = try PenalizeUncertainty(.init(), in: Bench.nowhere)
    let bad: [JSON] = [
      ["reward_mean": 1e300, "reward_sigma": 1], ["reward_mean": 1, "reward_sigma": 1e300],
      ["reward_mean": "NaN", "reward_sigma": 1], ["reward_mean": -1e10, "reward_sigma": 1],
      ["reward_mean": .double(.nan), "reward_sigma": 1], ["reward_mean": 0, "reward_sigma": .double(.nan)],
    ]
    let answers = try await GroupAnswers(stage, bad + Self.rows)
    #expect(
      bad.indices.map { answers.dropped[$0] } == [
        "bad reward", "bad deviation", "bad reward", "bad reward", "bad reward", "bad deviation",
      ])
    let found = try await columns()
    #expect((0..<4).map { answers.column("uncertainty")[$0 + 6] } == (0..<4).map { found[$0]?.uncertainty })
  }
}
