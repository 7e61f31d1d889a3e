internal import Foundation
internal import GRDB
internal import OrderedCollections
package import RetortCore

/// A stage of a run, as it was recorded.
package struct RecordedStage: Hashable, Sendable {
  package let ordinal: Int
  package let name: String
  package let kind: String
  package let version: Int
  package let from: [String]
  package let using: [String]
  /// Nil for a reader that could not tell before it ran.
  package let columns: [String]?
  /// Twelve hex digits of what identifies its steps; nil when the run did not come to it.
  package let fingerprint: String?
}

/// A row of a run.
package struct StoredRow: Hashable, Sendable {
  /// `r_…`, or empty for a record that became none.
  package let id: String
  /// The record it descends from, as `questions:7`.
  package let source: String
  package let columns: JSON.Object
}

/// A reply that a step of a run used, whichever run paid for it.
package struct UsedReply: Hashable, Sendable {
  package let id: Int64
  /// The ordinal of the stage that used it.
  package let stage: Int
  package let model: String
  package let promptTokens: Int
  package let completionTokens: Int
  /// Nil without a price.
  package let usd: Double?
  package let attempts: Int
  package let seconds: Double
  /// The run that paid.
  package let run: Int64?
  /// Seconds since 1970.
  package let at: Double
}

/// What a report shows. Values of columns come one for each row of a stage, in the rows' order.
extension Inspector {
  /// In file order.
  package func stages(of run: Int64) async throws -> [RecordedStage] {
    try await read { db in
      try GRDB.Row.fetchAll(
        db,
        sql: """
          SELECT s.stage, s.name, s.kind, s.version, s."from", s."using", s.columns, f.digest
          FROM run_stage s LEFT JOIN fingerprint f ON f.id = s.fingerprint WHERE s.run = ? ORDER BY s.stage
          """, arguments: [run]
      ).map { row in
        RecordedStage(
          ordinal: try row.at(0), name: try row.at(1), kind: try row.at(2), version: try row.at(3),
          from: try StepTables.names(try row.at(4)),
          using: try row.json(5).object?.values.compactMap(\.string) ?? [],
          columns: try (row.at(6) as String?).map(StepTables.names),
          // The first byte is the scheme.
          fingerprint: (try row.at(7) as Data?).map { String($0.hex.dropFirst(2).prefix(12)) })
      }
    }
  }

  package func numbers(_ column: String, of stage: Int, run: Int64) async throws -> [Double?] {
    try await values(
      """
      CASE WHEN json_type(r.json, ?1) IN ('integer', 'real')
        AND json_extract(r.json, ?1) BETWEEN -1e100 AND 1e100 THEN json_extract(r.json, ?1) END
      """, column, of: stage, run: run)
  }

  package func texts(_ column: String, of stage: Int, run: Int64) async throws -> [String?] {
    try await values("CAST(json_extract(r.json, ?1) AS TEXT)", column, of: stage, run: run)
  }

  /// Characters of a text.
  package func lengths(_ column: String, of stage: Int, run: Int64) async throws -> [Double?] {
    try await values(
      "CASE WHEN json_type(r.json, ?1) = 'text' THEN length(json_extract(r.json, ?1)) END", column,
      of: stage, run: run)
  }

  /// What SQL makes of a column, whose path is `?1`; empty for one with a quotation mark, which no JSON path names.
  private func values<Value: DatabaseValueConvertible & StatementColumnConvertible & Sendable>(
    _ sql: String, _ column: String, of stage: Int, run: Int64
  ) async throws -> [Value?] {
    guard !column.contains("\"") else { return [] }
    return try await read { db in
      try Value?.fetchAll(
        db,
        sql: """
          SELECT \(sql) FROM occurrence o JOIN "row" r ON r.id = o."row"
          WHERE o.run = ?2 AND o.stage = ?3 ORDER BY o.path
          """, arguments: [SQL.path(to: column), run, stage])
    }
  }

  /// The columns that the first rows of a stage have, for one that could not tell before it ran.
  package func columns(of stage: Int, run: Int64) async throws -> [String] {
    let first = try await contents(of: stage, run: run, limit: 200)
    return Array(OrderedSet(first.flatMap { $0.columns.keys }))
  }

  /// Some columns of a stage's rows: of all, or of blocks of rows that are spread over them evenly, so that what belongs
  /// together is there together.
  ///
  /// - Parameters:
  ///   - columns: those with a quotation mark, which no JSON path names, are left out.
  ///   - most: rows to read, about.
  package func sample(_ columns: [String], of stage: Int, run: Int64, most: Int) async throws -> (
    rows: [Columns], total: Int
  ) {
    let columns = columns.filter { !$0.contains("\"") }
    guard !columns.isEmpty else { return ([], 0) }
    return try await read { db in
      let total =
        try Int.fetchOne(
          db, sql: "SELECT count(*) FROM occurrence WHERE run = ? AND stage = ?", arguments: [run, stage])
        ?? 0
      let every = max(1, (total + most - 1) / max(1, most))
      let values = columns.map { _ in "r.json -> ?" }.joined(separator: ", ")
      let rows = try GRDB.Row.fetchAll(
        db,
        sql: """
          SELECT json_array(\(values)) FROM (SELECT "row", row_number() OVER (ORDER BY path) - 1 AS place
            FROM occurrence WHERE run = ? AND stage = ?) o JOIN "row" r ON r.id = o."row"
          WHERE (o.place / 64) % ? = 0 ORDER BY o.place
          """,
        arguments: StatementArguments(columns.map { SQL.path(to: $0).databaseValue })
          + [run, stage, every])
      return (
        try rows.map { row in
          let values = try row.json(0).array ?? []
          return Columns(JSON.Object(zip(columns, values), uniquingKeysWith: { first, _ in first }))
        }, total
      )
    }
  }

  /// Whether each row of a stage, or what was made of it, came to others: paths as in
  /// ``StagePlace/inScope(_:)``.
  package func reach(of stage: Int, to ends: [Int], run: Int64) async throws -> [Bool] {
    try await read { db in
      try Bool.fetchAll(
        db,
        sql: """
          SELECT EXISTS (SELECT 1 FROM occurrence d WHERE d.run = o.run AND d.stage IN \(SQL.list(ends))
            AND d.path >= o.path AND d.path < o.path || '/')
          FROM occurrence o WHERE o.run = ? AND o.stage = ? ORDER BY o.path
          """, arguments: [run, stage])
    }
  }

  /// The rows of a stage, or the first of them.
  package func contents(of stage: Int, run: Int64, limit: Int? = nil) async throws -> [StoredRow] {
    try await read { db in
      try GRDB.Row.fetchAll(
        db,
        sql: """
          SELECT \(SQL.rowID("r")), \(SQL.source("o")), r.json
          FROM occurrence o JOIN "row" r ON r.id = o."row" WHERE o.run = ? AND o.stage = ? ORDER BY o.path LIMIT ?
          """, arguments: [run, stage, limit ?? -1]
      ).map {
        StoredRow(id: try $0.at(0), source: try $0.at(1) ?? "", columns: try $0.json(2).object ?? [:])
      }
    }
  }

  /// A row that a stage of a run dropped for a reason, with what was said of it.
  package func firstDrop(of run: Int64, stage: String, reason: String) async throws -> (
    row: StoredRow, detail: String
  )? {
    try await read { db in
      let row = try GRDB.Row.fetchOne(
        db,
        sql: """
          SELECT "row", source, detail FROM (\(Views.ledger("dropped")))
          WHERE run = ? AND stage = ? AND reason = ? LIMIT 1
          """,
        arguments: [run, stage, reason])
      return try row.map { row in
        let id: String? = try row.at(0)
        let columns = try id.flatMap { try Self.columns(ofRow: $0, db) } ?? [:]
        return (
          StoredRow(id: id ?? "", source: try row.at(1) ?? "", columns: columns), try row.at(2) ?? ""
        )
      }
    }
  }

  /// Of the first row whose digest begins as the identifier says, behind the byte for the scheme.
  private static func columns(ofRow id: String, _ db: Database) throws -> JSON.Object? {
    let digits = Array(SQL.digits(id))
    let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap {
      UInt8(String(digits[$0...($0 + 1)]), radix: 16)
    }
    let text = try String.fetchOne(
      db, sql: "SELECT json FROM \"row\" WHERE digest >= ? ORDER BY digest LIMIT 1",
      arguments: [Data([1] + bytes)])
    return try text.flatMap { try JSON(stored: $0).object }
  }

  /// By stage and model.
  package func usedReplies(of run: Int64) async throws -> [UsedReply] {
    try await read { db in
      try GRDB.Row.fetchAll(
        db,
        sql: """
          SELECT DISTINCT t.stage, c.model, \(SQL.count("c.prompt_tokens")), \(SQL.count("c.completion_tokens")),
            \(SQL.amount("c.usd")), \(SQL.count("c.attempts")), coalesce(\(SQL.amount("c.seconds")), 0), c.id,
            c.run, c.at
          FROM (SELECT DISTINCT stage, step FROM taken WHERE run = ? AND step IS NOT NULL) t
          JOIN step_call sc ON sc.step = t.step JOIN reply c ON c.id = sc.reply
          ORDER BY t.stage, c.model
          """, arguments: [run]
      ).map { row in
        UsedReply(
          id: try row.at(7), stage: try row.at(0), model: try row.at(1), promptTokens: try row.at(2),
          completionTokens: try row.at(3), usd: try row.at(4), attempts: try row.at(5),
          seconds: try row.at(6),
          run: try row.at(8), at: try row.at(9))
      }
    }
  }

  /// Tries of a run's calls that came to nothing.
  package func failedTries(of run: Int64) async throws -> Int {
    try await read {
      try Int.fetchOne($0, sql: "SELECT count(*) FROM failed_call WHERE run = ?", arguments: [run]) ?? 0
    }
  }

  /// When a run began and ended, in seconds since 1970; nil for a run that is not there, and for the end of one at work.
  package func span(of run: Int64) async throws -> (started: Double, finished: Double?)? {
    try await read { db in
      try GRDB.Row.fetchOne(db, sql: "SELECT started, finished FROM run WHERE id = ?", arguments: [run]).map {
        (try $0.at(0), try $0.at(1))
      }
    }
  }
}
