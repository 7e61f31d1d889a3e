internal import Foundation
internal import GRDB
internal import OrderedCollections
internal import RetortCore

/// The tables of runs, rows and steps, within a transaction: what ``StepLog`` and ``Sketch`` are made of.
enum StepTables {
  /// Cleans up after runs whose process died: a set step without input was being written, nobody can have used it.
  ///
  /// Done when a run begins and not when the store is opened, so that looking inside leaves a live run alone.
  static func forgetDeadRuns(_ db: Database) throws {
    try db.execute(sql: "UPDATE run SET status = 'interrupted' WHERE status = 'running'")
    let unfinished = try Int64.fetchAll(db, sql: "SELECT id FROM step WHERE input IS NULL")
    for step in unfinished { try forget(step: step, db) }
  }

  static func forget(step: Int64, _ db: Database) throws {
    try db.execute(sql: "DELETE FROM taken WHERE step = ?", arguments: [step])
    try db.execute(sql: "DELETE FROM emission WHERE step = ?", arguments: [step])
    try db.execute(sql: "DELETE FROM step_call WHERE step = ?", arguments: [step])
    try db.execute(sql: "DELETE FROM \"step__tool\" WHERE step = ?", arguments: [step])
    try db.execute(sql: "DELETE FROM step WHERE id = ?", arguments: [step])
  }

  static func beginRun(_ new: NewRun, at time: Double, _ db: Database) throws -> Int64 {
    try db.execute(
      sql: """
        INSERT INTO run (pipeline, file, started, status, flags, origin, fingerprint, resolved, home)
        VALUES (?, ?, ?, 'running', ?, ?, ?, ?, ?)
        """,
      arguments: [
        new.pipeline, new.file, time, new.flags.text, new.origin, Data(new.fingerprint.bytes),
        new.resolved.text, Home.here,
      ])
    let run = db.lastInsertedRowID
    for (ordinal, stage) in new.stages.enumerated() {
      try db.execute(
        sql: """
          INSERT INTO run_stage (run, stage, name, kind, version, "from", "using", columns)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          run, ordinal, stage.name, stage.kind, stage.version,
          JSON.array(stage.from.map { .string($0) }).text, JSON.object(stage.using).text,
          stage.columns.map { JSON.array($0.map { .string($0) }).text },
        ])
    }
    return run
  }

  /// The counts of a stage of a run: each input row is in exactly one of them.
  static func books(_ place: StagePlace, reader step: Int64?, _ db: Database) throws -> Books {
    var books = Books()
    let rows = try Int.fetchOne(
      db, sql: "SELECT count(*) FROM occurrence WHERE run = ? AND stage = ?",
      arguments: [place.run, place.ordinal])
    books.rows = rows ?? 0
    let stageFailed =
      try Int.fetchOne(
        db, sql: "SELECT count(*) FROM failure WHERE run = ? AND stage = ? AND occurrence IS NULL",
        arguments: [place.run, place.ordinal]) ?? 0
    guard !place.from.isEmpty else {
      if stageFailed > 0 {
        books.in = 1
        books.failed = 1
      } else if let step {
        let counts = try GRDB.Row.fetchOne(
          db,
          sql: """
            SELECT count(*), count(e."row"), max(s.run) FROM emission e JOIN step s ON s.id = e.step WHERE s.id = ?
            """, arguments: [step])
        books.in = try counts.maybe(0) ?? 0
        books.emitted = try counts.maybe(1) ?? 0
        books.dropped = books.in - books.emitted
        if (try counts.maybe(2) as Int64?) != place.run { books.reused = books.in }
      }
      return books
    }
    books.in =
      try Int.fetchOne(
        db, sql: "SELECT count(*) FROM occurrence WHERE run = ? AND stage IN \(SQL.list(place.from))",
        arguments: [place.run]) ?? 0
    let counts = try GRDB.Row.fetchOne(
      db,
      sql: """
        SELECT count(*), total(s.run <> t.run),
          total(t.step IS NULL OR EXISTS (SELECT 1 FROM \(SQL.drops)
            WHERE e.step = t.step AND e.member = t.member AND e.reason IS NOT NULL))
        FROM taken t LEFT JOIN step s ON s.id = t.step
        WHERE t.run = ? AND t.stage = ? AND (t.step IS NULL OR s.input IS NOT NULL)
        """, arguments: [place.run, place.ordinal])
    let taken: Int = try counts.maybe(0) ?? 0
    books.reused = Int(bounded: try counts.maybe(1) ?? 0)
    books.dropped = Int(bounded: try counts.maybe(2) ?? 0)
    books.emitted = taken - books.dropped
    books.leftOut =
      try Int.fetchOne(
        db,
        sql: """
          SELECT count(*) FROM taken t JOIN \(SQL.drops) ON e.step = t.step
          WHERE t.run = ? AND t.stage = ? AND e.member IS NULL AND e.reason IS NOT NULL
          """, arguments: [place.run, place.ordinal]) ?? 0
    if stageFailed > 0 {
      books.failed = books.in - taken
    } else {
      books.failed =
        try Int.fetchOne(
          db,
          sql: """
            SELECT count(DISTINCT f.occurrence) FROM failure f WHERE f.run = ? AND f.stage = ?
            AND NOT EXISTS (SELECT 1 FROM taken t
              WHERE t.run = f.run AND t.stage = f.stage AND t.occurrence = f.occurrence)
            """, arguments: [place.run, place.ordinal]) ?? 0
    }
    books.pending = books.in - taken - books.failed
    return books
  }

  /// A list of names as `run_stage` has it.
  static func names(_ list: String) throws -> [String] {
    try JSON(stored: list).array?.compactMap(\.string) ?? []
  }

  /// The counts of every stage of a run, in file order, as far as it has come.
  static func books(of run: Int64, _ db: Database) throws -> OrderedBooks {
    let stages = try GRDB.Row.fetchAll(
      db, sql: "SELECT stage, name, \"from\", fingerprint FROM run_stage WHERE run = ? ORDER BY stage",
      arguments: [run]
    ).map {
      (
        ordinal: try $0.at(0) as Int, name: try $0.at(1) as String, from: try $0.at(2) as String,
        print: try $0.at(3) as Int64?
      )
    }
    let ordinals = Dictionary(stages.map { ($0.name, $0.ordinal) }) { first, _ in first }
    return OrderedBooks(
      try stages.map { stage in
        let from = try names(stage.from).compactMap { ordinals[$0] }
        // A reader has one step to a fingerprint: its input is always the empty set.
        let step =
          from.isEmpty
          ? try Int64.fetchOne(
            db, sql: "SELECT id FROM step WHERE fingerprint = ? AND input IS NOT NULL",
            arguments: [stage.print]) : nil
        let place = StagePlace(run: run, ordinal: stage.ordinal, from: from)
        return .init(stage.name, try books(place, reader: step, db))
      })
  }

  /// Whether failures of these stages were turned into drops in this run, of the rows in one set's scope if named.
  static func lostRows(
    run: Int64, stages: [Int], within place: StagePlace? = nil, _ db: Database
  ) throws -> Bool {
    guard !stages.isEmpty else { return false }
    return try Bool.fetchOne(
      db,
      sql: """
        SELECT EXISTS (SELECT 1 FROM taken t JOIN occurrence o ON o.id = t.occurrence
          WHERE t.run = ? AND t.stage IN \(SQL.list(stages)) AND t.step IS NULL AND \(place?.inScope("o") ?? "TRUE"))
        """, arguments: [run]) ?? false
  }

  /// Notes what a run's stage is known by, once it is bound.
  static func note(_ fingerprint: Int64, of place: StagePlace, _ db: Database) throws {
    try db.execute(
      sql: "UPDATE run_stage SET fingerprint = ? WHERE run = ? AND stage = ?",
      arguments: [fingerprint, place.run, place.ordinal])
  }

  /// What a run paid for and what it was given from memory.
  static func calls(of run: Int64, _ db: Database) throws -> CallTally {
    var calls = CallTally()
    for table in ["reply", "failed_call"] {
      let row = try GRDB.Row.fetchOne(
        db,
        sql: """
          SELECT count(*), total(\(SQL.count("prompt_tokens"))), total(\(SQL.count("completion_tokens"))),
            total(\(SQL.amount("usd"))), total(usd IS NULL), \(SQL.estimatedTokens(in: table)) FROM \(table) WHERE run = ?
          """, arguments: [run])
      let count: Int = try row.maybe(0) ?? 0
      if table == "reply" {
        (calls.made, calls.unpriced) = (count, Int(bounded: try row.maybe(4) ?? 0))
      } else {
        calls.failed = count
        calls.estimatedTokens = Int(bounded: try row.maybe(5) ?? 0)
      }
      calls.add(
        promptTokens: Int(bounded: try row.maybe(1) ?? 0),
        completionTokens: Int(bounded: try row.maybe(2) ?? 0), usd: try row.maybe(3) ?? 0)
    }
    calls.remembered =
      try Int.fetchOne(
        db,
        sql: """
          SELECT count(*) FROM step_call c JOIN step s ON s.id = c.step JOIN reply r ON r.id = c.reply
          WHERE s.run = ? AND r.run IS NOT s.run
          """, arguments: [run]) ?? 0
    return calls
  }

  static func finishRun(_ run: Int64, status: String, at time: Double, _ db: Database) throws {
    try db.execute(
      sql: "UPDATE run SET status = ?, finished = ? WHERE id = ?", arguments: [status, time, run])
  }
}
