import Foundation
import OrderedCollections
import RetortStore
import Testing

@testable import RetortCore
@testable import RetortRun

/// Rounds as a user plays them: what is asked, what comes out, and what is done again.
@Suite struct RoundsRunTests {
  private static let whole = ["Write": 4, "Judge": 4 + 3 + 2 + 1, "Improve": 3 + 2 + 1]

  @Test func roundsRefineWhatIsCarried() async throws {
    let project = try RoundsProject()
    let first = try await project.run()
    #expect(first.status == .complete)
    #expect(first.calls == Self.whole)
    #expect(try project.drafts("round-1") == ["t1 v1", "t2 v1", "t9 v1"])
    #expect(try project.drafts("round-2") == ["t2 v2", "t9 v2"])
    #expect(try project.drafts("round-3") == ["t9 v3"])
    #expect(try project.drafts("all") == ["t1 v1", "t2 v1", "t2 v2", "t9 v1", "t9 v2", "t9 v3"])
    #expect(try project.drafts("last") == ["t9 v3"])
    let again = try await project.run()
    #expect(again.asked.isEmpty && again.worked.isEmpty)
    #expect(again.summary.exports.allSatisfy { $0.unchanged == true })
  }

  @Test func theDecisionAndItsNumbersAreRows() async throws {
    let project = try RoundsProject()
    try await project.run()
    let gates = try await project.store.inspector.query(
      "SELECT round, goes_on, because, carried, met FROM revise ORDER BY round")
    #expect(
      gates == [
        ["round": 1, "goes_on": 1, "because": "2 rows are carried", "carried": #"{"poor":2}"#, "met": 0],
        ["round": 2, "goes_on": 1, "because": "1 row is carried", "carried": #"{"poor":1}"#, "met": 0],
      ])
    #expect(
      try await project.store.inspector.query("SELECT round, count(*) AS rows FROM revised GROUP BY round")
        == [
          ["round": 1, "rows": 3], ["round": 2, "rows": 2], ["round": 3, "rows": 1],
        ])
  }

  // MARK: The last round

  @Test func aRowThatSatisfiesUntilEndsTheRounds() async throws {
    let project = try RoundsProject()
    let ended = try await project.run(set: ["revise.until.where=[{ column: draft, equals: 't2 v1' }]"])
    #expect(ended.status == .complete)
    #expect(ended.calls == ["Write": 4, "Judge": 4 + 3, "Improve": 3])
    #expect(ended.noted == ["revise[1]: the last round: 1 row satisfies until"])
    #expect(
      ended.summary.skipped == [
        "revise[2].revised", "revise[2].judged_again", "revise[2].still_poor", "revise[2].out",
        "revise[2].until",
        "revise[2]", "revise[3].revised", "revise[3].judged_again", "revise[3].still_poor", "revise[3].out",
        "revise[3].until", "revise[2].still_poor.last", "revise[3].still_poor.last",
      ])
    #expect(try project.drafts("last") == ["t2 v1", "t9 v1"])
    #expect(try project.drafts("round-2") == nil)
  }

  @Test func aRoundThatCarriesNothingIsTheLast() async throws {
    let project = try RoundsProject(topics: ["t0", "t1"])
    let ended = try await project.run()
    #expect(ended.status == .complete)
    #expect(ended.calls == ["Write": 2, "Judge": 3, "Improve": 1])
    #expect(ended.noted == ["revise[1]: the last round: no row is carried"])
    #expect(try project.drafts("all") == ["t1 v1"])
    // No row, no file.
    #expect(try project.drafts("last") == nil)
  }

  @Test func aFileOfARoundThatIsNotPlayedAnyMoreIsSaidToBeOld() async throws {
    let project = try RoundsProject()
    try await project.run()
    let ended = try await project.run(set: ["revise.until.where=[{ column: draft, equals: 't9 v2' }]"])
    #expect(
      ended.noted == [
        "revise[2]: the last round: 1 row satisfies until",
        "revise[3].out: not played, so out/round-3.jsonl is still that of an earlier run",
      ])
    #expect(ended.asked.isEmpty)
    #expect(try project.drafts("last") == ["t9 v2"])
  }

  // MARK: What holds a gate

  @Test func aFailedRowHoldsTheGateAndIsAskedForAlone() async throws {
    let project = try RoundsProject()
    project.refuse("Judge t2 v1")
    let first = try await project.run()
    #expect(first.status == .incomplete)
    #expect(first.calls == ["Write": 4, "Judge": 4 + 2, "Improve": 3])
    #expect(try project.drafts("round-1") == nil)
    let plan = try await project.plan()
    #expect(plan["revise[1]"] == "0 0 waits for round 1")
    #expect(plan["revise[2].revised"]?.hasSuffix("unknown until round 1 has settled") == true)
    project.refuse()
    let second = try await project.run()
    #expect(second.status == .complete)
    #expect(second.calls == ["Judge": 1 + 2 + 1, "Improve": 2 + 1])
    #expect(try project.drafts("all") == ["t1 v1", "t2 v1", "t2 v2", "t9 v1", "t9 v2", "t9 v3"])
  }

  // MARK: Parts of a run

  @Test func onlyAStageOfRoundsMeansAllOfThem() async throws {
    let project = try RoundsProject()
    let one = try await project.run(RunOptions(only: "revise[1].judged_again"))
    #expect(one.calls == ["Write": 4, "Judge": 4 + 3, "Improve": 3])
    #expect(try project.drafts("round-1") == nil)
    let all = try await project.run(RunOptions(only: "revise.judged_again"))
    #expect(all.calls == ["Judge": 2 + 1, "Improve": 2 + 1])
    #expect(all.status == .complete)
    // The gates are a part of it, and the whole rounds before them.
    #expect(all.summary.exports.map(\.stage) == ["revise[1].out", "revise[2].out"])
    await #expect(throws: RunError.self) { try await project.run(RunOptions(only: "revise.nothing")) }
  }

  @Test func aPilotPlaysRoundsOverItsRows() async throws {
    let project = try RoundsProject()
    let pilot = try await project.run(RunOptions(selection: .first(3)))
    #expect(pilot.calls == ["Write": 3, "Judge": 3 + 2 + 1, "Improve": 2 + 1])
    #expect(pilot.noted == ["revise[2]: the last round: no row is carried"])
    #expect(try project.drafts("round-2.limited") == ["t2 v2"])
    let whole = try await project.run()
    #expect(whole.calls == ["Write": 1, "Judge": 1 + 3, "Improve": 3])
  }

  // MARK: The plan

  @Test func thePlanPricesAllRounds() async throws {
    let project = try RoundsProject()
    let fresh = try await project.plan()
    #expect(fresh["revise[3].revised"]?.hasSuffix("unknown until round 2 has settled") == true)
    #expect(fresh["all"] == "0 0 waits for revise.judged_again")
    try await project.run()
    let done = try await project.plan()
    #expect(
      done.values.allSatisfy { $0.hasSuffix(" done") || $0 == "0 0 another round is the last" }, "\(done)")
    let ended = try await project.plan(set: ["revise.until.where=[{ column: draft, equals: 't9 v2' }]"])
    #expect(ended["revise[3].revised"] == "0 0 not played: an earlier round is the last")
    #expect(ended["revise[1].still_poor.last"] == "0 0 another round is the last")
  }
}

/// What is asked again after a change: the table of docs/rounds.md.
@Suite struct RoundsRedoTests {
  struct Change: Sendable, CustomStringConvertible {
    var description: String
    /// What was run before, and the change.
    var before: [String] = []
    var set: [String] = []
    var redo: Set<String> = []
    /// Calls by the word that their prompts begin with.
    var asks: [String: Int] = [:]
    /// Stages with new steps, exports among them.
    var works: [String] = []
  }

  private static let until = "revise.until.where=[{ column: draft, equals: 't2 v1' }]"

  static let changes: [Change] = [
    Change(description: "nothing"),
    Change(
      description: "max is raised", before: ["revise.max=2"], asks: ["Improve": 1, "Judge": 1],
      works: [
        "all", "last", "revise[2]", "revise[3].revised", "revise[3].judged_again", "revise[3].still_poor",
        "revise[3].out", "revise[3].until", "revise[3].still_poor.last",
      ]),
    Change(description: "max is raised after until was met", before: [until, "revise.max=2"], set: [until]),
    Change(
      description: "max is lowered", set: ["revise.max=2"],
      works: ["all", "last", "revise[2].still_poor.last"]),
    Change(
      description: "until is met earlier", set: [until],
      works: ["all", "last", "revise[1].until", "revise[1]", "revise[1].still_poor.last"]),
    Change(
      description: "a stage that draws is redone in all rounds", redo: ["revise.revised"],
      asks: ["Improve": 6],
      works: ["revise[1].revised", "revise[2].revised", "revise[3].revised"]),
    Change(
      description: "the short name means the same", redo: ["revised"], asks: ["Improve": 6],
      works: ["revise[1].revised", "revise[2].revised", "revise[3].revised"]),
    Change(
      description: "a stage that draws is redone in one round", redo: ["revise[2].revised"],
      asks: ["Improve": 2],
      works: ["revise[2].revised"]),
    Change(
      description: "a stage that asks nobody is redone", redo: ["revise.still_poor"],
      works: ["revise[1].still_poor", "revise[2].still_poor", "revise[3].still_poor"]),
    Change(
      description: "the model is told something else inside", set: ["judged_again.system=Be strict."],
      asks: ["Judge": 6],
      works: ["revise[1].judged_again", "revise[2].judged_again", "revise[3].judged_again"]),
  ]

  @Test(arguments: changes) func whatAChangeRedoes(change: Change) async throws {
    let project = try RoundsProject()
    #expect(try await project.run(set: change.before).status == .complete)
    let after = try await project.run(RunOptions(redo: change.redo), set: change.set)
    #expect(after.status == .complete)
    #expect(after.calls == change.asks)
    #expect(after.worked == change.works)
    // And once more: nothing.
    #expect(try await project.run(set: change.set).asked.isEmpty)
  }

  /// Without rounds, and before or after a pipeline that has them: neither pays for the other.
  @Test func aPipelineWithoutRoundsSharesWhatIsTheSame() async throws {
    let project = try RoundsProject()
    try await project.run()
    let text = try #require(RoundsProject.file.split(separator: "  all:").first)
    try project.write("\(text)")
    #expect(try await project.run().asked.isEmpty)
    let other = try RoundsProject("\(text)")
    #expect(try await other.run().calls == ["Write": 4, "Judge": 4])
    try other.write(RoundsProject.file)
    #expect(try await other.run().calls == ["Judge": 6, "Improve": 6])
  }

  @Test func aRoundOfItsOwnIsNamedWhereItDraws() async throws {
    let project = try RoundsProject()
    let error = await #expect(throws: RunError.self) {
      try await project.run(RunOptions(redo: ["revise[2].still_poor"]))
    }
    #expect(
      error?.description
        == "expected revise.still_poor after --redo, since 'filter' draws no samples and its steps are the same in "
        + "every round, found 'revise[2].still_poor'")
  }

  /// A redo that a killed run has begun is gone on with, in each of its rounds.
  @Test func aRedoThatWasInterruptedGoesOn() async throws {
    let project = try RoundsProject()
    try await project.run()
    project.refuse("Improve t9 v1")
    let redo = RunOptions(redo: ["revise.revised"])
    let broken = try await project.run(redo)
    #expect(broken.status == .incomplete)
    #expect(broken.calls == ["Improve": 4])
    project.refuse()
    let resumed = try await project.run(RunOptions(redo: ["revise.revised"], origin: broken.summary.run))
    #expect(resumed.status == .complete)
    #expect(resumed.calls == ["Improve": 2])
  }

  /// The number of the round is in the request where samples are drawn: two rounds draw two samples of one prompt.
  @Test func oneDrawsAnewInEveryRound() async throws {
    let file = """
      models:
        writer: { endpoint: "http://127.0.0.1:9/v1", name: w, retries: 0 }
      stages:
        topics: { uses: read-jsonl, with: { file: topics.jsonl, columns: [topic] } }
        all: { uses: export-jsonl, from: play.drafts, with: { file: out/all.jsonl } }
      rounds:
        play:
          max: MOST
          carry: { topics: same }
          stages:
            drafts: { uses: generate, from: topics, with: { model: writer, template: "Write {{topic}}", column: draft } }
            same: { uses: filter, from: topics, with: { where: [{ column: topic, matches: t }] } }
      """
    let project = try RoundsProject(file.replacing("MOST", with: "1"), topics: ["t1"])
    #expect(try await project.run().asked == ["Write t1"])
    try project.write(file.replacing("MOST", with: "3"))
    let raised = try await project.run()
    #expect(raised.asked == ["Write t1", "Write t1"])
    #expect(try project.drafts("all") == ["t1 v0", "t1 v0", "t1 v0"])
    #expect(
      raised.worked == [
        "all", "play[1]", "play[2].drafts", "play[2]", "play[3].drafts",
      ])
  }

  /// A union counts as several inputs while there is but one round, so that a round which adds nothing changes nothing.
  @Test func aUnionOfOneRoundIsAUnion() async throws {
    let project = try RoundsProject(topics: ["t1"])
    try await project.run(set: ["revise.max=1"])
    let raised = try await project.run()
    #expect(raised.asked.isEmpty)
    #expect(raised.worked == ["revise[1]"])
  }
}
