internal import Foundation
internal import GRDB
internal import OrderedCollections
package import RetortCore

/// A run in a list.
package struct RunListing: Hashable, Sendable {
  package var id: Int64
  package var pipeline: String
  /// The file's name, without its folder.
  package var file: String
  /// How it ended, or `running` or `broken`.
  package var status: String
  /// UTC, `2026-01-31 12:00:00`.
  package var started: String
  /// Nil while it runs.
  package var seconds: Double?

  package var isRunning: Bool { status == "running" }
}

/// A run and its stages, in file order.
package struct RunOutline: Hashable, Sendable {
  package struct Stage: Hashable, Sendable {
    package var ordinal: Int
    package var name: String
    package var kind: String
    package var from: [String]
    package var using: [String]
    package var columns: [String]
  }

  package var run: RunListing
  package var stages: [Stage]

  package subscript(name: String) -> Stage? { stages.first { $0.name == name } }
}

extension Inspector {
  /// The newest runs first.
  package func runLines(limit: Int) async throws -> [RunListing] {
    try await read { try Self.runLines("ORDER BY id DESC LIMIT ?", [limit], $0) }
  }

  /// Nil when there is no such run.
  package func line(of run: Int64) async throws -> RunListing? {
    try await read { try Self.runLines("WHERE id = ?", [run], $0).first }
  }

  /// A run with its stages, or the newest; nil when there is no such run.
  package func outline(of run: Int64?) async throws -> RunOutline? {
    try await read { db in
      let found = try Self.runLines("WHERE ?1 IS NULL OR id = ?1 ORDER BY id DESC LIMIT 1", [run], db)
      guard let line = found.first else { return nil }
      let stages = try GRDB.Row.fetchAll(
        db,
        sql:
          "SELECT stage, name, kind, \"from\", \"using\", columns FROM run_stage WHERE run = ? ORDER BY stage",
        arguments: [line.id])
      return RunOutline(
        run: line,
        stages: try stages.map { row in
          let columns = try (row.at(5) as String?).map(StepTables.names)
          let using = try row.json(4).object ?? [:]
          return .init(
            ordinal: try row.at(0), name: try row.at(1), kind: try row.at(2),
            from: try StepTables.names(try row.at(3)),
            using: using.values.compactMap(\.string),
            columns: try columns ?? Views.found(run: line.id, stage: try row.at(0), db))
        })
    }
  }

  private static func runLines(_ rest: String, _ arguments: StatementArguments, _ db: Database) throws
    -> [RunListing]
  {
    try GRDB.Row.fetchAll(
      db,
      sql: """
        SELECT id, pipeline, file, status, datetime(started, 'unixepoch'), finished - started FROM run \(rest)
        """, arguments: arguments
    ).map {
      RunListing(
        id: try $0.at(0), pipeline: try $0.at(1), file: URL(filePath: try $0.at(2)).lastPathComponent,
        status: try $0.at(3),
        started: try $0.at(4) ?? "",
        seconds: try $0.at(5))
    }
  }

  /// What the calls beyond two marks took, by the run that paid and its stage; the marks are moved to the newest.
  package func callTotals(after marks: [Int64]) async throws -> (
    totals: [Int64: [String: CallTally]], marks: [Int64]
  ) {
    try await read { db in
      var (totals, reached): ([Int64: [String: CallTally]], [Int64]) = ([:], marks)
      for (place, table) in ["reply", "failed_call"].enumerated() {
        let rows = try GRDB.Row.fetchCursor(
          db,
          sql: """
            SELECT run, stage, count(*), total(\(SQL.count("prompt_tokens"))),
              total(\(SQL.count("completion_tokens"))), total(\(SQL.amount("usd"))), max(id), total(usd IS NULL),
              \(SQL.estimatedTokens(in: table))
            FROM \(table) WHERE id > ? GROUP BY run, stage
            """, arguments: [marks[place]])
        while let row = try rows.next() {
          reached[place] = max(reached[place], try row.at(6))
          guard let run = try row.at(0) as Int64? else { continue }
          var found = CallTally()
          if place == 0 {
            (found.made, found.unpriced) = (try row.at(2), Int(bounded: try row.at(7)))
          } else {
            found.failed = try row.at(2)
            found.estimatedTokens = Int(bounded: try row.at(8))
          }
          found.add(
            promptTokens: Int(bounded: try row.at(3)), completionTokens: Int(bounded: try row.at(4)),
            usd: try row.at(5))
          totals[run, default: [:]][try row.at(1) ?? "", default: CallTally()] += found
        }
      }
      return (totals, reached)
    }
  }
}
