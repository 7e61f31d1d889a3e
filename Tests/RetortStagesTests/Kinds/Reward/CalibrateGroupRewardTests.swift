import Foundation
import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

@Suite struct CalibrateGroupRewardTests {
  /// Mostly right answers of uneven lengths: at 1 a best one of mean length loses, at 0.33 it does not.
  private static let rows: [JSON] = [100, 200, 300, 400, 500, 600, 3000, 3000].enumerated().map {
    ["group": "z", "reward": $0.offset < 7 ? 1 : 0, "length": .int($0.element)]
  }

  @Test func triesEachCandidateOnTheGroups() async throws {
    let stage = try CalibrateGroupReward(.init(candidates: [1, 0.33], target: 1), in: Bench.nowhere)
    #expect(
      try await Bench.answers(of: stage, to: Self.rows) == [
        .make(
          ["alpha": 0.33, "groups": 1, "satisfied": 1, "rate": 1.0, "chosen": true, "met": true],
          members: Array(0..<8)),
        .make(
          ["alpha": 1.0, "groups": 1, "satisfied": 0, "rate": 0.0, "chosen": false, "met": false],
          members: Array(0..<8)),
      ])
  }

  @Test func rowsThatCannotBeReadAreDroppedAndNoneIsNoTable() async throws {
    let stage = try CalibrateGroupReward(.init(), in: Bench.nowhere)
    let bad: JSON = ["group": "b", "length": 5]
    #expect(
      try await Bench.answers(of: stage, to: [bad]) == [
        .drop(0, reason: "bad reward", detail: "expected a finite number in 'reward', found nothing")
      ])
  }

  @Test func groupsWithoutADifferenceCannotBeCalibratedOn() async throws {
    let equal: JSON = ["group": "e", "reward": 1, "length": 5]
    await #expect(throws: StageError.self) {
      try await Bench.answers(of: CalibrateGroupReward(.init(), in: Bench.nowhere), to: [equal, equal])
    }
    for config in [CalibrateGroupReward.Config(candidates: []), .init(candidates: [0]), .init(target: 0)] {
      #expect(throws: StageError.self) { try CalibrateGroupReward(config, in: Bench.nowhere) }
    }
  }
}
