internal import GRDB
internal import RetortCore

/// Rows, or samples of rows, that ended at a stage for one reason.
package struct Losses: Hashable, Sendable {
  package var stage: String
  package var reason: String
  package var rows: Int
  /// Some of them, by occurrence, where they are asked for: the first and the last.
  package var samples: [LostRow]

  package init(stage: String, reason: String, rows: Int, samples: [LostRow] = []) {
    self.stage = stage
    self.reason = reason
    self.rows = rows
    self.samples = samples
  }
}

/// A row that ended at a stage.
package struct LostRow: Hashable, Sendable {
  /// Nil for a record that became no row, and for a stage that failed as a whole.
  package var occurrence: Int64?
  /// `r_…`, or empty.
  package var id: String
  /// The record it descends from, as `questions:7`.
  package var source: String
  package var detail: String
}

extension Inspector {
  /// What a run dropped, by stage in file order, the commonest reasons first.
  package func dropped(of run: Int64) async throws -> [Losses] {
    try await read { db in
      try GRDB.Row.fetchAll(
        db,
        sql: """
          SELECT s.name, d.reason, sum(d.n), min(d.low), max(d.high) FROM (\(Self.dropCounts)) d
          JOIN run_stage s ON s.run = ?1 AND s.stage = d.stage GROUP BY s.stage, d.reason
          ORDER BY s.stage, sum(d.n) DESC, d.reason
          """, arguments: [run]
      ).map { try Self.losses($0, detailOf: try $0.at(0), run: run, db) }
    }
  }

  /// What failed in a run and has no answer since, by stage in file order; 100 groups at most. As the books count: what was
  /// dropped because it failed is no failure.
  package func failed(of run: Int64) async throws -> [Losses] {
    try await read { db in
      try GRDB.Row.fetchAll(
        db,
        sql: """
          SELECT s.name, f.kind || ': ' || f.message, sum(f.n), min(f.occurrence), max(f.occurrence)
          FROM (\(Self.failedRows)) f JOIN run_stage s ON s.run = ?1 AND s.stage = f.stage
          WHERE NOT f.dropped GROUP BY s.stage, f.kind, f.message ORDER BY s.stage, sum(f.n) DESC LIMIT 100
          """, arguments: [run]
      ).map { try Self.losses($0, detailOf: nil, run: run, db) }
    }
  }

  /// Rows that a stage of a run dropped for a reason, those beyond `mark` (an occurrence), in their order of arrival.
  package func dropped(of run: Int64, stage: Int, reason: String, after mark: Int64, limit: Int) async throws
    -> [LostRow]
  {
    try await read { db in
      try GRDB.Row.fetchAll(
        db,
        sql: """
          SELECT o.id, \(SQL.rowID("r")), \(SQL.source("o")), e.detail
          FROM taken t JOIN occurrence o ON o.id = t.occurrence JOIN "row" r ON r.id = o."row"
          LEFT JOIN \(SQL.drops) ON e.step = t.step AND (e.member = t.member OR e.member IS NULL)
            AND e.reason IS NOT NULL
          WHERE t.run = ? AND t.stage = ? AND t.occurrence > ? AND coalesce(e.reason, iif(t.step IS NULL, t.reason, NULL)) = ?
          ORDER BY t.occurrence LIMIT ?
          """, arguments: [run, stage, mark, reason, limit]
      ).map {
        LostRow(
          occurrence: try $0.at(0), id: try $0.at(1), source: try $0.at(2) ?? "", detail: try $0.at(3) ?? "")
      }
    }
  }

  /// The failures of run `?1` that have no answer since: stage, kind, message and occurrence, the number of rows that failed
  /// with each (all unanswered ones where the stage failed as a whole), and whether they were dropped for it. Every place that
  /// counts failed rows counts these.
  static let failedRows = """
    SELECT f.stage AS stage, f.kind AS kind, f.message AS message, f.occurrence AS occurrence,
      CASE WHEN f.occurrence IS NOT NULL OR s."from" = '[]' THEN 1 ELSE
        (SELECT count(*) FROM occurrence o JOIN run_stage u ON u.run = o.run AND u.stage = o.stage
          WHERE o.run = f.run AND u.name IN (SELECT value FROM json_each(s."from")))
        - (SELECT count(*) FROM taken t LEFT JOIN step p ON p.id = t.step
          WHERE t.run = f.run AND t.stage = f.stage AND (t.step IS NULL OR p.input IS NOT NULL)) END AS n,
      EXISTS (SELECT 1 FROM taken t WHERE t.run = f.run AND t.stage = f.stage AND t.occurrence = f.occurrence
        AND t.step IS NULL) AS dropped
    FROM failure f JOIN run_stage s ON s.run = f.run AND s.stage = f.stage
    WHERE f.run = ?1 AND NOT EXISTS (SELECT 1 FROM taken t
      WHERE t.run = f.run AND t.stage = f.stage AND t.occurrence = f.occurrence AND t.step IS NOT NULL)
    """

  /// Stage, reason, number, and the first and last occurrence, of the drops of run `?1`: of rows, of samples left out of
  /// rows that went on, and of records that became no row.
  static let dropCounts = """
    SELECT t.stage AS stage, coalesce(e.reason, t.reason) AS reason, count(*) AS n, min(t.occurrence) AS low,
      max(t.occurrence) AS high
    FROM taken t LEFT JOIN \(SQL.drops) ON e.step = t.step AND e.member = t.member AND e.reason IS NOT NULL
    WHERE t.run = ?1 AND (e.reason IS NOT NULL OR t.step IS NULL) GROUP BY 1, 2
    UNION ALL
    SELECT t.stage, e.reason, count(*), min(t.occurrence), max(t.occurrence)
    FROM taken t JOIN \(SQL.drops) ON e.step = t.step AND e.member IS NULL AND e.reason IS NOT NULL
    WHERE t.run = ?1 GROUP BY 1, 2
    UNION ALL
    SELECT s.stage, e.reason, count(*), NULL, NULL
    FROM run_stage s JOIN step p ON p.fingerprint = s.fingerprint JOIN \(SQL.drops) ON e.step = p.id AND e.reason IS NOT NULL
    WHERE s.run = ?1 AND s."from" = '[]' GROUP BY 1, 2
    """

  /// Stage, reason, number, and the first and last occurrence, with those two for samples.
  private static func losses(_ row: GRDB.Row, detailOf stage: String?, run: Int64, _ db: Database) throws
    -> Losses
  {
    let ends: [Int64] = [try row.at(3) as Int64?, try row.at(4) as Int64?].compactMap { $0 }
    return Losses(
      stage: try row.at(0), reason: try row.at(1), rows: try row.at(2),
      samples: try Set(ends).sorted().compactMap { try lostRow($0, stage: stage, run: run, db) })
  }

  /// - Parameter stage: that dropped it; nil for no detail.
  private static func lostRow(_ occurrence: Int64, stage: String?, run: Int64, _ db: Database) throws
    -> LostRow?
  {
    try GRDB.Row.fetchOne(
      db,
      sql: """
        SELECT \(SQL.rowID("r")), \(SQL.source("o")), (SELECT e.detail FROM run_stage s
          JOIN taken t ON t.run = s.run AND t.stage = s.stage AND t.occurrence = o.id
          JOIN \(SQL.drops) ON e.step = t.step AND (e.member = t.member OR e.member IS NULL) AND e.reason IS NOT NULL
          WHERE s.run = ?1 AND s.name = ?3 LIMIT 1)
        FROM occurrence o JOIN "row" r ON r.id = o."row" WHERE o.id = ?2
        """, arguments: [run, occurrence, stage]
    ).map {
      LostRow(
        occurrence: occurrence, id: try $0.at(0), source: try $0.at(1) ?? "", detail: try $0.at(2) ?? "")
    }
  }
}
