import Foundation
import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

@Suite struct RewardGroupsTests {
  /// What `per:` gives a stage is one group after another; a whole set has them in any order.
  @Test func groupsGiveTheSameAloneAndInterleaved() async throws {
    var random = SplitMix64(seed: 11)
    var rows: [JSON] = []
    for _ in 0..<60 {
      rows.append([
        "group": .int(Int64(random.below(5))), "correct": .bool(random.below(2) == 0),
        "reward": .double(Double(random.below(11)) / 10), "length": .int(Int64(1 + random.below(50))),
        "logprobs": [.double(-Double(random.below(30)) / 10)], "behaviour_logprobs": [-1.5],
        "advantage": .double(Double(random.below(3)) - 1),
      ])
    }
    try await compare(CompareLengthQuality(.init(), in: Bench.nowhere), rows)
    try await compare(RescaleGroupReward(.init(), in: Bench.nowhere), rows)
    try await compare(WeightImportance(.init(), in: Bench.nowhere), rows)
  }

  private func compare<S: SetStage>(_ stage: S, _ rows: [JSON]) async throws {
    let whole = try await GroupAnswers(stage, rows).kept
    #expect(whole.count == rows.count)
    for group in 0..<5 {
      let members = rows.indices.filter { rows[$0]["group"] == .int(Int64(group)) }
      let alone = try await GroupAnswers(stage, members.map { rows[$0] }).kept
      #expect(members.enumerated().allSatisfy { alone[$0.offset] == whole[$0.element] })
    }
  }
}
