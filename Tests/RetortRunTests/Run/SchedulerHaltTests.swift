import Testing

@testable import RetortCore
@testable import RetortRun
@testable import RetortStore

/// Runs that stop before their end.
@Suite struct SchedulerHaltTests {
  /// Two rows of a stage that calls a model are in flight, a third is ready.
  private func atWork() -> Play {
    var play = Play([.reader, .rows(from: 0, window: 2).calling])
    play.begins(1)
    play.reads(0)
    play.asks(
      .lookUpRows(stage: 1, upstream: 0, after: 0, limit: 3), .rows(stage: 1, upstream: 0, [7, 8, 9]))
    play.asks(.performRow(stage: 1, 7))
    play.asks(.performRow(stage: 1, 8))
    play.asks(.lookUpRows(stage: 1, upstream: 0, after: 9, limit: 3), .rows(stage: 1, upstream: 0, []))
    return play
  }

  @Test func aHaltStartsNoFurtherCallAndWaitsForThoseInFlight() {
    var play = atWork()
    let halted = Scheduler.StepEnd.halted(.budget, message: "spent")
    play.asks(.wait, .ended(stage: 1, .row(7), halted))
    play.asks(.settleRow(stage: 1, row: 7, halted, followers: []))
    play.asks(.announce(.budget, message: "spent"))
    play.asks(.wait, .done(1, row: 8))
    play.asks(.settleRow(stage: 1, row: 8, .done(.one), followers: []))
    play.asks(.end(.budget))
  }

  @Test func theFirstHaltIsTheOneThatIsToldAndStands() {
    var play = atWork()
    let (first, second) = (
      Scheduler.StepEnd.halted(.parked, message: "401"), Scheduler.StepEnd.halted(.budget, message: "spent")
    )
    play.asks(.wait, .ended(stage: 1, .row(8), first), .ended(stage: 1, .row(7), second))
    play.asks(.settleRow(stage: 1, row: 8, first, followers: []))
    play.asks(.announce(.parked, message: "401"))
    play.asks(.settleRow(stage: 1, row: 7, second, followers: []))
    play.asks(.end(.parked))
  }

  @Test func rowsThatWaitHoldNothingUpButTheirOwn() {
    var play = atWork()
    let waits = Scheduler.StepEnd.halted(.waiting, message: "a verdict")
    play.asks(.wait, .ended(stage: 1, .row(7), waits))
    play.asks(.settleRow(stage: 1, row: 7, waits, followers: []))
    play.asks(.performRow(stage: 1, 9))
    play.asks(.wait, .done(1, row: 8), .ended(stage: 1, .row(9), .failed(isRefused: false)))
    play.asks(.settleRow(stage: 1, row: 8, .done(.one), followers: []))
    play.asks(.settleRow(stage: 1, row: 9, .failed(isRefused: false), followers: []))
    play.asks(.finish(stage: 1, settled: false))
    play.asks(.end(.waiting))
  }

  @Test func whatStopsTheRunComesBeforeWhatWaits() {
    var play = atWork()
    let waits = Scheduler.StepEnd.halted(.waiting, message: "a verdict")
    let halted = Scheduler.StepEnd.halted(.budget, message: "spent")
    play.asks(.wait, .ended(stage: 1, .row(7), waits), .ended(stage: 1, .row(8), halted))
    play.asks(.settleRow(stage: 1, row: 7, waits, followers: []))
    play.asks(.settleRow(stage: 1, row: 8, halted, followers: []))
    play.asks(.announce(.budget, message: "spent"))
    play.asks(.end(.budget))
  }

  @Test func stagesWithoutModelsGoOnUnderAHalt() {
    var play = Play([.reader, .rows(from: 0, window: 2).calling, .rows(from: 1)])
    play.begins(2)
    play.begins(1)
    play.reads(0)
    play.asks(
      .lookUpRows(stage: 1, upstream: 0, after: 0, limit: 3), .rows(stage: 1, upstream: 0, [7, 8, 9]))
    play.asks(.performRow(stage: 1, 7))
    play.asks(.performRow(stage: 1, 8))
    play.asks(.lookUpRows(stage: 1, upstream: 0, after: 9, limit: 3), .rows(stage: 1, upstream: 0, []))
    play.asks(.wait, .ended(stage: 1, .row(7), .halted(.parked, message: "401")), .done(1, row: 8))
    play.asks(.settleRow(stage: 1, row: 7, .halted(.parked, message: "401"), followers: []))
    play.asks(.announce(.parked, message: "401"))
    play.asks(.settleRow(stage: 1, row: 8, .done(.one), followers: []))
    play.asks(.lookUpRows(stage: 2, upstream: 1, after: 0, limit: 3), .rows(stage: 2, upstream: 1, [18]))
    play.asks(.performRow(stage: 2, 18))
    play.asks(.wait, .done(2, row: 18))
    play.asks(.settleRow(stage: 2, row: 18, .done(.one), followers: []))
    play.asks(.end(.parked))
  }

  @Test func anInterruptionBeginsNothing() {
    var play = atWork()
    play.hears(.interrupted)
    play.asks(.wait, .done(1, row: 7))
    play.asks(.settleRow(stage: 1, row: 7, .done(.one), followers: []))
    play.asks(.wait, .ended(stage: 1, .row(8), .halted(.interrupted, message: "interrupted")))
    play.asks(.settleRow(stage: 1, row: 8, .halted(.interrupted, message: "interrupted"), followers: []))
    play.asks(.end(.interrupted))
  }

  @Test func anInterruptionOutranksAnotherHalt() {
    var play = atWork()
    play.asks(.wait, .ended(stage: 1, .row(7), .halted(.budget, message: "spent")), .interrupted)
    play.asks(.settleRow(stage: 1, row: 7, .halted(.budget, message: "spent"), followers: []))
    play.asks(.announce(.budget, message: "spent"))
    play.asks(.wait, .done(1, row: 8))
    play.asks(.settleRow(stage: 1, row: 8, .done(.one), followers: []))
    play.asks(.end(.interrupted))
  }

  @Test func whatHasFinishedIsNotInterrupted() {
    var play = Play([.reader])
    play.reads(0)
    play.hears(.interrupted)
    play.asks(.end(.complete))
  }

  @Test func aPendingStepHoldsWhatNeedsItAndStopsNothingElse() {
    var play = atWork()
    play.asks(.wait, .ended(stage: 1, .row(7), .pending))
    play.asks(.settleRow(stage: 1, row: 7, .pending, followers: []))
    play.asks(.performRow(stage: 1, 9))
    play.asks(.wait, .done(1, row: 8), .done(1, row: 9))
    play.asks(.settleRow(stage: 1, row: 8, .done(.one), followers: []))
    play.asks(.settleRow(stage: 1, row: 9, .done(.one), followers: []))
    play.asks(.finish(stage: 1, settled: false))
    play.asks(.end(.incomplete))
  }

  @Test func aHaltedSetIsNotLookedUpAgain() {
    var play = Play([.reader, .set(from: 0, window: 2).grouped.calling])
    play.begins(1)
    play.reads(0)
    play.asks(.lookUpAllGroups(stage: 1), .allGroups(stage: 1, ["a", "b"]))
    play.asks(
      .checkGroups(stage: 1, ["a", "b"]),
      .checked(stage: 1, ["a", "b"].map { .init(group: $0, isWhole: true) }))
    play.asks(.lookUpSet(stage: 1, group: "a"), .set(stage: 1, .missing(.init("A", 1))))
    play.asks(.performSet(stage: 1, group: "a", .init("A", 1)))
    play.hears(.ended(stage: 1, .set("A"), .halted(.budget, message: "spent")))
    play.asks(.settleSet(stage: 1, .halted(.budget, message: "spent")))
    play.asks(.announce(.budget, message: "spent"))
    play.asks(.lookUpSet(stage: 1, group: "b"), .set(stage: 1, .missing(.init("B", 1))))
    play.asks(.end(.budget))
  }
}
