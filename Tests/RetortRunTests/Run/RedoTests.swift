import Foundation
import GRDB
import OrderedCollections
import RetortTestSupport
import Synchronization
import Testing

@testable import RetortCore
@testable import RetortRun
@testable import RetortStages
@testable import RetortStore

/// A redo that does not come to its end costs nothing: the answers from before it stand until it has finished.
struct RedoTests {
  private static let words = ["a", "b", "c", "d"]
  private let redo = RunOptions(redo: ["shout"])

  /// A run, then a redo of `shout` that an interruption ends at "b"; the numbers of the runs are 1 and 2.
  private func interrupted(cores: Int = 1) async throws -> Lab {
    let lab = try Lab(records: Self.words)
    #expect(try await lab.run().status == .complete)
    try await interrupt(lab, redo)
    return lab
  }

  private func interrupt(_ lab: Lab, at word: String = "b", _ options: RunOptions) async throws {
    let interruption = Interruption()
    lab.interrupt(at: word, interruption)
    #expect(try await lab.run(options, interruption: interruption, cores: 1).status == .interrupted)
    lab.forgetPerformed()
  }

  private func resume(_ lab: Lab, _ origin: Int64 = 2) async throws -> RunSummary {
    try await lab.run(RunOptions(redo: ["shout"], origin: origin))
  }

  @Test func aPlainRunGoesByTheEarlierAnswersAndSaysSo() async throws {
    let lab = try await interrupted()
    let (status, events) = try await lab.telling()
    #expect(status == .complete)
    #expect(lab.performed.isEmpty)
    #expect(lab.gathered.count == 1)
    #expect(events == [.leavingRedo(UnfinishedRedo(stage: "shout", run: 2))])
    let plan = try await Plan.make(lab.pipeline, store: lab.store)
    #expect(plan.stages.map(\.reason) == ["done", "done", "done"])
    #expect(plan.unfinishedRedos == [UnfinishedRedo(stage: "shout", run: 2)])
  }

  @Test(arguments: [true, false])
  func resumingOrRedoingGoesOnWithTheSameTake(resumes: Bool) async throws {
    let lab = try await interrupted()
    let plan = try await lab.plan(redo)
    #expect(plan[1] == .init(stage: "shout", done: 2, todo: 2, waits: false, rows: 2, reason: "forced"))
    let ended = resumes ? try await resume(lab) : try await lab.run(redo)
    #expect(ended.status == .complete)
    #expect(lab.performed.sorted() == ["c", "d"])
    #expect(try await lab.takes() == [[1, nil]])
    lab.forgetPerformed()
    #expect(try await lab.run().status == .complete)
    #expect(try await resume(lab).status == .complete)
    #expect(lab.performed.isEmpty)
    #expect(try await lab.telling().events.isEmpty)
    // The next one is a new one.
    #expect(try await lab.run(redo).status == .complete)
    #expect(lab.performed.sorted() == Self.words)
    #expect(try await lab.takes() == [[2, nil]])
  }

  @Test func aRedoInterruptedTwiceIsOne() async throws {
    let lab = try await interrupted()
    try await interrupt(lab, at: "c", RunOptions(redo: ["shout"], origin: 2))
    #expect(try await lab.takes() == [[0, 1]])
    #expect(try await lab.run().status == .complete)
    #expect(lab.performed.isEmpty)
    #expect(try await resume(lab).status == .complete)
    #expect(lab.performed == ["d"])
  }

  @Test func aRedoThatFailedForARowIsNotFinished() async throws {
    let lab = try Lab(records: Self.words)
    _ = try await lab.run()
    lab.refuse("c")
    #expect(try await lab.run(redo).status == .incomplete)
    lab.forgetPerformed()
    #expect(try await lab.run().status == .complete)
    #expect(lab.performed.isEmpty)
    lab.refuse(nil)
    #expect(try await resume(lab).status == .complete)
    #expect(lab.performed == ["c"])
    #expect(try await lab.takes() == [[1, nil]])
  }

  /// Where nothing was answered before, the redo is all there is.
  @Test func aRedoOfWhatWasNeverDoneIsGoneOnWithByAnyRun() async throws {
    let lab = try Lab(records: Self.words)
    try await interrupt(lab, redo)
    #expect(try await lab.run().status == .complete)
    #expect(lab.performed.sorted() == ["c", "d"])
    #expect(try await lab.takes() == [[1, nil]])
  }

  @Test func oneOfTwoStagesMayHaveFinished() async throws {
    let lab = try Lab(records: Self.words)
    _ = try await lab.run()
    lab.refuseSets(true)
    let both = RunOptions(redo: ["shout", "gather"])
    #expect(try await lab.run(both).status == .incomplete)
    #expect(try await lab.takes() == [[0, 1], [1, nil]])
    lab.refuseSets(false)
    lab.forgetPerformed()
    #expect(try await lab.run().status == .complete)
    #expect(try await lab.run(RunOptions(redo: ["shout", "gather"], origin: 2)).status == .complete)
    #expect(lab.performed.isEmpty)
    #expect(lab.gathered.count == 2)
    #expect(try await lab.takes() == [[1, nil], [1, nil]])
  }

  /// Interrupted before it came to the stage, a redo is still to be begun.
  @Test func aResumeBeginsWhatTheRunHadNotBegun() async throws {
    let lab = try Lab(records: Self.words)
    _ = try await lab.run()
    try await interrupt(lab, RunOptions(redo: ["shout", "gather"]))
    #expect(try await lab.run(RunOptions(redo: ["shout", "gather"], origin: 2)).status == .complete)
    #expect(lab.gathered.count == 2)
    #expect(try await lab.takes() == [[1, nil], [1, nil]])
  }

  @Test func anotherPipelineWithTheStageKeepsItsAnswers() async throws {
    let lab = try Lab(records: Self.words)
    _ = try await lab.run()
    let fewer = lab.over(["a", "x"])
    #expect(try await lab.run(fewer, redo).status == .complete)
    #expect(lab.performed.sorted() == ["a", "a", "b", "c", "d", "x"])
    lab.forgetPerformed()
    #expect(try await lab.run().status == .complete)
    #expect(lab.performed.isEmpty)
  }

  @Test func aCollectionKeepsWhatARedoWouldReplace() async throws {
    let lab = try await interrupted()
    _ = try await lab.store.collect(keepRuns: 1, replies: true)
    #expect(try await lab.run().status == .complete)
    #expect(lab.performed.isEmpty)
    #expect(try await resume(lab).status == .complete)
    #expect(lab.performed.sorted() == ["c", "d"])
  }

  /// Before, a take was known by the stage's identity with its version.
  @Test func takesOfEarlierStoresAreKept() async throws {
    let lab = try Lab(records: [])
    @Sendable func identity(_ kind: String, _ version: Int64) -> JSON.Object {
      ["kind": .string(kind), "version": .int(version), "with": ["k": 1]]
    }
    let found = try await lab.store.write { db in
      /// A stage that `--redo` asked for so often, in a store of before.
      func begin(_ kind: String, _ version: Int64, takes: Int) throws {
        let base = identity(kind, version)
        for take in 0...takes {
          let identity = StageKey(base).identity(take: take)
          _ = try StepTables.fingerprint(identity, shown: identity, kind: kind, version: Int(version), db)
        }
        guard takes > 0 else { return }
        let key = Data(Digest(of: .object(base)).bytes)
        try db.execute(sql: "INSERT INTO take (stage, number) VALUES (?, ?)", arguments: [key, takes])
      }
      try begin("same", 1, takes: 2)
      try begin("raised", 1, takes: 3)
      try begin("twice", 1, takes: 3)
      try begin("twice", 2, takes: 1)
      try begin("first", 1, takes: 2)
      try begin("first", 2, takes: 0)
      try StepTables.migrateTakes(db)
      let asked = [("same", 1), ("raised", 2), ("twice", 2), ("first", 2)] as [(String, Int64)]
      return try asked.map { kind, version in
        let base = identity(kind, version)
        return [
          try StepTables.take(StageKey(base), redo: .none, db).number,
          try StepTables.take(StageKey(base), redo: .begin, db).number,
        ]
      }
    }
    #expect(found == [[2, 3], [3, 4], [1, 4], [0, 3]])
  }
}

extension Lab {
  /// A plain run's status, and what it told of redos.
  fileprivate func telling() async throws -> (status: RunStatus, events: [RunEvent]) {
    let events = EventLog()
    let engine = Engine(pipeline, store: store, models: ScriptedProvider(), now: { 0 })
    let status = try await engine.run { event in events.value.withLock { $0.append(event) } }.status
    let told = events.value.withLock { $0 }
    return (status, told.filter { if case .leavingRedo = $0 { true } else { false } })
  }

  /// Each stage's valid take and the one that was begun.
  fileprivate func takes() async throws -> [[Int64?]] {
    try await store.inspector.table("SELECT number, begun FROM take ORDER BY number, begun").rows.map {
      $0.map(\.int)
    }
  }

  /// The same stages over other records.
  fileprivate func over(_ records: [String]) -> Pipeline {
    Pipeline(
      name: "other", file: pipeline.file, models: [:],
      stages: [Lab.reader("read", records)] + pipeline.stages.dropFirst())
  }

  fileprivate func run(_ other: Pipeline, _ options: RunOptions) async throws -> RunSummary {
    try await Engine(other, store: store, models: ScriptedProvider(), options: options, now: { 0 }).run()
  }
}

private final class EventLog: Sendable {
  let value = Mutex<[RunEvent]>([])
}
