import RetortStore
import Testing

@testable import RetortCore
@testable import RetortRun

/// What a gate decides, and who waits at it.
@Suite struct RoundGateTests {
  private func decision(carried: [(String, Int)], met: Int? = nil) -> [JSON] {
    let config = RoundGate.Config(carried: carried.map(\.0), until: met != nil)
    let rows = Dictionary(uniqueKeysWithValues: carried.map { (RoundGate.role(of: $0), $1) })
    let made = RoundGate.decision(config) { $0 == RoundGate.untilRole ? met ?? 0 : rows[$0] ?? 0 }
    return [.bool(made.goesOn), .string(made.because)]
  }

  @Test func aGateGoesOnWhileSomethingIsCarriedAndNothingSatisfiesUntil() {
    #expect(decision(carried: [("a", 2)]) == [true, "2 rows are carried"])
    #expect(decision(carried: [("a", 0), ("b", 1)]) == [true, "1 row is carried"])
    #expect(decision(carried: [("a", 0), ("b", 0)]) == [false, "no row is carried"])
    #expect(decision(carried: [("a", 2)], met: 0) == [true, "2 rows are carried"])
    #expect(decision(carried: [("a", 2)], met: 1) == [false, "1 row satisfies until"])
    #expect(decision(carried: [("a", 2)], met: 3) == [false, "3 rows satisfy until"])
    #expect(decision(carried: [], met: 0) == [true, "no row satisfies until"])
    #expect(decision(carried: []) == [true, "no row satisfies until"])
  }

  /// 0 is a reader of round 1, 1 its gate, 2 a reader of round 2, 3 one that takes the last round's rows.
  private static let nodes: [Scheduler.Node] = [
    .reader, .reader.after(0).deciding, .reader.behind(1, goesOn: true), .reader.behind(1, goesOn: false),
  ]

  private func played(_ goesOn: Bool) -> Play {
    var play = Play(Self.nodes)
    play.reads(0)
    play.begins(1)
    play.asks(.lookUpSet(stage: 1, group: nil), .set(stage: 1, .known))
    play.asks(.finish(stage: 1, settled: true))
    play.asks(.decide(stage: 1), .decided(stage: 1, goesOn: goesOn))
    return play
  }

  @Test func aRoundIsPlayedWhenTheGateGoesOn() {
    var play = played(true)
    play.asks(.skip(stage: 3))
    play.reads(2)
    play.asks(.end(.complete))
  }

  @Test func aRoundIsSkippedWhenItDoesNot() {
    var play = played(false)
    play.reads(3)
    play.asks(.skip(stage: 2))
    play.asks(.end(.complete))
  }

  @Test func aFailedRoundHoldsItsGate() {
    var play = Play(Self.nodes)
    play.asks(.begin(stage: 0), .couldNotBegin(stage: 0))
    play.asks(.finish(stage: 0, settled: false))
    for stage in [1, 3, 2] { play.asks(.finish(stage: stage, settled: false)) }
    play.asks(.end(.incomplete))
  }

  /// A gate of a round that is not played lets nothing pass, whatever it would decide.
  @Test func allRoundsBehindASkippedGateAreSkipped() {
    var play = Play([
      .reader.deciding, .reader.behind(0, goesOn: true).deciding, .reader.behind(1, goesOn: true),
      .reader.behind(1, goesOn: false),
    ])
    play.begins(0)
    play.asks(.lookUpSet(stage: 0, group: nil), .set(stage: 0, .known))
    play.asks(.finish(stage: 0, settled: true))
    play.asks(.decide(stage: 0), .decided(stage: 0, goesOn: false))
    play.asks(.skip(stage: 1))
    play.asks(.skip(stage: 3))
    play.asks(.skip(stage: 2))
    play.asks(.end(.complete))
  }
}
