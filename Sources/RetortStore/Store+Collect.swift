internal import Foundation
internal import GRDB
internal import RetortCore

/// What a collection forgot.
package struct Freed: Codable, Hashable, Sendable {
  package var runs = 0
  package var steps = 0
  package var rows = 0
  package var replies = 0
  /// Of the file on disk.
  package var bytes = 0

  package init(runs: Int = 0, steps: Int = 0, rows: Int = 0, replies: Int = 0, bytes: Int = 0) {
    self.runs = runs
    self.steps = steps
    self.rows = rows
    self.replies = replies
    self.bytes = bytes
  }
}

extension Store {
  /// Forgets what no kept run needs, and gives the space back. Steps of kept runs and the rows they made stay, so
  /// that a later run of their pipelines makes no step again.
  ///
  /// - Parameters:
  ///   - keepRuns: how many of the newest runs of each pipeline are kept, at least 1; a kept run keeps those that it
  ///     resumed, since they share a budget. Runs of a redo that has not finished are counted apart: the answers from
  ///     before it stand.
  ///   - replies: also forgets paid replies that no kept step used and no kept run asked for.
  ///   - dryRun: says what would be forgotten, and undoes it.
  /// Errors: ``StoreError`` while a run holds the store, and when the file is damaged.
  package func collect(keepRuns: Int, replies: Bool = false, dryRun: Bool = false) async throws -> Freed {
    guard keepRuns >= 1 else { throw StoreError("expected at least 1 run to keep, found \(keepRuns)") }
    return try await collecting(dryRun: dryRun) { try Self.forget(keepRuns: keepRuns, replies: replies, $0) }
  }

  /// Forgets while no run holds the store, and gives the space back; or undoes it, and says what it would have been.
  func collecting(dryRun: Bool, _ forget: @Sendable @escaping (Database) throws -> Freed) async throws
    -> Freed
  {
    let lock = try lock(for: "gc", at: now())
    defer { withExtendedLifetime(lock) {} }
    return try await pool.writeWithoutTransaction { [shelf, imageFiles] db in
      let before = try Self.pages(db)
      var freed = Freed()
      var idle: [(url: URL, bytes: Int)] = []
      try db.inTransaction {
        try StepTables.forgetDeadRuns(db)
        freed = try forget(db)
        idle = try shelf.idle { try Self.isNamed($0, db) } + imageFiles.idle { try ImageFiles.named(db) }
        if dryRun { freed.bytes = try (Self.pages(db).free - before.free) * before.size }
        return dryRun ? .rollback : .commit
      }
      let besides = idle.reduce(0) { $0 + $1.bytes }
      guard !dryRun else {
        freed.bytes += besides
        return freed
      }
      for file in idle { try? FileManager.default.removeItem(at: file.url) }
      try db.execute(sql: "VACUUM")
      try db.checkpoint(.truncate)
      freed.bytes = try (before.count - Self.pages(db).count) * before.size + besides
      let findings = try String.fetchAll(db, sql: "PRAGMA integrity_check")
      guard findings == ["ok"] else {
        throw StoreError("expected a whole store, found \(findings.prefix(3).joined(separator: "; "))")
      }
      return freed
    }
  }

  /// Whether a stage's key names the digest of a set.
  private static func isNamed(_ digest: String, _ db: Database) throws -> Bool {
    try Bool.fetchOne(
      db, sql: "SELECT EXISTS (SELECT 1 FROM fingerprint WHERE instr(config, ?))", arguments: [digest])
      ?? false
  }

  private static func pages(_ db: Database) throws -> (count: Int, free: Int, size: Int) {
    let numbers = try ["page_count", "freelist_count", "page_size"].map {
      try Int.fetchOne(db, sql: "PRAGMA \($0)") ?? 0
    }
    return (numbers[0], numbers[1], numbers[2])
  }

  private static func forget(keepRuns: Int, replies: Bool, _ db: Database) throws -> Freed {
    func delete(_ table: String, unless kept: String, _ arguments: StatementArguments = []) throws -> Int {
      try db.execute(sql: "DELETE FROM \"\(table)\" WHERE NOT (\(kept))", arguments: arguments)
      return db.changesCount
    }
    var freed = Freed()
    let redos = try StepTables.runsOfUnfinishedRedos(db).map(String.init).joined(separator: ",")
    freed.runs = try delete(
      "run",
      unless: """
        coalesce(origin, id) IN (SELECT origin FROM (SELECT coalesce(origin, id) AS origin,
          row_number() OVER (PARTITION BY pipeline, id IN (\(redos)) ORDER BY id DESC) AS age FROM run) WHERE age <= ?)
        """, [keepRuns])
    for table in ["run_stage", "occurrence", "taken", "failure", "failed_call"] {
      _ = try delete(table, unless: "run IN (SELECT id FROM run)")
    }
    // The step of a reader answers no row: its input is the empty set.
    let empty = [Digest(of: [UInt8]()), Digest(of: [0] as [UInt8])].map { Data($0.bytes) }
    freed.steps = try delete(
      "step",
      unless: """
        input IS NULL OR run IN (SELECT id FROM run) OR id IN (SELECT step FROM taken WHERE step IS NOT NULL)
        OR (input IN (?, ?) AND fingerprint IN (SELECT fingerprint FROM run_stage WHERE fingerprint IS NOT NULL))
        """, StatementArguments(empty))
    for table in ["emission", "step_call", "step__tool"] {
      _ = try delete(table, unless: "step IN (SELECT id FROM step)")
    }
    freed.rows = try delete(
      "row",
      unless: """
        id IN (SELECT "row" FROM occurrence)
        OR id IN (SELECT "row" FROM emission WHERE "row" IS NOT NULL)
        """)
    _ = try delete(
      "fingerprint",
      unless: """
        id IN (SELECT fingerprint FROM step)
        OR id IN (SELECT fingerprint FROM run_stage WHERE fingerprint IS NOT NULL)
        """)
    _ = try delete("refused_step", unless: "fingerprint IN (SELECT id FROM fingerprint)")
    if replies {
      freed.replies = try delete(
        "reply",
        unless: """
          id IN (SELECT reply FROM step_call) OR run IN (SELECT id FROM run)
          OR id IN (SELECT c.value FROM failure f, json_each(f.calls) c)
          """)
      _ = try delete("prompt", unless: "id IN (SELECT prompt FROM reply)")
      // Those of no run were given to others, as by `serve-tools`.
      _ = try delete(
        "tool__call",
        unless: "id IN (SELECT \"call\" FROM \"step__tool\") OR run IS NULL OR run IN (SELECT id FROM run)")
    }
    try Views.make(db)
    return freed
  }
}
