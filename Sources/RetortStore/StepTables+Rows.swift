internal import Foundation
internal import GRDB
internal import RetortCore

extension StepTables {
  // MARK: Rows

  static func insert(_ row: PackedRow, _ db: Database) throws -> Int64 {
    try db.cachedStatement(sql: "INSERT OR IGNORE INTO \"row\" (digest, json) VALUES (?, ?)")
      .execute(arguments: [row.digest, row.text])
    if db.changesCount > 0 { return db.lastInsertedRowID }
    let find = try db.cachedStatement(sql: "SELECT id FROM \"row\" WHERE digest = ?")
    guard let id = try Int64.fetchOne(find, arguments: [row.digest]) else {
      throw DatabaseError(message: "a row was not stored")
    }
    return id
  }

  static func row(_ id: Int64, _ db: Database) throws -> Row {
    let find = try db.cachedStatement(sql: "SELECT json FROM \"row\" WHERE id = ?")
    guard let text = try String.fetchOne(find, arguments: [id]) else {
      throw DatabaseError(message: "expected row \(id) in the store, found none")
    }
    return try Row(text: text)
  }

  /// - Parameter shown: the identity as people may read it.
  static func fingerprint(_ identity: JSON, shown: JSON, kind: String, version: Int, _ db: Database) throws
    -> Int64
  {
    let digest = Data(Digest(of: identity).bytes)
    try db.execute(
      sql: "INSERT OR IGNORE INTO fingerprint (digest, kind, version, config) VALUES (?, ?, ?, ?)",
      arguments: [digest, kind, version, shown.text])
    guard let id = try knownFingerprint(identity, db) else {
      throw DatabaseError(message: "a fingerprint was not stored")
    }
    return id
  }

  /// Nil when no run has begun a stage with this identity.
  static func knownFingerprint(_ identity: JSON, _ db: Database) throws -> Int64? {
    try Int64.fetchOne(
      db, sql: "SELECT id FROM fingerprint WHERE digest = ?",
      arguments: [Data(Digest(of: identity).bytes)])
  }

  /// What a stage was known by in a pipeline's newest run that began it, and the last of its failures there.
  static func last(_ stage: String, of pipeline: String, _ db: Database) throws -> (
    identity: JSON, failure: String?
  )? {
    let last = try GRDB.Row.fetchOne(
      db,
      sql: """
        SELECT f.config, s.run, s.stage FROM run_stage s JOIN run r ON r.id = s.run
        JOIN fingerprint f ON f.id = s.fingerprint
        WHERE r.pipeline = ? AND s.name = ? ORDER BY r.id DESC LIMIT 1
        """, arguments: [pipeline, stage])
    guard let last else { return nil }
    let failure = try String.fetchOne(
      db, sql: "SELECT message FROM failure WHERE run = ? AND stage = ? ORDER BY id DESC LIMIT 1",
      arguments: [try last.at(1) as Int64, try last.at(2) as Int])
    return (try last.json(0), failure)
  }

  /// What the steps of a stage that goes by `take` are known by.
  static func record(
    of stage: StageRequest, take: Take?, identity: JSON, fingerprint: Int64?, _ db: Database
  ) throws -> StageRecord {
    var prints = fingerprint.map { [$0] } ?? []
    if stage.key.fallsBack, let take { prints += try earlierPrints(stage.key, before: take, db) }
    let leaves = take?.leavesRedo ?? false
    return StageRecord(
      take: take, identity: identity, fingerprint: fingerprint, fingerprints: prints,
      unfinishedRedo: leaves ? try unfinishedRedo(of: stage.name, stage.key, db) : nil,
      refused: try stage.retriesRefused ? [:] : fingerprint.map { try refusedSteps(of: $0, db) } ?? [:])
  }

  // MARK: Row stages

  /// Answers up to `limit` rows of one upstream stage beyond `cursor` from the steps that exist, emits what those
  /// emitted, and finds the rows whose step is still to be made.
  ///
  /// - Parameter fingerprints: of a row's steps under these the first counts.
  static func answer(
    _ place: StagePlace, upstream: Int, fingerprints: [Int64], after cursor: Int64, limit: Int, _ db: Database
  ) throws -> ArrivalPage {
    let span = try GRDB.Row.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT count(*), max(id) FROM
            (SELECT id FROM occurrence WHERE run = ? AND stage = ? AND id > ? ORDER BY id LIMIT ?)
          """), arguments: [place.run, upstream, cursor, limit])
    guard let span, let last = try span.at(1) as Int64? else { return ArrivalPage(rows: 0, last: cursor) }
    var page = ArrivalPage(rows: try span.at(0), last: last)
    for (index, fingerprint) in fingerprints.enumerated() where page.hits.rows < page.rows {
      let unless = index == 0 ? "" : "AND NOT EXISTS \(taken)"
      try db.cachedStatement(
        sql: """
          INSERT INTO taken (run, stage, occurrence, step, member)
          SELECT o.run, ?1, o.id, s.id, 0 FROM occurrence o JOIN "row" r ON r.id = o."row"
          JOIN step s ON s.fingerprint = ?2 AND s.input = r.digest
          WHERE o.run = ?3 AND o.stage = ?4 AND o.id > ?5 AND o.id <= ?6 \(unless) ORDER BY o.id
          """
      ).execute(arguments: [place.ordinal, fingerprint, place.run, upstream, cursor, last])
      page.hits.rows += db.changesCount
    }
    if page.hits.rows > 0 {
      page.hits.out = try emit(place, upstream: upstream, after: cursor, through: last, db)
      let dropped = try db.cachedStatement(
        sql: """
          SELECT count(*) FROM taken t JOIN occurrence o ON o.id = t.occurrence
          JOIN \(SQL.drops) ON e.step = t.step AND e.member = t.member AND e.reason IS NOT NULL
          WHERE t.run = ? AND t.stage = ? AND t.occurrence > ? AND t.occurrence <= ? AND o.stage = ?
          """)
      page.hits.dropped =
        try Int.fetchOne(dropped, arguments: [place.run, place.ordinal, cursor, last, upstream]) ?? 0
    }
    guard page.hits.rows < page.rows else { return page }
    let misses = try db.cachedStatement(
      sql: """
        SELECT o.id, o."row", r.digest, r.json FROM occurrence o JOIN "row" r ON r.id = o."row"
        WHERE o.run = ?3 AND o.stage = ?4 AND o.id > ?5 AND o.id <= ?6 AND NOT EXISTS \(taken)
        ORDER BY o.id
        """)
    page.misses = try GRDB.Row.fetchAll(
      misses, arguments: [place.ordinal, nil, place.run, upstream, cursor, last]
    ).map { Arrival(id: try $0.at(0), row: try $0.at(1), digest: try $0.at(2), text: try $0.at(3)) }
    return page
  }

  /// A stage's (`?1`) answer for the occurrence `o`.
  private static let taken =
    "(SELECT 1 FROM taken t WHERE t.run = o.run AND t.stage = ?1 AND t.occurrence = o.id)"

  private static let emitted = """
    INSERT INTO occurrence (run, stage, path, "row", parent)
    SELECT t.run, t.stage, o.path || ? || '.' || \(StagePlace.component(sql: "e.seq")), e."row", o.id
    FROM taken t JOIN occurrence o ON o.id = t.occurrence
    JOIN emission e ON e.step = t.step AND e."row" IS NOT NULL
    WHERE t.run = ? AND t.stage = ? AND t.occurrence > ? AND t.occurrence <= ? AND o.stage = ?
    ORDER BY t.occurrence, e.seq
    """

  /// Occurrences of what steps emitted, for the upstream rows `after < id <= through` that were just taken; their
  /// number.
  @discardableResult
  private static func emit(
    _ place: StagePlace, upstream: Int, after: Int64, through: Int64, _ db: Database
  ) throws -> Int {
    try db.cachedStatement(sql: emitted).execute(arguments: [
      place.branch(upstream), place.run, place.ordinal, after, through, upstream,
    ])
    return db.changesCount
  }

  /// Commits a row step: what it emitted, the calls it used, and the answer for the row it was made for.
  static func commit(
    _ outcome: Outcome<PackedRow>, of arrival: Arrival, place: StagePlace, fingerprint: Int64,
    calls: [UsedCall],
    at time: Double, _ db: Database
  ) throws {
    let step: Int64?
    try db.cachedStatement(
      sql: "INSERT OR IGNORE INTO step (fingerprint, input, run, made_at) VALUES (?, ?, ?, ?)"
    ).execute(arguments: [fingerprint, arrival.digest, place.run, time])
    if db.changesCount == 0 {
      step = try Int64.fetchOne(
        db.cachedStatement(sql: "SELECT id FROM step WHERE fingerprint = ? AND input = ?"),
        arguments: [fingerprint, arrival.digest])
    } else {
      let made = db.lastInsertedRowID
      step = made
      switch outcome {
      case .drop(let reason, let detail):
        try emission(step: made, seq: 0, member: 0, row: nil, reason: reason, detail: detail, db)
      case .emit(let rows):
        for (seq, row) in rows.enumerated() {
          try emission(
            step: made, seq: seq, member: 0, row: try insert(row, db), reason: nil, detail: nil, db)
        }
      case .samples(let samples):
        for (seq, sample) in samples.enumerated() {
          switch sample {
          case .output(let row):
            try emission(
              step: made, seq: seq, member: 0, row: try insert(row, db), reason: nil, detail: nil, db)
          case .leftOut(let reason, let detail):
            try emission(step: made, seq: seq, member: nil, row: nil, reason: reason, detail: detail, db)
          }
        }
      }
      try record(calls: calls, step: made, db)
    }
    try take(arrival.id, step: step, place: place, db)
  }

  /// Answers one occurrence from a step that exists.
  static func take(_ occurrence: Int64, step: Int64?, place: StagePlace, _ db: Database) throws {
    try db.cachedStatement(
      sql: "INSERT OR IGNORE INTO taken (run, stage, occurrence, step, member) VALUES (?, ?, ?, ?, 0)"
    ).execute(arguments: [place.run, place.ordinal, occurrence, step])
    guard db.changesCount > 0 else { return }
    var upstream = place.from.first
    if place.hasBranches {
      let find = try db.cachedStatement(sql: "SELECT stage FROM occurrence WHERE id = ?")
      upstream = try Int.fetchOne(find, arguments: [occurrence])
    }
    guard let upstream else { return }
    try emit(place, upstream: upstream, after: occurrence - 1, through: occurrence, db)
  }

  /// Answers, from the step of `row`, occurrences that waited for another occurrence of the same row.
  static func takeWaiting(
    _ occurrences: [Int64], row: Int64, place: StagePlace, fingerprint: Int64, _ db: Database
  ) throws {
    let step = try Int64.fetchOne(
      db,
      sql:
        "SELECT s.id FROM step s JOIN \"row\" r ON r.digest = s.input WHERE s.fingerprint = ? AND r.id = ?",
      arguments: [fingerprint, row])
    guard let step else { return }
    for occurrence in occurrences { try take(occurrence, step: step, place: place, db) }
  }

  static func emission(
    step: Int64, seq: Int, member: Int?, row: Int64?, reason: String?, detail: String?,
    members: String? = nil, _ db: Database
  ) throws {
    try db.cachedStatement(
      sql: """
        INSERT INTO emission (step, seq, member, "row", reason, detail, members) VALUES (?, ?, ?, ?, ?, ?, ?)
        """
    ).execute(arguments: [step, seq, member, row, reason, detail, members])
  }

  static func record(calls: [UsedCall], step: Int64, _ db: Database) throws {
    // Numbers of one sequence: replies and results can be told in the order in which they were used.
    for (seq, call) in calls.enumerated() {
      switch call.content {
      case .reply(let reply):
        try db.cachedStatement(
          sql: "INSERT OR IGNORE INTO step_call (step, seq, reply, sample) VALUES (?, ?, ?, ?)"
        ).execute(arguments: [step, seq, reply, call.sample])
      case .tool(let result, let turn):
        try db.cachedStatement(
          sql:
            "INSERT OR IGNORE INTO \"step__tool\" (step, seq, \"call\", sample, turn) VALUES (?, ?, ?, ?, ?)"
        ).execute(arguments: [step, seq, result, call.sample, turn])
      }
    }
  }

  /// Records why rows have no answer; with `drop`, they count as dropped from now on in this run.
  static func fail(
    _ occurrences: [Int64?], place: StagePlace, kind: String, message: String, calls: [Int64],
    at time: Double,
    drop: Bool, _ db: Database
  ) throws {
    let list = JSON.array(calls.map { .int($0) }).text
    for occurrence in occurrences {
      try db.execute(
        sql: """
          INSERT INTO failure (run, stage, occurrence, kind, message, at, calls) VALUES (?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [place.run, place.ordinal, occurrence, kind, message, time, list])
      if drop, let occurrence {
        try db.execute(
          sql: """
            INSERT OR IGNORE INTO taken (run, stage, occurrence, step, member, reason) VALUES (?, ?, ?, NULL, 0, ?)
            """,
          arguments: [place.run, place.ordinal, occurrence, "failed: \(kind)"])
      }
    }
  }
}

extension StepTables {
  /// The rows that a step emitted, in order.
  static func rows(of step: Int64, _ db: Database) throws -> [JSON] {
    try String.fetchAll(
      db,
      sql: "SELECT r.json FROM emission e JOIN \"row\" r ON r.id = e.\"row\" WHERE e.step = ? ORDER BY e.seq",
      arguments: [step]
    ).map { try JSON(stored: $0) }
  }

  /// Gives occurrences the failure of another occurrence of the same row.
  static func repeatFailure(
    of row: Int64, for occurrences: [Int64], place: StagePlace, drop: Bool, _ db: Database
  ) throws {
    guard !occurrences.isEmpty else { return }
    let last = try GRDB.Row.fetchOne(
      db,
      sql: """
        SELECT f.kind, f.message, f.at FROM failure f JOIN occurrence o ON o.id = f.occurrence
        WHERE f.run = ? AND f.stage = ? AND o."row" = ? ORDER BY f.id DESC LIMIT 1
        """, arguments: [place.run, place.ordinal, row])
    guard let last else { return }
    try fail(
      occurrences, place: place, kind: try last.at(0), message: try last.at(1), calls: [], at: try last.at(2),
      drop: drop, db)
  }
}
