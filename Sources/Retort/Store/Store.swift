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
  private let writer: GroupWriter
  private let running = Mutex<Int64?>(nil)

  /// The run that calls are booked to.
  var currentRun: Int64? {
    get { running.withLock { $0 } }
    set { running.withLock { $0 = newValue } }
  }

  /// Opens or creates the store at a path, creating its folder.
  ///
  /// Errors: SQLite's, when the file is no database or was written by a later version.
  package init(path: String) throws {
    let folder = URL(filePath: path).deletingLastPathComponent()
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    var configuration = Configuration()
    configuration.foreignKeysEnabled = false
    configuration.busyMode = .timeout(10)
    pool = try DatabasePool(path: path, configuration: configuration)
    // Pages: 16 MB of log. The same pages change again and again, and a checkpoint writes each of them once.
    try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_autocheckpoint = 4000") }
    try Schema.migrator.migrate(pool)
    writer = GroupWriter(pool: pool)
  }

  func read<T: Sendable>(_ body: @Sendable @escaping (Database) throws -> T) async throws -> T {
    try await pool.read(body)
  }

  /// Runs `body` in the next commit and returns when that commit has; what throws is undone alone. `body` may run twice.
  func write<T: Sendable>(_ body: @Sendable @escaping (Database) throws -> T) async throws -> T {
    try await writer.perform(body)
  }

  /// Looks something small up by its key, in the writer's next batch: that costs less than a reading connection and a
  /// transaction of its own. Long reads belong to ``read(_:)``.
  func lookUp<T: Sendable>(_ body: @Sendable @escaping (Database) throws -> T) async throws -> T {
    try await writer.perform(writes: false, body)
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
