import RetortCore
import RetortRun
import RetortStages
import RetortStore
import Testing

@testable import RetortReport

@Suite struct StatisticsTests {
  @Test func quantilesAreValuesOfTheirRank() {
    let values = [5.0, 1, 4, 2, 3]
    #expect([0, 0.2, 0.21, 0.5, 0.9, 1].map { Statistics.quantile($0, of: values) } == [1, 1, 2, 3, 5, 5])
    #expect(Statistics.quantile(0.5, of: []) == nil)
  }

  @Test func rankCorrelationLooksAtRanksOnly() {
    #expect(Statistics.rankCorrelation([(1, 1), (2, 10), (3, 1000)]) == 1)
    #expect(Statistics.rankCorrelation([(1, 3), (2, 2), (3, 1)]) == -1)
    #expect(Statistics.rankCorrelation([(1, 1), (1, 2), (2, 2)]) == 0.5)
    #expect(Statistics.rankCorrelation([(1, 1), (2, 1), (3, 1)]) == nil)
    #expect(Statistics.rankCorrelation([(1, 1), (2, 2)]) == nil)
  }

  @Test func theAreaIsTheShareOfPairsInOrder() {
    #expect(Statistics.rocArea(right: [3, 4], wrong: [1, 2]) == 1)
    #expect(Statistics.rocArea(right: [1, 3], wrong: [2, 3]) == (0 + 0 + 1 + 0.5) / 4)
    #expect(Statistics.rocArea(right: [1], wrong: []) == nil)
  }

  @Test func ticksAreRoundAndCoverTheRange() {
    #expect(Statistics.ticks(from: 0, to: 10) == [0, 2, 4, 6, 8, 10])
    #expect(Statistics.ticks(from: 0, to: 3, about: 3) == [0, 1, 2, 3])
    #expect(Statistics.ticks(from: -130, to: 420) == [-200, 0, 200, 400, 600])
    #expect(Statistics.ticks(from: 7, to: 7).first ?? 8 <= 7)
    #expect(Statistics.ticks(from: 0, to: .infinity) == [0, 1])
  }

  @Test func theHighestValueIsInTheLastBin() {
    #expect(Statistics.histogram([0, 1, 2, 2.5, 4], from: 0, to: 4, bins: 4) == [1, 1, 2, 1])
  }
}
