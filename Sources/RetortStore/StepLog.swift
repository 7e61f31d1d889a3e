internal import GRDB
package import RetortCore

/// Runs with their rows, steps and sets, takes and refusals: what a run writes down as it goes. Each sentence is one
/// transaction.
package struct StepLog: Sendable {
  let store: Store
}

// MARK: Runs

extension StepLog {
  /// Begins a run, after those whose process died were cleaned up after; the store is expected to be locked. From now on
  /// the write-ahead log is looked at too.
  ///
  /// - Returns: its number, and the stages that the runs which it goes on with have begun.
  package func beginRun(_ new: NewRun, at time: Double) async throws -> (run: Int64, begunBefore: Set<String>)
  {
    let begun = try await store.write { db in
      try StepTables.forgetDeadRuns(db)
      let begunBefore = try new.origin.map { try StepTables.begunStages(since: $0, db) } ?? []
      let run = try StepTables.beginRun(new, at: time, db)
      try Views.make(db)
      return (run, begunBefore)
    }
    store.file.watchLog()
    return begun
  }

  /// The runs that the store takes to be going on: dead ones, to who holds its lock and has not begun.
  package func openRuns() async throws -> [(run: Int64, pipeline: String)] {
    // A cancelled run is told so by its end, so that its beginning is no read that cancelling ends.
    try await store.lookUp { db in
      try GRDB.Row.fetchAll(db, sql: "SELECT id, pipeline FROM run WHERE status = 'running' ORDER BY id").map
      {
        (try $0.at(0), try $0.at(1))
      }
    }
  }

  /// Notes how a run ended, and makes the views anew.
  package func finishRun(_ run: Int64, status: String, at time: Double) async throws {
    try await store.write { db in
      try StepTables.finishRun(run, status: status, at: time, db)
      try Views.make(db)
    }
  }

  /// Notes that a run ended in an error.
  package func breakRun(_ run: Int64, at time: Double) async throws {
    try await store.write { try StepTables.finishRun(run, status: "broken", at: time, $0) }
  }

  /// Makes the views anew: only when a reader has run are its columns known.
  package func refreshViews() async throws { try await store.write { try Views.make($0) } }

  /// What a run paid for and what it was given from memory.
  package func calls(of run: Int64) async throws -> CallTally {
    try await store.read { try StepTables.calls(of: run, $0) }
  }

  /// The rows that a step emitted, in order, and whether one of the stages that its input passed lost rows.
  package func emitted(by step: Int64, passing ancestry: [Int], run: Int64) async throws -> (
    rows: [JSON], lost: Bool
  ) {
    try await store.read { db in
      (try StepTables.rows(of: step, db), try StepTables.lostRows(run: run, stages: ancestry, db))
    }
  }

  /// Notes that a run may be taken for one of this user's on this machine.
  package func adopt(_ run: Int64) async throws {
    try await store.write {
      try $0.execute(sql: "UPDATE run SET home = ? WHERE id = ?", arguments: [Home.here, run])
    }
  }

  /// The number of the take that ``begin(_:)`` will decide for, before anything is noted.
  package func takeNumber(of key: StageKey, redo: Redo) async throws -> Int {
    try await store.read { try StepTables.takeNumber(key, redo: redo, $0) }
  }

  /// Notes that a stage takes nothing in a run, since its round is not played.
  package func skipStage(_ place: StagePlace) async throws {
    try await store.write {
      try $0.execute(
        sql: "UPDATE run_stage SET \"from\" = '[]' WHERE run = ? AND stage = ?",
        arguments: [place.run, place.ordinal])
    }
  }

  /// Makes the answers of a redo whose stage has finished the valid ones.
  package func settleRedo(of key: StageKey) async throws {
    try await store.write { try StepTables.finishRedo(of: key, $0) }
  }
}

// MARK: Look-ups

extension StepLog: StepLookup {
  package func begin(_ stage: StageRequest) async throws -> StageRecord {
    try await store.write { db in
      let take = try StepTables.take(stage.key, redo: stage.redo, db)
      let identity = stage.key.identity(take: take.number)
      let fingerprint = try StepTables.fingerprint(
        identity, shown: stage.shown(identity), kind: stage.kind, version: stage.version, db)
      try StepTables.note(fingerprint, of: stage.place, db)
      if stage.retriesRefused { try StepTables.forgetRefusals(of: fingerprint, db) }
      return try StepTables.record(of: stage, take: take, identity: identity, fingerprint: fingerprint, db)
    }
  }

  package func set(_ place: StagePlace, passing ancestry: [Int]) async throws -> SetInput {
    try await store.read { try StepTables.set(place, passing: ancestry, $0) }
  }

  package func findSet(
    _ place: StagePlace, passing ancestry: [Int], under fingerprints: [Int64], withFiles: Bool
  ) async throws -> SetInput {
    try await store.read {
      try StepTables.findSet(place, passing: ancestry, under: fingerprints, withFiles: withFiles, $0)
    }
  }

  package func answerSet(_ place: StagePlace, from step: Int64, _ selection: Selection) async throws
    -> Int
  {
    try await store.write { try StepTables.answerSet(place, from: step, selection, $0) }
  }

  package func answerPage(
    _ place: StagePlace, upstream: Int, under fingerprints: [Int64], after cursor: Int64, limit: Int
  ) async throws -> ArrivalPage {
    try await store.write {
      try StepTables.answer(
        place, upstream: upstream, fingerprints: fingerprints, after: cursor, limit: limit, $0)
    }
  }

  package func hasBegunTake(of key: StageKey, since origin: Int64) async throws -> Bool {
    try await store.read { try StepTables.hasBegunTake(of: key, since: origin, $0) }
  }

  package func groups(run: Int64, per ancestor: Int) async throws -> [String] {
    try await store.read { try StepTables.groups(run: run, per: ancestor, $0) }
  }

  package func books(_ place: StagePlace, reader step: Int64?) async throws -> Books {
    try await store.read { try StepTables.books(place, reader: step, $0) }
  }
}
