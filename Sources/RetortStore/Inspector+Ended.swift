internal import GRDB
package import RetortCore

/// What ended at a stage, whole: a row, a sample of one, a record that became none.
package struct EndedRow: Hashable, Sendable {
  package var stage: String
  /// `r_…`; nil for a record that became no row, and for a stage that failed as a whole.
  package var id: String?
  /// The record it descends from, as `questions:7`; nil for a stage that failed as a whole.
  package var source: String?
  /// The number of a sample left out of a row that went on.
  package var sample: Int?
  /// What it is counted by: why it was dropped, or the kind of its failure.
  package var reason: String
  /// Or the failure's message.
  package var detail: String
  /// The replies that led to it.
  package var calls: [Int64]
  package var columns: JSON.Object?

  package init(
    stage: String, id: String? = nil, source: String? = nil, sample: Int? = nil, reason: String = "",
    detail: String = "", calls: [Int64] = [], columns: JSON.Object? = nil
  ) {
    self.stage = stage
    self.id = id
    self.source = source
    self.sample = sample
    self.reason = reason
    self.detail = detail
    self.calls = calls
    self.columns = columns
  }
}

/// Some of what ended at a stage, and how much there is.
package struct EndedRows: Hashable, Sendable {
  package var rows: [EndedRow]
  package var total: Int
}

extension Inspector {
  /// What a run dropped, at one stage or at any, in file order and the order of arrival.
  package func droppedRows(of stage: String?, run: Int64, limit: Int) async throws -> EndedRows {
    try await read { db in
      let stages = try Self.ordinals(of: stage, run: run, db)
      let found = try GRDB.Row.fetchAll(
        db,
        sql: """
          SELECT t.stage AS stage, t.occurrence AS occurrence, t.step AS step, e.seq AS seq, e.member AS member
          FROM taken t LEFT JOIN \(SQL.drops) ON e.step = t.step AND e.member = t.member AND e.reason IS NOT NULL
          WHERE t.run = ?1 AND t.stage IN \(stages) AND (e.reason IS NOT NULL OR t.step IS NULL)
          UNION ALL
          SELECT t.stage, t.occurrence, t.step, e.seq, NULL
          FROM taken t JOIN \(SQL.drops) ON e.step = t.step AND e.member IS NULL AND e.reason IS NOT NULL
          WHERE t.run = ?1 AND t.stage IN \(stages)
          UNION ALL
          SELECT s.stage, NULL, p.id, e.seq, NULL
          FROM run_stage s JOIN step p ON p.fingerprint = s.fingerprint
          JOIN \(SQL.drops) ON e.step = p.id AND e.reason IS NOT NULL
          WHERE s.run = ?1 AND s."from" = '[]' AND s.stage IN \(stages)
          ORDER BY stage, occurrence, seq LIMIT ?2
          """, arguments: [run, limit])
      let total = try Int.fetchOne(
        db, sql: "SELECT total(n) FROM (\(Self.dropCounts)) WHERE stage IN \(stages)", arguments: [run])
      return EndedRows(rows: try found.map { try Self.dropped($0, run: run, db) }, total: total ?? 0)
    }
  }

  /// What failed in a run and has no answer since, at one stage or at any, as the books count it: each row once, with its
  /// last failure.
  package func failedRows(of stage: String?, run: Int64, limit: Int) async throws -> EndedRows {
    try await read { db in
      let condition = """
        f.run = ?1 AND f.stage IN \(try Self.ordinals(of: stage, run: run, db)) AND NOT EXISTS (SELECT 1 FROM taken t
          WHERE t.run = f.run AND t.stage = f.stage AND t.occurrence = f.occurrence)
        """
      let found = try GRDB.Row.fetchAll(
        db,
        sql: """
          SELECT f.stage, f.occurrence, max(f.id) FROM failure f WHERE \(condition)
          GROUP BY f.stage, f.occurrence ORDER BY f.stage, f.occurrence LIMIT ?2
          """, arguments: [run, limit])
      let total = try Int.fetchOne(
        db,
        sql:
          "SELECT count(*) FROM (SELECT 1 FROM failure f WHERE \(condition) GROUP BY f.stage, f.occurrence)",
        arguments: [run])
      return EndedRows(
        rows: try found.compactMap { row in
          var ended = try Self.ended(try row.at(1), at: try row.at(0), run: run, db)
          guard let failure = try Self.failure(try row.at(2), db) else { return nil }
          (ended.reason, ended.detail, ended.calls) = (failure.kind, failure.message, failure.calls)
          return ended
        }, total: total ?? 0)
    }
  }

  /// Stages of a run for an IN.
  private static func ordinals(of stage: String?, run: Int64, _ db: Database) throws -> String {
    SQL.list(
      try Int.fetchAll(
        db, sql: "SELECT stage FROM run_stage WHERE run = ?1 AND (?2 IS NULL OR name = ?2)",
        arguments: [run, stage]))
  }

  /// Stage, occurrence, step, and the emission's number and member.
  private static func dropped(_ found: GRDB.Row, run: Int64, _ db: Database) throws -> EndedRow {
    let (stage, occurrence, step, seq): (Int, Int64?, Int64?, Int?) = (
      try found.at(0), try found.at(1), try found.at(2), try found.at(3)
    )
    var ended = try Self.ended(occurrence, at: stage, run: run, db)
    guard let step, let seq else {
      let last = try Int64.fetchOne(
        db, sql: "SELECT max(id) FROM failure WHERE run = ? AND stage = ? AND occurrence = ?",
        arguments: [run, stage, occurrence])
      let failure = try last.flatMap { try Self.failure($0, db) }
      ended.reason =
        try String.fetchOne(
          db, sql: "SELECT reason FROM taken WHERE run = ? AND stage = ? AND occurrence = ?",
          arguments: [run, stage, occurrence]) ?? ""
      ended.detail =
        failure.map { FailureKind.words($0.kind, $0.message) } ?? ""
      ended.calls = failure?.calls ?? []
      return ended
    }
    let emission = try GRDB.Row.fetchOne(
      db.cachedStatement(sql: "SELECT reason, detail FROM emission WHERE step = ? AND seq = ?"),
      arguments: [step, seq])
    ended.reason = try emission.maybe(0) ?? ""
    ended.detail = try emission.maybe(1) ?? ""
    if occurrence == nil {
      ended.source = "\(ended.stage):\(seq)"
    } else if try found.at(4) as Int? == nil {
      ended.sample = seq
    }
    ended.calls = try Int64.fetchAll(
      db.cachedStatement(
        sql: "SELECT reply FROM step_call WHERE step = ?1 AND (sample IS NULL OR ?2 IS NULL OR sample = ?2) "
          + "ORDER BY seq LIMIT \(kinLimit)"), arguments: [step, ended.sample])
    return ended
  }

  private static func ended(_ occurrence: Int64?, at stage: Int, run: Int64, _ db: Database) throws
    -> EndedRow
  {
    let name = try String.fetchOne(
      db.cachedStatement(sql: "SELECT name FROM run_stage WHERE run = ? AND stage = ?"),
      arguments: [run, stage])
    let row = try GRDB.Row.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT \(SQL.rowID("r")), \(SQL.source("o")), r.json FROM occurrence o JOIN "row" r ON r.id = o."row"
          WHERE o.id = ?
          """), arguments: [occurrence])
    return EndedRow(
      stage: name ?? "", id: try row.maybe(0), source: try row.maybe(1), columns: try row?.json(2).object)
  }

  private static func failure(_ id: Int64, _ db: Database) throws -> (
    kind: String, message: String, calls: [Int64]
  )? {
    try GRDB.Row.fetchOne(db, sql: "SELECT kind, message, calls FROM failure WHERE id = ?", arguments: [id])
      .map { (kind: try $0.at(0), message: try $0.at(1), calls: try failedCalls(try $0.at(2))) }
  }
}
