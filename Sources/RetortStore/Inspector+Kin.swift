internal import GRDB
internal import OrderedCollections
package import RetortCore

/// A row of a run, with where it came from and what became of it.
package struct Kin: Hashable, Sendable {
  package struct Occurrence: Hashable, Sendable {
    package var occurrence: Int64
    /// `r_…`
    package var id: String
    package var stage: String
    package var source: String
  }

  /// What a stage that takes the row made of it.
  package struct Fate: Hashable, Sendable {
    package var stage: String
    /// `emitted`, `dropped`, `failed` or `pending`.
    package var outcome: String
    /// Why, where it did not go on.
    package var reason: String
    /// The calls that led to it, where it did not go on.
    package var calls: [Int64]
  }

  package var run: Int64
  package var place: Occurrence
  package var columns: JSON.Object
  /// Nearest first; the first are its parents.
  package var ancestors: [Occurrence]
  /// Nearest first.
  package var descendants: [Occurrence]
  package var fates: [Fate]
  /// The calls that made it: of a sample, those drawn for it.
  package var calls: [Int64]
  /// The stage's step made several rows or read several, and its calls are theirs too.
  package var isShared: Bool
}

extension Inspector {
  /// How many relatives and calls are found at most.
  package static let kinLimit = 100

  /// Nil when there is no such occurrence.
  package func kin(of occurrence: Int64) async throws -> Kin? {
    try await read { db in
      let found = try GRDB.Row.fetchOne(
        db,
        sql: """
          SELECT o.run, \(SQL.rowID("r")), s.name, \(SQL.source("o")), r.json, t.step
          FROM occurrence o JOIN run_stage s USING (run, stage) JOIN "row" r ON r.id = o."row"
          LEFT JOIN taken t ON t.run = o.run AND t.stage = o.stage AND t.occurrence = o.parent WHERE o.id = ?
          """, arguments: [occurrence])
      guard let found else { return nil }
      let (run, stage): (Int64, String) = (try found.at(0), try found.at(2))
      let step = try found.at(5) as Int64?
      return Kin(
        run: run,
        place: .init(
          occurrence: occurrence, id: try found.at(1), stage: stage, source: try found.at(3) ?? ""),
        columns: try found.json(4).object ?? [:],
        ancestors: try Self.places("up", of: occurrence, run: run, db),
        descendants: try Self.places("down", of: occurrence, run: run, db),
        fates: try Self.fates(of: occurrence, from: stage, run: run, db),
        calls: try Int64.fetchAll(
          db,
          sql: """
            SELECT c.reply FROM occurrence o \(SQL.ownCalls("JOIN")) WHERE o.id = ? ORDER BY c.seq LIMIT ?
            """, arguments: [occurrence, Self.kinLimit]),
        isShared: try Int.fetchOne(
          db,
          sql: """
            SELECT count(*) FROM (SELECT 1 FROM emission WHERE step = ?1
              AND NOT EXISTS (SELECT 1 FROM step_call WHERE step = ?1 AND sample IS NOT NULL) LIMIT 2)
            """, arguments: [step]) ?? 0 > 1)
    }
  }

  private static func places(_ table: String, of occurrence: Int64, run: Int64, _ db: Database) throws -> [Kin
    .Occurrence]
  {
    try GRDB.Row.fetchAll(
      db,
      sql: """
        WITH RECURSIVE start AS (SELECT ?2 AS id), \(SQL.kin(limit: kinLimit + 1))
        SELECT \(placeColumns)
        FROM \(table) JOIN occurrence o USING (id) JOIN run_stage s USING (run, stage) JOIN "row" r ON r.id = o."row"
        WHERE o.id <> ?2
        """, arguments: [run, occurrence]
    ).map(place)
  }

  /// The columns of an occurrence `o` with its row `r`, at a stage `s`.
  static let placeColumns = "o.id, \(SQL.rowID("r")), s.name, \(SQL.source("o"))"

  static func place(_ row: GRDB.Row) throws -> Kin.Occurrence {
    Kin.Occurrence(
      occurrence: try row.at(0), id: try row.at(1), stage: try row.at(2), source: try row.at(3) ?? "")
  }

  static func fates(of occurrence: Int64, from stage: String, run: Int64, _ db: Database) throws
    -> [Kin.Fate]
  {
    try GRDB.Row.fetchAll(
      db,
      sql: """
        SELECT s.name, t.occurrence IS NOT NULL, t.step, coalesce(e.reason, iif(t.step IS NULL, t.reason, NULL)),
          e.detail, f.kind || ': ' || f.message, f.calls
        FROM run_stage s
        LEFT JOIN taken t ON t.run = s.run AND t.stage = s.stage AND t.occurrence = ?2
        LEFT JOIN \(SQL.drops) ON e.step = t.step AND e.member = t.member AND e.reason IS NOT NULL
        LEFT JOIN failure f ON f.id = (SELECT max(id) FROM failure WHERE run = s.run AND stage = s.stage AND occurrence = ?2)
        WHERE s.run = ?1 AND EXISTS (SELECT 1 FROM json_each(s."from") WHERE value = ?3) ORDER BY s.stage
        """, arguments: [run, occurrence, stage]
    ).map { row in
      let (isTaken, step, reason, failure): (Bool, Int64?, String?, String?) = (
        try row.at(1), try row.at(2), try row.at(3), try row.at(5)
      )
      if let reason {
        let detail =
          (try row.at(4) as String?).map { $0.isEmpty ? "" : ": \($0)" } ?? failure.map { ": \($0)" } ?? ""
        let calls = try step == nil ? failedCalls(try row.at(6)) : Self.calls(ofStep: step, db)
        return .init(stage: try row.at(0), outcome: "dropped", reason: reason + detail, calls: calls)
      }
      if isTaken { return .init(stage: try row.at(0), outcome: "emitted", reason: "", calls: []) }
      guard let failure else { return .init(stage: try row.at(0), outcome: "pending", reason: "", calls: []) }
      return .init(
        stage: try row.at(0), outcome: "failed", reason: failure, calls: try failedCalls(try row.at(6)))
    }
  }

  static func failedCalls(_ list: String?) throws -> [Int64] {
    try list.map { try JSON(stored: $0).array?.compactMap(\.int) ?? [] } ?? []
  }

  private static func calls(ofStep step: Int64?, _ db: Database) throws -> [Int64] {
    try Int64.fetchAll(
      db, sql: "SELECT reply FROM step_call WHERE step = ? ORDER BY seq LIMIT ?", arguments: [step, kinLimit])
  }

  /// The occurrences of a content, newest run first, by a prefix of its identifier (`r_` and at least 4 hex digits); at
  /// most `limit`. Empty for what is no identifier.
  package func places(ofRow id: String, limit: Int) async throws -> [Kin.Occurrence] {
    let contents = try await contents(ofRow: id)
    return try await read { db in
      try contents.flatMap { content in
        try GRDB.Row.fetchAll(
          db,
          sql: """
            SELECT \(Self.placeColumns)
            FROM occurrence o JOIN run_stage s USING (run, stage) JOIN "row" r ON r.id = o."row"
            WHERE o."row" = ? ORDER BY o.run DESC, o.stage, o.path LIMIT ?
            """, arguments: [content, limit]
        ).map(Self.place)
      }
    }
  }

  /// Where a row is that is named by its identifier or by the record it was read from, newest run first.
  package func places(named text: String, limit: Int) async throws -> [Kin.Occurrence] {
    guard let name = RowName(text), case .record = name else {
      return try await places(ofRow: text, limit: limit)
    }
    guard let row = try await rows(named: name, run: nil, limit: 1).first else { return [] }
    return try await places(ofRow: row.id, limit: limit)
  }

  /// A content by a prefix of its identifier, with its whole identifier; nil where there is none, or more than one.
  package func content(ofRow id: String) async throws -> (id: String, columns: JSON.Object)? {
    let found = try await contents(ofRow: id)
    guard found.count == 1, let only = found.first else { return nil }
    return try await read { db in
      let row = try StepTables.row(only, db)
      return (RowID.text(Digest(of: row.json)), row.columns)
    }
  }

  private func contents(ofRow id: String) async throws -> [Int64] {
    let digits = SQL.digits(id)
    guard digits.count >= 4 else { return [] }
    return try await read { try Self.contents(digits, limit: 10, $0) }
  }
}
