import RetortStore
import Testing

@testable import RetortCore
@testable import RetortRun

/// Sets under `per:`, of which each group has a step of its own.
@Suite struct SchedulerGroupTests {
  private static let nodes: [Scheduler.Node] = [.reader, .rows(from: 0), .set(from: 1).grouped]

  /// Up to where two rows of two groups have come out of the row stage, which is at work on a third.
  private func atWork() -> Play {
    var play = Play(Self.nodes)
    play.begins(2)
    play.begins(1)
    play.reads(0)
    play.asks(
      .lookUpRows(stage: 1, upstream: 0, after: 0, limit: 3), .rows(stage: 1, upstream: 0, [1, 2, 3]))
    for row: Arrival in [1, 2, 3] { play.asks(.performRow(stage: 1, row)) }
    play.asks(.lookUpRows(stage: 1, upstream: 0, after: 3, limit: 3), .rows(stage: 1, upstream: 0, []))
    play.asks(.wait, .done(1, row: 1), .done(1, row: 2))
    play.asks(.settleRow(stage: 1, row: 1, .done(.one), followers: []))
    play.asks(.settleRow(stage: 1, row: 2, .done(.one), followers: []))
    play.asks(
      .lookUpGroups(stage: 2, upstream: 1, after: 0, limit: 3),
      .groups(stage: 2, upstream: 1, .init(rows: 2, last: 12, groups: ["a", "b"])))
    return play
  }

  @Test func aWholeGroupDoesNotWaitForTheOthers() {
    var play = atWork()
    play.asks(
      .checkGroups(stage: 2, ["a", "b"]),
      .checked(stage: 2, [.init(group: "a", isWhole: true), .init(group: "b", isWhole: false)]))
    play.asks(.lookUpSet(stage: 2, group: "a"), .set(stage: 2, .missing(.init("A", 1))))
    play.asks(.performSet(stage: 2, group: "a", .init("A", 1)))
    play.asks(.wait, .ended(stage: 2, .set("A"), .done(.one)))
    play.asks(.settleSet(stage: 2, .done(.one)))
    play.asks(.wait, .done(1, row: 3))
    play.asks(.settleRow(stage: 1, row: 3, .done(.one), followers: []))
    // The one that was open is looked at again with the one that has come.
    play.asks(
      .lookUpGroups(stage: 2, upstream: 1, after: 12, limit: 3),
      .groups(stage: 2, upstream: 1, .init(rows: 1, last: 13, groups: ["c"])))
    play.asks(
      .checkGroups(stage: 2, ["c", "b"]),
      .checked(stage: 2, [.init(group: "c", isWhole: false), .init(group: "b", isWhole: false)]))
    play.asks(.finish(stage: 1, settled: true))
    play.asks(.lookUpAllGroups(stage: 2), .allGroups(stage: 2, ["a", "b", "c", "d"]))
    play.asks(
      .checkGroups(stage: 2, ["b", "c", "d"]),
      .checked(stage: 2, ["b", "c", "d"].map { .init(group: $0, isWhole: true) }))
    play.asks(.lookUpSet(stage: 2, group: "b"), .set(stage: 2, .known))
    play.asks(.lookUpSet(stage: 2, group: "c"), .set(stage: 2, .known))
    play.asks(.lookUpSet(stage: 2, group: "d"), .set(stage: 2, .empty))
    play.asks(.finish(stage: 2, settled: true))
    play.asks(.end(.complete))
  }

  @Test func aGroupOfAFailedRowStaysOpenAndTheOthersAreMade() {
    var play = atWork()
    play.asks(
      .checkGroups(stage: 2, ["a", "b"]),
      .checked(stage: 2, ["a", "b"].map { .init(group: $0, isWhole: true) }))
    play.asks(.lookUpSet(stage: 2, group: "a"), .set(stage: 2, .known))
    play.asks(.lookUpSet(stage: 2, group: "b"), .set(stage: 2, .known))
    play.asks(.wait, .ended(stage: 1, .row(3), .failed(isRefused: false)))
    play.asks(.settleRow(stage: 1, row: 3, .failed(isRefused: false), followers: []))
    play.asks(.finish(stage: 1, settled: false))
    play.asks(.lookUpAllGroups(stage: 2), .allGroups(stage: 2, ["a", "b", "c"]))
    play.asks(.checkGroups(stage: 2, ["c"]), .checked(stage: 2, [.init(group: "c", isWhole: false)]))
    play.asks(.finish(stage: 2, settled: false))
    play.asks(.end(.incomplete))
  }

  @Test func equalGroupsShareOneStep() {
    var play = Play([.reader, .set(from: 0, window: 2).grouped])
    play.begins(1)
    play.reads(0)
    play.asks(.lookUpAllGroups(stage: 1), .allGroups(stage: 1, ["a", "b"]))
    play.asks(
      .checkGroups(stage: 1, ["a", "b"]),
      .checked(stage: 1, ["a", "b"].map { .init(group: $0, isWhole: true) }))
    play.asks(.lookUpSet(stage: 1, group: "a"), .set(stage: 1, .missing(.init("A", 1))))
    play.asks(.performSet(stage: 1, group: "a", .init("A", 1)))
    play.asks(.lookUpSet(stage: 1, group: "b"), .set(stage: 1, .missing(.init("A", 1))))
    play.asks(.wait, .ended(stage: 1, .set("A"), .done(.one)))
    play.asks(.settleSet(stage: 1, .done(.one)))
    play.asks(.lookUpSet(stage: 1, group: "b"), .set(stage: 1, .known))
    play.asks(.finish(stage: 1, settled: true))
    play.asks(.end(.complete))
  }

  @Test func noMoreGroupsAreInFlightThanTheWindowAllows() {
    var play = Play([.reader, .set(from: 0, window: 1).grouped])
    play.begins(1)
    play.reads(0)
    play.asks(.lookUpAllGroups(stage: 1), .allGroups(stage: 1, ["a", "b"]))
    play.asks(
      .checkGroups(stage: 1, ["a", "b"]),
      .checked(stage: 1, ["a", "b"].map { .init(group: $0, isWhole: true) }))
    play.asks(.lookUpSet(stage: 1, group: "a"), .set(stage: 1, .missing(.init("A", 1))))
    play.asks(.performSet(stage: 1, group: "a", .init("A", 1)))
    play.asks(.wait, .ended(stage: 1, .set("A"), .failed(isRefused: true)))
    play.asks(.settleSet(stage: 1, .failed(isRefused: true)))
    play.asks(.lookUpSet(stage: 1, group: "b"), .set(stage: 1, .missing(.init("B", 1))))
    play.asks(.performSet(stage: 1, group: "b", .init("B", 1)))
    play.asks(.wait, .ended(stage: 1, .set("B"), .done(.one)))
    play.asks(.settleSet(stage: 1, .done(.one)))
    play.asks(.finish(stage: 1, settled: false))
    play.asks(.end(.incomplete))
  }

  @Test func groupsAreLookedUpUntilAPageIsNotFull() {
    var play = Play([.reader, .rows(from: 0), .set(from: 1).grouped], pageSize: 1)
    play.begins(2)
    play.begins(1)
    play.reads(0)
    play.asks(.lookUpRows(stage: 1, upstream: 0, after: 0, limit: 1), .rows(stage: 1, upstream: 0, [1]))
    play.asks(.performRow(stage: 1, 1))
    play.asks(.lookUpRows(stage: 1, upstream: 0, after: 1, limit: 1), .rows(stage: 1, upstream: 0, [2]))
    play.asks(.performRow(stage: 1, 2))
    play.asks(.lookUpRows(stage: 1, upstream: 0, after: 2, limit: 1), .rows(stage: 1, upstream: 0, []))
    play.asks(.wait, .done(1, row: 1))
    play.asks(.settleRow(stage: 1, row: 1, .done(.one), followers: []))
    play.asks(
      .lookUpGroups(stage: 2, upstream: 1, after: 0, limit: 1),
      .groups(stage: 2, upstream: 1, .init(rows: 1, last: 11, groups: ["a"])))
    play.asks(.checkGroups(stage: 2, ["a"]), .checked(stage: 2, [.init(group: "a", isWhole: true)]))
    play.asks(.lookUpSet(stage: 2, group: "a"), .set(stage: 2, .known))
    // A further row of a group that was whole and is known is no new group.
    play.asks(
      .lookUpGroups(stage: 2, upstream: 1, after: 11, limit: 1),
      .groups(stage: 2, upstream: 1, .init(rows: 1, last: 12, groups: ["a"])))
    play.asks(
      .lookUpGroups(stage: 2, upstream: 1, after: 12, limit: 1),
      .groups(stage: 2, upstream: 1, .init(rows: 0, last: 12)))
    play.asks(.wait)
  }

  @Test func openGroupsAreLookedAtAgainInTurn() {
    var search = GroupSearch()
    let groups = (0..<100).map { "g\($0)" }
    search.add(groups)
    #expect(search.takeCandidates() == groups)
    #expect(search.checked(groups.map { .init(group: $0, isWhole: false) }) == [])
    #expect(search.takeCandidates() == nil)
    search.add(["x", "g1", "x"])
    let again = ["x", "g1", "g0"] + groups[2..<65]
    #expect(search.takeCandidates() == again)
    #expect(search.checked(again.map { .init(group: $0, isWhole: $0 == "x") }) == ["x"])
    search.add(["x"])
    #expect(search.takeCandidates() == nil)
    search.add(["y"])
    #expect(search.takeCandidates() == ["y"] + groups[65...] + ["g1", "g0"] + groups[2..<29])
  }
}
