import Foundation
import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

@Suite struct FilterRewardTopTests {
  @Test func keepsTheTopFractionAndBreaksTiesByOrder() async throws {
    let stage = try FilterRewardTop(.init(topFraction: 0.5), in: Bench.nowhere)
    let answers = try await Bench.answers(
      of: stage, to: [1.0, 2, 0, 1].map { ["reward_average": .double($0)] })
    var kept: [Int] = []
    for answer in answers {
      if case .keep(let ordinal, _) = answer { kept.append(ordinal) }
    }
    #expect(kept == [1, 0])
    #expect(answers.count == 4)
    #expect(throws: StageError.self) { try FilterRewardTop(.init(topFraction: 0), in: Bench.nowhere) }
  }
}
