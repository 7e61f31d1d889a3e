internal import Foundation
internal import GRDB
internal import OrderedCollections
package import RetortCore

/// What a step used, a reply or a tool's result, by its number in the store; and the sample it was used for, nil for all
/// of them.
package struct UsedCall: Hashable, Sendable {
  package enum Content: Hashable, Sendable {
    case reply(Int64)
    /// `turn` of the rollout, from 1.
    case tool(Int64, turn: Int)
  }

  package let content: Content
  package let sample: Int?

  package init(_ content: Content, sample: Int?) {
    self.content = content
    self.sample = sample
  }

  init(reply: Int64, sample: Int?) { self.init(.reply(reply), sample: sample) }

  package var reply: Int64? { if case .reply(let number) = content { number } else { nil } }
}

/// Why rows have no answer.
package struct StepFailure: Sendable {
  package var kind: String
  package var message: String
  /// Replies that were used until then.
  package var calls: [Int64]
  /// The step's input, where an endpoint has just refused it for good: it is not to be made again.
  package var refused: Refusal?

  package struct Refusal: Sendable {
    package let step: StepKey
    package let error: ModelError

    package init(_ step: StepKey, error: ModelError) {
      self.step = step
      self.error = error
    }
  }

  package init(kind: String, message: String, calls: [Int64] = [], refused: Refusal? = nil) {
    self.kind = kind
    self.message = message
    self.calls = calls
    self.refused = refused
  }
}

// MARK: Steps of one row

extension StepLog {
  /// Commits a row step: what it emitted, the calls it used, and the answer for the row it was made for.
  package func commitStep(
    _ outcome: Outcome<PackedRow>, of arrival: Arrival, place: StagePlace, fingerprint: Int64,
    calls: [UsedCall], at time: Double
  ) async throws {
    try await store.write {
      try StepTables.commit(
        outcome, of: arrival, place: place, fingerprint: fingerprint, calls: calls, at: time, $0)
    }
  }

  /// Answers, from the step of `row`, occurrences that waited for another occurrence of the same row.
  package func answerWaiting(
    _ occurrences: [Int64], row: Int64, place: StagePlace, fingerprint: Int64
  ) async throws {
    try await store.write {
      try StepTables.takeWaiting(occurrences, row: row, place: place, fingerprint: fingerprint, $0)
    }
  }

  /// Records why rows have no answer; nil stands for the whole stage. With `drop`, they count as dropped from now on in
  /// this run.
  package func noteFailure(
    _ failure: StepFailure, of occurrences: [Int64?], place: StagePlace, drop: Bool, at time: Double
  ) async throws {
    try await store.write { db in
      try StepTables.fail(
        occurrences, place: place, kind: failure.kind, message: failure.message, calls: failure.calls,
        at: time, drop: drop, db)
      if let refused = failure.refused {
        try StepTables.refuse(refused.step, refused.error, db)
      }
    }
  }

  /// Gives occurrences that waited for another occurrence of the same row that one's failure.
  package func failWaiting(_ occurrences: [Int64], row: Int64, place: StagePlace, drop: Bool) async throws {
    try await store.write {
      try StepTables.repeatFailure(of: row, for: occurrences, place: place, drop: drop, $0)
    }
  }
}

// MARK: Steps of a set

/// One answer of a set step, as it is written down.
package struct SetEmission: Sendable {
  package enum Content: Sendable {
    case none
    /// A row that the store has, by its number.
    case stored(Int64)
    case row(PackedRow)
  }

  /// The position of the row that is answered; of one made of several, the first.
  package var member: Int?
  package var content: Content
  /// Why there is no row.
  package var reason: String?
  package var detail: String?
  /// Positions of all the rows that it is made from, where they are several.
  package var members: [Int]

  package init(
    member: Int?, content: Content = .none, reason: String? = nil, detail: String? = nil, members: [Int] = []
  ) {
    self.member = member
    self.content = content
    self.reason = reason
    self.detail = detail
    self.members = members
  }
}

extension StepLog {
  /// Begins a set step, which answers the rows of its place from now on. Nobody can use it until ``finishSet`` gives it
  /// its input.
  package func beginSet(_ place: StagePlace, fingerprint: Int64, at time: Double) async throws -> Int64 {
    try await store.write { try StepTables.beginSet(place, fingerprint: fingerprint, at: time, $0) }
  }

  /// Writes answers of a set step down, the first as its emission number `first`.
  package func recordSet(_ emissions: [SetEmission], of step: Int64, from first: Int) async throws {
    try await store.write { db in
      for (offset, emission) in emissions.enumerated() {
        try StepTables.record(emission, of: step, seq: first + offset, db)
      }
    }
  }

  /// Gives a set step its input and emits its rows; their number.
  ///
  /// - Parameter selection: of a reader's rows.
  package func finishSet(
    _ step: Int64, _ place: StagePlace, fingerprint: Int64, input: Digest, calls: [UsedCall],
    _ selection: Selection
  ) async throws -> Int {
    try await store.write { db in
      try StepTables.finishSet(step, fingerprint: fingerprint, input: input, calls: calls, db)
      return try StepTables.emitSet(place, step: step, selection, db)
    }
  }

  /// Forgets a set step that came to nothing.
  package func abandonSet(_ step: Int64) async throws {
    try await store.write { try StepTables.forget(step: step, $0) }
  }

  /// The rows at positions of the set that a step answers, by their numbers in the store.
  package func memberRows(_ ordinals: [Int], of step: Int64, place: StagePlace) async throws -> [Int64] {
    try await store.read { db in
      try ordinals.map { try StepTables.member($0, of: step, place: place, db) }
    }
  }

  /// Rows by their numbers in the store.
  package func rows(_ ids: [Int64]) async throws -> [RetortCore.Row] {
    try await store.read { db in try ids.map { try StepTables.row($0, db) } }
  }

  /// The occurrences in a set, in order.
  package func members(_ place: StagePlace) async throws -> [Int64] {
    try await store.read { try StepTables.members(place, $0) }
  }

  /// The groups of up to `limit` rows of an upstream stage beyond `cursor`, in the order of their arrival, by the paths
  /// of their rows of the stage `ancestor`; and the last row looked at.
  package func groupsOfArrivals(
    from upstream: Int, run: Int64, after cursor: Int64, limit: Int, per ancestor: Int
  ) async throws -> (cursor: Int64, scopes: [String]) {
    try await store.read {
      try StepTables.groups(of: upstream, run: run, after: cursor, limit: limit, per: ancestor, $0)
    }
  }

  /// Of the groups at some paths, those of which every row has been answered by the stages that it passes.
  package func wholeGroups(
    _ scopes: [String], of place: StagePlace, passing stages: [StagePlace]
  ) async throws -> [(scope: String, whole: Bool)] {
    try await store.read { db in
      try scopes.map { ($0, try StepTables.isWhole(place.group($0), passing: stages, db)) }
    }
  }

  /// The rows of some stages in order, streamed in pages.
  package func rowSet(_ place: StagePlace, count: Int, complete: Bool) -> RowSet<Columns> {
    // Eight bytes a row are held, so that a stage that asks for rows out of their order finds each at once.
    let members = Once { try await store.read { try StepTables.members(place, $0) } }
    return RowSet(count: count, isComplete: complete) { offset, limit in
      let page = JSON.array(try await members.value.dropFirst(offset).prefix(limit).map { .int($0) }).text
      let found = try await store.read { db in
        try GRDB.Row.fetchAll(
          db.cachedStatement(
            sql: """
              SELECT r.digest, r.json, o.stage FROM json_each(?) asked
              CROSS JOIN occurrence o ON o.id = asked.value CROSS JOIN "row" r ON r.id = o."row" ORDER BY asked.key
              """), arguments: [page]
        ).map { (digest: try $0.at(0) as Data, json: try $0.at(1) as String, stage: try $0.at(2) as Int) }
      }
      return try found.map {
        (
          RowID.text(Digest(stored: Array($0.digest))), Row(try JSON(stored: $0.json).object ?? [:]),
          place.from.firstIndex(of: $0.stage) ?? 0
        )
      }
    }
  }
}
