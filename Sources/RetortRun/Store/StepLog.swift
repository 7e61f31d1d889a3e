package import RetortCore

/// Runs with their rows, steps and sets, takes and refusals: what a run writes down as it goes. Each sentence is one
/// transaction.
package struct StepLog: Sendable {
  let store: Store
}

// MARK: Runs

/// A run that is about to begin.
package struct NewRun: Sendable {
  package struct Stage: Sendable {
    package var name: String
    package var kind: String
    package var version: Int
    package var from: [String]
    /// Names of stages by role.
    package var using: JSON.Object
    /// Nil for a reader that cannot tell before it has run.
    package var columns: [String]?

    package init(
      name: String, kind: String, version: Int, from: [String], using: JSON.Object, columns: [String]?
    ) {
      self.name = name
      self.kind = kind
      self.version = version
      self.from = from
      self.using = using
      self.columns = columns
    }
  }

  package var pipeline: String
  /// The path of the pipeline file.
  package var file: String
  package var flags: JSON
  /// The first run of those that this one goes on with.
  package var origin: Int64?
  package var fingerprint: Digest
  /// What was read, as people may read it.
  package var resolved: JSON
  /// In file order.
  package var stages: [Stage]

  package init(
    pipeline: String, file: String, flags: JSON, origin: Int64?, fingerprint: Digest, resolved: JSON,
    stages: [Stage]
  ) {
    self.pipeline = pipeline
    self.file = file
    self.flags = flags
    self.origin = origin
    self.fingerprint = fingerprint
    self.resolved = resolved
    self.stages = stages
  }
}

extension StepLog {
  /// Begins a run, after those whose process died were cleaned up after; the store is expected to be locked. From now on
  /// the write-ahead log is looked at too.
  ///
  /// - Returns: its number, and the stages that the runs which it goes on with have begun.
  package func beginRun(_ new: NewRun, at time: Double) async throws -> (run: Int64, begunBefore: Set<String>)
  {
    let begun = try await store.write { db in
      try Store.forgetDeadRuns(db)
      let begunBefore = try new.origin.map { try Store.begunStages(since: $0, db) } ?? []
      let run = try Store.beginRun(new, at: time, db)
      try Store.makeViews(db)
      return (run, begunBefore)
    }
    store.file.watchLog()
    return begun
  }

  /// Notes how a run ended, and makes the views anew.
  package func finishRun(_ run: Int64, status: String, at time: Double) async throws {
    try await store.write { db in
      try Store.finishRun(run, status: status, at: time, db)
      try Store.makeViews(db)
    }
  }

  /// Notes that a run ended in an error.
  package func breakRun(_ run: Int64, at time: Double) async throws {
    try await store.write { try Store.finishRun(run, status: "broken", at: time, $0) }
  }

  /// Makes the views anew: only when a reader has run are its columns known.
  package func refreshViews() async throws { try await store.write { try Store.makeViews($0) } }

  /// Whether failures of these stages were turned into drops in a run.
  package func hasLost(run: Int64, stages: [Int]) async throws -> Bool {
    try await store.read { try Store.lostRows(run: run, stages: stages, $0) }
  }

  /// What a run paid for and what it was given from memory.
  package func calls(of run: Int64) async throws -> CallTally {
    try await store.read { try Store.calls(of: run, $0) }
  }

  /// The rows that a step emitted, in order, and whether one of the stages that its input passed lost rows.
  package func emitted(by step: Int64, passing ancestry: [Int], run: Int64) async throws -> (
    rows: [JSON], lost: Bool
  ) {
    try await store.read { db in
      (try Store.rows(of: step, db), try Store.lostRows(run: run, stages: ancestry, db))
    }
  }

  /// The number of the take that ``begin(_:)`` will decide for, before anything is noted; `identity` without it.
  package func takeNumber(of identity: JSON.Object, redo: Redo) async throws -> Int {
    try await store.read { try Store.takeNumber(identity, redo: redo, $0) }
  }

  /// Makes the answers of a redo whose stage has finished the valid ones; `identity` without its take.
  package func settleRedo(of identity: JSON.Object) async throws {
    try await store.write { try Store.finishRedo(of: identity, $0) }
  }
}

// MARK: Look-ups

extension StepLog: StepLookup {
  package func begin(_ stage: StageRequest) async throws -> StageRecord {
    try await store.write { db in
      let take = try Store.take(stage.identity, redo: stage.redo, db)
      let identity = Store.identity(stage.identity, take: take.number)
      let fingerprint = try Store.fingerprint(
        identity, shown: stage.shown(identity), kind: stage.kind, version: stage.version, db)
      try Store.note(fingerprint, of: stage.place, db)
      if stage.retriesRefused { try Store.forgetRefusals(of: fingerprint, db) }
      return try Store.record(of: stage, take: take, identity: identity, fingerprint: fingerprint, db)
    }
  }

  package func set(_ place: StagePlace, passing ancestry: [Int]) async throws -> SetInput {
    try await store.read { try Store.set(place, passing: ancestry, $0) }
  }

  package func findSet(
    _ place: StagePlace, passing ancestry: [Int], under fingerprints: [Int64], withFiles: Bool
  ) async throws -> SetInput {
    try await store.read {
      try Store.findSet(place, passing: ancestry, under: fingerprints, withFiles: withFiles, $0)
    }
  }

  package func answerSet(_ place: StagePlace, from step: Int64, limit: Int?) async throws -> Int {
    try await store.write { try Store.answerSet(place, from: step, limit: limit, $0) }
  }

  package func answerPage(
    _ place: StagePlace, upstream: Int, under fingerprints: [Int64], after cursor: Int64, limit: Int
  ) async throws -> ArrivalPage {
    try await store.write {
      try Store.answer(
        place, upstream: upstream, fingerprints: fingerprints, after: cursor, limit: limit, $0)
    }
  }

  package func groups(run: Int64, per ancestor: Int) async throws -> [String] {
    try await store.read { try Store.groups(run: run, per: ancestor, $0) }
  }

  package func books(_ place: StagePlace, reader step: Int64?) async throws -> Books {
    try await store.read { try Store.books(place, reader: step, $0) }
  }
}
