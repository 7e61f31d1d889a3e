internal import Foundation
internal import GRDB
internal import Synchronization

/// The one place where results live: rows, steps, replies and runs, in a SQLite file that people can open too.
///
/// Reading is concurrent; writing goes through one queue that commits what has gathered in one transaction. A write
/// that returned survives the death of the process; power loss may cost the last commits (WAL, `synchronous` NORMAL),
/// never the file.
package final class Store: Sendable {
  let pool: DatabasePool
  let path: String
  private let writer: GroupWriter
  private let running = Mutex<Int64?>(nil)

  /// The run that calls are booked to.
  var currentRun: Int64? {
    get { running.withLock { $0 } }
    set { running.withLock { $0 = newValue } }
  }

  /// Opens or creates the store at a path, creating its folder.
  ///
  /// Errors: ``StoreError`` when the file cannot be used, is no database or was written by a later version.
  package init(path: String) throws {
    let folder = URL(filePath: path).deletingLastPathComponent()
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    do {
      pool = try DatabasePool(path: path, configuration: Self.configuration())
      let migrator = Schema.migrator
      let isLater = try pool.read { try migrator.hasBeenSuperseded($0) }
      guard !isLater else { throw Self.isLater(path) }
      // Pages: 16 MB of log. The same pages change again and again, and a checkpoint writes each of them once.
      try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_autocheckpoint = 4000") }
      try migrator.migrate(pool)
    } catch { throw StoreError(error, path: path) ?? error }
    self.path = path
    writer = GroupWriter(pool: pool)
  }

  /// Opens a store to look inside, with no right to write: nothing in it changes, whoever else is writing meanwhile.
  ///
  /// Errors: ``StoreError`` when there is no store at the path, or one of another version of retort.
  package init(reading path: String) throws {
    do {
      pool = try DatabasePool(path: path, configuration: Self.configuration(readonly: true))
      let migrator = Schema.migrator
      let (isLater, isWhole) = try pool.read {
        (try migrator.hasBeenSuperseded($0), try migrator.hasCompletedMigrations($0))
      }
      guard !isLater else { throw Self.isLater(path) }
      guard isWhole else {
        throw StoreError(
          "the store at '\(path)' was written by an earlier version of retort; `retort runs` brings it up to date"
        )
      }
    } catch { throw StoreError(error, path: path) ?? error }
    self.path = path
    writer = GroupWriter(pool: pool)
  }

  private static func configuration(readonly: Bool = false) -> Configuration {
    var configuration = Configuration()
    configuration.readonly = readonly
    configuration.foreignKeysEnabled = false
    configuration.busyMode = .timeout(10)
    return configuration
  }

  private static func isLater(_ path: String) -> StoreError {
    StoreError(
      "the store at '\(path)' was written by a later version of retort; use that version, or name another store with "
        + "--store")
  }

  /// Errors: ``StoreError`` when the machine or the file is at fault; else what `body` throws, or SQLite.
  func read<T: Sendable>(_ body: @Sendable @escaping (Database) throws -> T) async throws -> T {
    do { return try await pool.read(body) } catch { throw StoreError(error, path: path) ?? error }
  }

  /// Runs `body` in the next commit and returns when that commit has; what throws is undone alone. `body` may run twice.
  /// Errors: as of ``read(_:)``.
  func write<T: Sendable>(_ body: @Sendable @escaping (Database) throws -> T) async throws -> T {
    do { return try await writer.perform(body) } catch { throw StoreError(error, path: path) ?? error }
  }

  /// Looks something small up by its key, in the writer's next batch: that costs less than a reading connection and a
  /// transaction of its own. Long reads belong to ``read(_:)``.
  func lookUp<T: Sendable>(_ body: @Sendable @escaping (Database) throws -> T) async throws -> T {
    do { return try await writer.perform(writes: false, body) } catch {
      throw StoreError(error, path: path) ?? error
    }
  }

  /// Lets `body` note the rows of a run without writing to the store: on a connection of its own that can only read,
  /// where empty tables of that connection stand in for those of occurrences and answers.
  func sketch<T: Sendable>(_ body: @Sendable @escaping (Database) throws -> T) async throws -> T {
    var configuration = pool.configuration
    configuration.readonly = true
    let queue = try DatabaseQueue(path: pool.path, configuration: configuration)
    return try await queue.writeWithoutTransaction { db in
      let tables = try String.fetchAll(
        db,
        sql: """
          SELECT sql FROM sqlite_master WHERE tbl_name IN ('occurrence', 'taken') AND sql IS NOT NULL
          ORDER BY type DESC, rowid
          """)
      for sql in tables {
        try db.execute(
          sql: sql.replacing("CREATE TABLE ", with: "CREATE TEMP TABLE ", maxReplacements: 1)
            .replacing("CREATE INDEX ", with: "CREATE INDEX temp.", maxReplacements: 1))
      }
      var value: T?
      // One moment of the store: a transaction that reads sees what was committed when it began.
      try db.inTransaction(.deferred) {
        value = try body(db)
        return .rollback
      }
      guard let value else { throw DatabaseError(message: "a sketch ended without a value") }
      return value
    }
  }

  /// Makes this process the only one that runs a pipeline on the store, until the lock is let go of.
  /// Errors: ``StoreError``, which says who holds it.
  func lock(for pipeline: String, at time: Double) throws -> StoreLock {
    let since = Date(timeIntervalSince1970: time.rounded()).formatted(.iso8601)
    let process = ProcessInfo.processInfo.processIdentifier
    return try StoreLock(store: path, words: "process \(process) (pipeline \(pipeline), since \(since))")
  }

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
    try db.execute(sql: "DELETE FROM step WHERE id = ?", arguments: [step])
  }
}
