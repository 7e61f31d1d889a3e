import Foundation
import RetortStore
import Testing

@testable import RetortCore
@testable import RetortRun

/// What the scheduler asks for and what it is told, as tables.
@Suite struct SchedulerTests {
  typealias Node = Scheduler.Node
  typealias Action = Scheduler.Action
  typealias Event = Scheduler.Event

  // MARK: Order of work

  @Test func theStageFurthestFromTheSourcesIsAskedFirst() {
    var play = Play([.reader, .rows(from: 0), .set(from: 1)])
    play.begins(1)
    play.reads(0)
    play.asks(.lookUpRows(stage: 1, upstream: 0, after: 0, limit: 3), .rows(stage: 1, upstream: 0, [7]))
    play.asks(.performRow(stage: 1, 7), .done(1, row: 7))
    play.asks(.settleRow(stage: 1, row: 7, .done(.one), followers: []))
    play.asks(.finish(stage: 1, settled: true))
    play.begins(2)
    play.asks(.lookUpSet(stage: 2, group: nil), .set(stage: 2, .missing(.init("A", 1))))
    play.asks(.performSet(stage: 2, group: nil, .init("A", 1)))
    play.asks(.wait, .ended(stage: 2, .set("A"), .done(.one)))
    play.asks(.settleSet(stage: 2, .done(.one)))
    play.asks(.finish(stage: 2, settled: true))
    play.asks(.end(.complete))
  }

  @Test func stagesOfEqualDepthAreAskedFromTheLastInTheFile() {
    var play = Play([.reader, .rows(from: 0), .rows(from: 0)])
    play.begins(2)
    play.begins(1)
    play.reads(0)
  }

  @Test func rowsThatComeOutGoOnBeforeOthersAreLookedUp() {
    var play = Play([.reader, .rows(from: 0, window: 1), .rows(from: 1)])
    play.begins(2)
    play.begins(1)
    play.reads(0)
    play.asks(
      .lookUpRows(stage: 1, upstream: 0, after: 0, limit: 3), .rows(stage: 1, upstream: 0, [7, 8, 9]))
    play.asks(.performRow(stage: 1, 7))
    play.asks(.wait, .done(1, row: 7))
    play.asks(.settleRow(stage: 1, row: 7, .done(.one), followers: []))
    play.asks(.lookUpRows(stage: 2, upstream: 1, after: 0, limit: 3), .rows(stage: 2, upstream: 1, [17]))
    play.asks(.performRow(stage: 2, 17))
    play.asks(.performRow(stage: 1, 8))
    play.asks(.wait)
  }

  @Test func aWaitIsRepeatedUntilAStepEnds() {
    var play = Play([.reader])
    play.asks(.begin(stage: 0), .begun(stage: 0))
    play.asks(.lookUpSet(stage: 0, group: nil), .set(stage: 0, .missing(.init("A", 0))))
    play.asks(.performSet(stage: 0, group: nil, .init("A", 0)))
    play.asks(.wait)
    play.asks(.wait, .ended(stage: 0, .set("A"), .done(.one)))
    play.asks(.settleSet(stage: 0, .done(.one)))
    play.asks(.finish(stage: 0, settled: true))
    play.asks(.end(.complete))
    play.asks(.end(.complete))
  }

  @Test func whatOnlyLeavesOutIsNotAsked() {
    var play = Play([.reader, .rows(from: 0), .rows(from: 0).leftOut])
    play.begins(1)
    play.reads(0)
    play.asks(.lookUpRows(stage: 1, upstream: 0, after: 0, limit: 3), .rows(stage: 1, upstream: 0, hits: 1))
    play.asks(.finish(stage: 1, settled: true))
    play.asks(.end(.complete))
  }

  // MARK: Windows and pages

  @Test func noMoreStepsAreInFlightThanTheWindowAllows() {
    var play = Play([.reader, .rows(from: 0, window: 2)])
    play.begins(1)
    play.reads(0)
    play.asks(
      .lookUpRows(stage: 1, upstream: 0, after: 0, limit: 3), .rows(stage: 1, upstream: 0, [7, 8, 9]))
    play.asks(.performRow(stage: 1, 7))
    play.asks(.performRow(stage: 1, 8))
    // One is ready: the next page may be looked up.
    play.asks(
      .lookUpRows(stage: 1, upstream: 0, after: 9, limit: 3), .rows(stage: 1, upstream: 0, [10, 11, 12]))
    play.asks(.wait, .done(1, row: 8))
    play.asks(.settleRow(stage: 1, row: 8, .done(.one), followers: []))
    play.asks(.performRow(stage: 1, 9))
    play.asks(.wait, .done(1, row: 9), .done(1, row: 7))
    play.asks(.settleRow(stage: 1, row: 9, .done(.one), followers: []))
    play.asks(.settleRow(stage: 1, row: 7, .done(.one), followers: []))
    play.asks(.performRow(stage: 1, 10))
    play.asks(.performRow(stage: 1, 11))
    play.asks(.lookUpRows(stage: 1, upstream: 0, after: 12, limit: 3), .rows(stage: 1, upstream: 0, []))
    play.asks(.wait)
  }

  @Test func rowsAreLookedUpUntilAPageIsNotFull() {
    var play = Play([.reader, .rows(from: 0)])
    play.begins(1)
    play.reads(0)
    play.asks(
      .lookUpRows(stage: 1, upstream: 0, after: 0, limit: 3), .rows(stage: 1, upstream: 0, hits: 3, last: 9))
    play.asks(
      .lookUpRows(stage: 1, upstream: 0, after: 9, limit: 3), .rows(stage: 1, upstream: 0, hits: 1, last: 10))
    play.asks(.finish(stage: 1, settled: true))
    play.asks(.end(.complete))
  }

  @Test func anEmptySourceSettlesWhatFollows() {
    var play = Play([.reader, .rows(from: 0), .set(from: 1)])
    play.begins(1)
    play.reads(0)
    play.asks(.lookUpRows(stage: 1, upstream: 0, after: 0, limit: 3), .rows(stage: 1, upstream: 0, []))
    play.asks(.finish(stage: 1, settled: true))
    play.begins(2)
    play.asks(.lookUpSet(stage: 2, group: nil), .set(stage: 2, .known))
    play.asks(.finish(stage: 2, settled: true))
    play.asks(.end(.complete))
  }

  @Test func aUnionTakesTheRowsOfItsBranchesInTurn() {
    var play = Play([.reader, .reader, .rows(from: 0, 1)])
    play.begins(2)
    play.reads(1)
    play.reads(0)
    play.asks(.lookUpRows(stage: 2, upstream: 0, after: 0, limit: 3), .rows(stage: 2, upstream: 0, [7]))
    play.asks(.performRow(stage: 2, 7))
    play.asks(.lookUpRows(stage: 2, upstream: 1, after: 0, limit: 3), .rows(stage: 2, upstream: 1, [8]))
    play.asks(.performRow(stage: 2, 8))
    play.asks(.wait, .done(2, row: 7), .done(2, row: 8))
    play.asks(.settleRow(stage: 2, row: 7, .done(.one), followers: []))
    play.asks(.settleRow(stage: 2, row: 8, .done(.one), followers: []))
    play.asks(.finish(stage: 2, settled: true))
    play.asks(.end(.complete))
  }

  @Test func theSameRowIsPerformedOnceAndItsLaterOccurrencesShareTheEnd() {
    var play = Play([.reader, .rows(from: 0)])
    play.begins(1)
    play.reads(0)
    let page = Scheduler.RowPage(rows: 2, last: 102, misses: [7, .init(102, row: 7)])
    play.asks(.lookUpRows(stage: 1, upstream: 0, after: 0, limit: 3), .rows(stage: 1, upstream: 0, page))
    play.asks(.performRow(stage: 1, 7))
    play.asks(.wait, .done(1, row: 7))
    play.asks(.settleRow(stage: 1, row: 7, .done(.one), followers: [102]))
    play.asks(.finish(stage: 1, settled: true))
  }

  // MARK: Failures

  @Test func aFailedRowHoldsTheSetThatNeedsIt() {
    var play = Play([.reader, .rows(from: 0), .set(from: 1), .set(from: 2)])
    play.begins(1)
    play.reads(0)
    play.asks(.lookUpRows(stage: 1, upstream: 0, after: 0, limit: 3), .rows(stage: 1, upstream: 0, [7, 8]))
    play.asks(.performRow(stage: 1, 7))
    play.asks(.performRow(stage: 1, 8))
    play.asks(
      .wait, .ended(stage: 1, .row(7), .failed(isRefused: false)), .done(1, row: 8))
    play.asks(.settleRow(stage: 1, row: 7, .failed(isRefused: false), followers: []))
    play.asks(.settleRow(stage: 1, row: 8, .done(.one), followers: []))
    play.asks(.finish(stage: 1, settled: false))
    play.asks(.finish(stage: 2, settled: false))
    play.asks(.finish(stage: 3, settled: false))
    play.asks(.end(.incomplete))
  }

  @Test func aFailureThatIsADropHoldsNothingAndLeavesTheRunIncomplete() {
    var play = Play([.reader, .rows(from: 0).dropping, .set(from: 1)])
    play.begins(1)
    play.reads(0)
    play.asks(.lookUpRows(stage: 1, upstream: 0, after: 0, limit: 3), .rows(stage: 1, upstream: 0, [7]))
    play.asks(.performRow(stage: 1, 7))
    play.asks(.wait, .ended(stage: 1, .row(7), .failed(isRefused: false)))
    play.asks(.settleRow(stage: 1, row: 7, .failed(isRefused: false), followers: []))
    play.asks(.finish(stage: 1, settled: true))
    play.begins(2)
    play.asks(.lookUpSet(stage: 2, group: nil), .set(stage: 2, .known))
    play.asks(.finish(stage: 2, settled: true))
    play.asks(.end(.incomplete))
  }

  @Test(arguments: [false, true]) func aRowThatWasRefusedForGoodCountsAsFailed(drops: Bool) {
    var play = Play([.reader, drops ? .rows(from: 0).dropping : .rows(from: 0)])
    play.begins(1)
    play.reads(0)
    play.asks(
      .lookUpRows(stage: 1, upstream: 0, after: 0, limit: 3),
      .rows(stage: 1, upstream: 0, .init(rows: 1, last: 7, refused: 1)))
    play.asks(.finish(stage: 1, settled: drops))
    play.asks(.end(.incomplete))
  }

  @Test func aStageThatCannotBeginHasFailedAsAWhole() {
    var play = Play([.reader, .rows(from: 0)])
    play.asks(.begin(stage: 1), .couldNotBegin(stage: 1))
    play.asks(.finish(stage: 1, settled: false))
    play.reads(0)
    play.asks(.end(.incomplete))
  }

  @Test func aSetUnderUsingIsWaitedFor() {
    var play = Play([.reader, .reader, .rows(from: 0).using(1)])
    play.reads(1)
    play.reads(0)
    play.begins(2)
    play.asks(.lookUpRows(stage: 2, upstream: 0, after: 0, limit: 3), .rows(stage: 2, upstream: 0, hits: 1))
    play.asks(.finish(stage: 2, settled: true))
    play.asks(.end(.complete))
  }

  @Test func aSetUnderUsingThatFailedKeepsTheStageFromBeginning() {
    var play = Play([.reader, .reader, .rows(from: 0).using(1)])
    play.asks(.begin(stage: 1), .couldNotBegin(stage: 1))
    play.asks(.finish(stage: 1, settled: false))
    play.reads(0)
    play.asks(.finish(stage: 2, settled: false))
    play.asks(.end(.incomplete))
  }

  @Test(arguments: [false, true]) func aFailedSetIsHeldOrDroppedWithItsRows(drops: Bool) {
    let set = drops ? Node.set(from: 0).dropping : .set(from: 0)
    var play = Play([.reader, set, .rows(from: 1)])
    play.begins(2)
    play.reads(0)
    play.begins(1)
    play.asks(.lookUpSet(stage: 1, group: nil), .set(stage: 1, .missing(.init("A", 2))))
    play.asks(.performSet(stage: 1, group: nil, .init("A", 2)))
    play.asks(.wait, .ended(stage: 1, .set("A"), .failed(isRefused: false)))
    if drops {
      play.asks(.settleSet(stage: 1, .done(.init(rows: 2, dropped: 2, out: 0))))
      play.asks(.lookUpRows(stage: 2, upstream: 1, after: 0, limit: 3), .rows(stage: 2, upstream: 1, []))
    } else {
      play.asks(.settleSet(stage: 1, .failed(isRefused: false)))
    }
    play.asks(.finish(stage: 1, settled: drops))
    if drops {
      play.asks(.finish(stage: 2, settled: true))
    } else {
      play.asks(.finish(stage: 2, settled: false))
    }
    play.asks(.end(.incomplete))
  }

  @Test func aSetWithoutRowsHasNothingToDrop() {
    var play = Play([.reader.dropping])
    play.asks(.begin(stage: 0), .begun(stage: 0))
    play.asks(.lookUpSet(stage: 0, group: nil), .set(stage: 0, .missing(.init("A", 0))))
    play.asks(.performSet(stage: 0, group: nil, .init("A", 0)))
    play.asks(.wait, .ended(stage: 0, .set("A"), .failed(isRefused: false)))
    play.asks(.settleSet(stage: 0, .failed(isRefused: false)))
    play.asks(.finish(stage: 0, settled: false))
    play.asks(.end(.incomplete))
  }

  @Test func aSetThatWasRefusedForGoodIsPassedOver() {
    let refused = SetInput("A", 2)
    var play = Play([.reader, .set(from: 0)])
    play.reads(0)
    play.begins(1)
    play.asks(.lookUpSet(stage: 1, group: nil), .set(stage: 1, .refused(refused)))
    play.asks(.passOverSet(stage: 1, group: nil, refused))
    play.asks(.finish(stage: 1, settled: false))
    play.asks(.end(.incomplete))
  }
}
