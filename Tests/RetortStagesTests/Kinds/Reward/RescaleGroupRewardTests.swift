import Foundation
import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

@Suite struct RescaleGroupRewardTests {
  private static let rows: [JSON] = [
    ["group": "a", "reward": 1, "length": 1000], ["group": "b", "reward": 1, "length": 5],
    ["group": "a", "reward": 1, "length": 2000], ["group": "a", "reward": 0, "length": 3000],
    ["group": "b", "reward": true, "length": 5], ["group": "a", "reward": 1, "length": 6000],
  ]

  @Test func rescalesInterleavedGroups() async throws {
    var config = RescaleGroupReward.Config()
    config.advantage = .mean
    let stage = try RescaleGroupReward(config, in: Bench.nowhere)
    let answers = try await GroupAnswers(stage, Self.rows)
    let expected = [0.32015523, 0.23892646, -0.58074567, 0.02166397]
    for (row, value) in zip([0, 2, 3, 5], expected) {
      #expect(abs((answers.column("gr3_advantage")[row] ?? 9) - value) < 1e-6)
      #expect(answers.kept[row]?["gr3_condition"] == true)
      #expect(answers.kept[row]?["gr3_all_max"] == false)
    }
    #expect(answers.kept[1]?["gr3_all_max"] == true)
    #expect(answers.kept[1]?["gr3_advantage"] == 0.0)
    #expect(answers.kept[0].map { Array($0.keys) } == stage.adds)
  }

  @Test func namesWhatItCannotScore() async throws {
    let stage = try RescaleGroupReward(.init(), in: Bench.nowhere)
    let answers = try await GroupAnswers(stage, badRollouts + Self.rows)
    #expect(answers.kept.count == Self.rows.count)
    let expected = ["answer unreadable", "bad reward", "bad reward", "bad reward"] + badRolloutFates
    #expect((0..<badRollouts.count).map { answers.dropped[$0] } == expected)
  }

  @Test func refusesNegativeRewardsOrMapsThem() async throws {
    let rows: [JSON] = [
      ["group": "a", "reward": 1, "length": 5], ["group": "a", "reward": -1, "length": 5],
    ]
    let refusal = await #expect(throws: StageError.self) {
      try await GroupAnswers(RescaleGroupReward(.init(), in: Bench.nowhere), rows)
    }
    #expect(
      refusal?.description.contains("found -1.0 in group 'a' (row 1 of the set); say map: sigmoid") == true)
    var mapped = RescaleGroupReward.Config(alpha: 1)
    mapped.map = .minmax
    let minmax = try await GroupAnswers(RescaleGroupReward(mapped, in: Bench.nowhere), rows)
    #expect(minmax.column("gr3_reward") == [0: 0.5, 1: 0])
    mapped.map = .sigmoid
    let sigmoid = try await GroupAnswers(RescaleGroupReward(mapped, in: Bench.nowhere), rows)
    #expect(abs((sigmoid.column("gr3_reward")[0] ?? 0) - 0.7310585786300049 / 2) < 1e-12)
  }

  @Test func calibratesAndShowsTheTable() async throws {
    // Mostly right answers of uneven lengths: at 1 a best one of mean length loses, at 0.33 it does not.
    let lengths: [Int64] = [100, 200, 300, 400, 500, 600, 3000, 3000]
    let rows: [JSON] = lengths.enumerated().map {
      ["group": "z", "reward": $0.offset < 7 ? 1 : 0, "length": .int($0.element)]
    }
    let config = RescaleGroupReward.Config(alpha: "calibrate", candidates: [1, 0.33], target: 1)
    let answers = try await GroupAnswers(RescaleGroupReward(config, in: Bench.nowhere), rows + Self.rows)
    #expect(abs((answers.column("gr3_scale")[8] ?? 0) - 0.9009009) < 1e-6)
    let shown = try await GroupAnswers(
      CalibrateGroupReward(.init(candidates: [1, 0.33], target: 1), in: Bench.nowhere), rows)
    #expect(
      shown.made == [
        ["alpha": 0.33, "groups": 1, "satisfied": 1, "rate": 1.0, "chosen": true, "met": true],
        ["alpha": 1.0, "groups": 1, "satisfied": 0, "rate": 0.0, "chosen": false, "met": false],
      ])
    let workspace = Workspace(
      folder: URL(filePath: "/"), models: ScriptedProvider(),
      sets: ["calibration": Bench.rows(shown.made.map { .object($0) })])
    let told = try await GroupAnswers(RescaleGroupReward(.init(alpha: "calibrate"), in: workspace), Self.rows)
    #expect(abs((told.column("gr3_scale")[0] ?? 0) - 0.9009009) < 1e-6)
    #expect(throws: StageError.self) { try RescaleGroupReward(.init(), in: workspace) }
    #expect(shown.members == [Array(0..<8), Array(0..<8)])
    await #expect(throws: StageError.self) {
      try await GroupAnswers(RescaleGroupReward(config, in: Bench.nowhere), [Self.rows[1], Self.rows[4]])
    }
    for config in [
      RescaleGroupReward.Config(alpha: 0), .init(alpha: "auto"), .init(candidates: [1]),
      .init(alpha: "calibrate", target: 2),
    ] {
      #expect(throws: StageError.self) { try RescaleGroupReward(config, in: Bench.nowhere) }
    }
  }

  @Test func setsGroupsAsideWhoseRewardsAreEqual() async throws {
    let rows: [JSON] = [
      ["group": "a", "reward": 1, "length": 100], ["group": "a", "reward": 1, "length": 400],
      ["group": "b", "reward": 1, "length": 100], ["group": "b", "reward": 0, "length": 400],
      ["group": "z", "reward": 0, "length": 9], ["group": "z", "reward": 0, "length": 10],
    ]
    var config = RescaleGroupReward.Config()
    let plain = try RescaleGroupReward(config, in: Bench.nowhere)
    let ranked = try await GroupAnswers(plain, rows)
    #expect(abs(ranked.column("gr3_advantage")[0] ?? 0) > 0.7)
    #expect(ranked.kept[0]?["gr3_set_aside"] == nil)
    #expect(ranked.kept[0].map { Array($0.keys) } == plain.adds)
    config.setAside = true
    let stage = try RescaleGroupReward(config, in: Bench.nowhere)
    let found = try await GroupAnswers(stage, rows)
    #expect(found.kept[0].map { Array($0.keys) } == stage.adds)
    #expect((0..<6).map { found.kept[$0]?["gr3_set_aside"] } == [true, true, false, false, true, true])
    for row in [0, 1, 4, 5] { #expect(found.column("gr3_advantage")[row] == 0) }
    for row in [2, 3] { #expect(found.column("gr3_advantage")[row] == ranked.column("gr3_advantage")[row]) }
    #expect(found.column("gr3_reward") == ranked.column("gr3_reward"))
  }

  @Test func takesScoresRelativeToAReference() async throws {
    let rows: [JSON] = [
      ["group": "a", "reward": 1.5, "length": 800, "ref": 0.5],
      ["group": "a", "reward": 0, "length": 1600, "ref": 0.5],
      ["group": "a", "reward": -2, "length": 600, "ref": 0.5],
      ["group": "a", "reward": 1, "length": 5], ["group": "a", "reward": 1, "length": 5, "ref": "x"],
    ]
    var config = RescaleGroupReward.Config()
    config.map = .sigmoid
    config.reference = "ref"
    let found = try await GroupAnswers(RescaleGroupReward(config, in: Bench.nowhere), rows)
    for (row, expected) in [1.08079429048, -0.188395562725, -0.892398727758].enumerated() {
      #expect(abs((found.column("gr3_advantage")[row] ?? 9) - expected) < 1e-9)
    }
    #expect([3, 4].map { found.dropped[$0] } == ["bad reference", "bad reference"])
    for map in [nil, GroupRewards.Map.minmax] {
      config.map = map
      #expect(throws: StageError.self) { try RescaleGroupReward(config, in: Bench.nowhere) }
    }
  }
}
