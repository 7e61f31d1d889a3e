import Foundation
import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

@Suite struct FilterRewardTests {
  @Test func keepsRewardsAboveTheThreshold() async throws {
    let stage = try FilterReward(.init(), in: Bench.nowhere)
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
}
