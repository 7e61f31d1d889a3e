internal import Foundation
internal import GRDB
internal import OrderedCollections
package import RetortCore

/// The answer to a question about the store: named columns, rows in order.
package struct Table: Hashable, Sendable {
  package let columns: [String]
  package let rows: [[JSON]]

  package init(columns: [String], rows: [[JSON]]) {
    self.columns = columns
    self.rows = rows
  }

  /// The rows as objects, for `--json`.
  package var json: JSON { .array(objects.map(JSON.object)) }

  /// The rows as objects; of columns with one name the last counts.
  package var objects: [JSON.Object] {
    rows.map { JSON.Object(zip(columns, $0), uniquingKeysWith: { _, last in last }) }
  }
}

/// A run as it was begun.
package struct RecordedRun: Hashable, Sendable {
  package let id: Int64
  /// The first run of those that resumed each other; itself when it resumed none.
  package let origin: Int64
  package let file: String
  package let flags: JSON
  /// The pipeline file as it was read; nil for runs of stores that did not keep it yet.
  package let resolved: JSON?
  /// How it ended, or `running` or `broken`.
  package let status: String
  /// Made by this user on this machine.
  package let isFromHere: Bool
}

/// What decides which run is gone on with.
package struct BegunRun: Hashable, Sendable {
  package let id: Int64
  /// The first run of those that resumed each other; itself when it resumed none.
  package let origin: Int64
  package let pipeline: String
  package let file: String
  /// How it ended, or `running` or `broken`.
  package let status: String
  package let flags: JSON

  package init(id: Int64, origin: Int64, pipeline: String, file: String, status: String, flags: JSON) {
    self.id = id
    self.origin = origin
    self.pipeline = pipeline
    self.file = file
    self.status = status
    self.flags = flags
  }
}

/// What people ask of a store, in SQL that they could type themselves.
extension Inspector {
  /// The runs, newest first, each with what it cost.
  package func runs(limit: Int = 20) async throws -> Table {
    try await table(
      """
      SELECT run, pipeline, CASE WHEN status = 'running' THEN ?2 ELSE status END AS status, started,
        round(seconds, 1) AS seconds, calls, round(usd, 6) AS usd
      FROM (\(Views.ledger("runs"))) ORDER BY run DESC LIMIT ?1
      """, [.int(Int64(limit)), .string(status("running"))])
  }

  /// A run's recorded status as it is: `running` is `interrupted` where no process holds the store.
  func status(_ recorded: String) -> String {
    recorded == "running" && !store.file.isLocked ? "interrupted" : recorded
  }

  /// What a run dropped, the commonest reasons first.
  package func drops(of run: Int64) async throws -> [Losses] {
    try await table(
      """
      SELECT s.name, d.reason, sum(d.n) FROM (\(Self.dropCounts)) d
      JOIN run_stage s ON s.run = ?1 AND s.stage = d.stage GROUP BY s.name, d.reason
      ORDER BY sum(d.n) DESC, s.name, d.reason
      """, [.int(run)]
    ).rows.compactMap { row in
      guard let stage = row[0].string, let reason = row[1].string, let rows = row[2].int else { return nil }
      return Losses(stage: stage, reason: reason, rows: Int(rows))
    }
  }

  /// What was said of the first record that a reader dropped for a reason.
  package func firstDrop(of run: Int64, by stage: String, for reason: String) async throws -> String? {
    try await table(
      """
      SELECT e.detail FROM run_stage s JOIN step p ON p.fingerprint = s.fingerprint
      JOIN \(SQL.drops) ON e.step = p.id AND e.reason = ?3
      WHERE s.run = ?1 AND s.name = ?2 AND s."from" = '[]' ORDER BY e.seq LIMIT 1
      """, [.int(run), .string(stage), .string(reason)]
    ).rows.first?.first?.string
  }

  /// The newest run; nil in a store without runs.
  package func newestRun() async throws -> Int64? {
    try await table("SELECT max(id) AS run FROM run", []).rows.first?.first?.int
  }

  /// A run as it was begun, or the newest; nil when there is no such run.
  package func recordedRun(_ run: Int64?) async throws -> RecordedRun? {
    let found = try await table(
      """
      SELECT id, coalesce(origin, id), file, flags, resolved, status, home FROM run
      WHERE ?1 IS NULL OR id = ?1 ORDER BY id DESC LIMIT 1
      """, [run.map(JSON.int) ?? .null])
    guard let row = found.rows.first, let id = row[0].int, let origin = row[1].int, let file = row[2].string,
      let flags = row[3].string, let status = row[5].string
    else { return nil }
    return RecordedRun(
      id: id, origin: origin, file: file, flags: try JSON(stored: flags),
      resolved: try row[4].string.map { try JSON(stored: $0) }, status: self.status(status),
      isFromHere: row[6].string == Home.here)
  }

  /// All runs, newest first.
  package func begunRuns() async throws -> [BegunRun] {
    try await table(
      "SELECT id, coalesce(origin, id), pipeline, file, status, flags FROM run ORDER BY id DESC"
    )
    .rows.compactMap { row in
      guard let id = row[0].int, let origin = row[1].int, let pipeline = row[2].string,
        let file = row[3].string, let recorded = row[4].string, let flags = row[5].string
      else { return nil }
      return BegunRun(
        id: id, origin: origin, pipeline: pipeline, file: file, status: status(recorded),
        flags: try JSON(stored: flags))
    }
  }

  /// The counts of every stage of a run, in file order, as far as it has come.
  package func books(of run: Int64) async throws -> OrderedBooks {
    try await read { try StepTables.books(of: run, $0) }
  }

  /// The rows of a stage of a run, in their order, whole.
  package func rows(of stage: String, run: Int64, limit: Int) async throws -> Table {
    try await table(
      """
      SELECT \(SQL.rowID("r")) AS id, \(SQL.source("o")) AS source, r.json
      FROM occurrence o JOIN run_stage s USING (run, stage) JOIN "row" r ON r.id = o."row"
      WHERE o.run = ? AND s.name = ? ORDER BY o.path LIMIT ?
      """, [.int(run), .string(stage), .int(Int64(limit))])
  }

  /// What failed in a run and has no answer since, grouped by stage and message; the rows add up to those that the run's
  /// summary counts as failed. What the pipeline dropped for it is there too, and says so after its kind.
  package func failures(run: Int64, of stage: String? = nil) async throws -> Table {
    try await table(
      """
      SELECT s.name AS stage, f.kind || iif(f.dropped, ', dropped', '') AS kind, sum(f.n) AS rows, f.message,
        min(\(SQL.rowID("r"))) AS example
      FROM (\(Self.failedRows)) f JOIN run_stage s ON s.run = ?1 AND s.stage = f.stage
      LEFT JOIN occurrence o ON o.id = f.occurrence LEFT JOIN "row" r ON r.id = o."row"
      WHERE ?2 IS NULL OR s.name = ?2
      GROUP BY s.stage, f.kind, f.dropped, f.message ORDER BY s.stage, rows DESC
      """, [.int(run), stage.map(JSON.string) ?? .null])
  }

  /// Answers a query over the tables of `docs/store.md`.
  package func table(_ sql: String, _ arguments: [JSON] = []) async throws -> Table {
    try await read { try Self.table(sql, arguments, $0) }
  }

  static func table(_ sql: String, _ arguments: [JSON], _ db: Database) throws -> Table {
    let values = arguments.map { value -> DatabaseValue in
      switch value {
      case .null: .null
      case .bool(let value): value.databaseValue
      case .int(let value): value.databaseValue
      case .double(let value): value.databaseValue
      case .string(let value): value.databaseValue
      case .array, .object: value.text.databaseValue
      }
    }
    let statement = try db.makeStatement(sql: sql)
    let rows = try GRDB.Row.fetchAll(statement, arguments: StatementArguments(values))
    return Table(
      columns: Array(statement.columnNames),
      rows: rows.map { row in
        row.databaseValues.map { value in
          switch value.storage {
          case .null: .null
          case .int64(let number): .int(number)
          case .double(let number): .double(number)
          case .string(let text): .string(text)
          case .blob(let data): .string(data.hex)
          }
        }
      })
  }
}
