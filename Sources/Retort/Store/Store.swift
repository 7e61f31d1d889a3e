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
    try Schema.migrator.migrate(pool)
    writer = GroupWriter(pool: pool)
  }

  func read<T: Sendable>(_ body: @Sendable @escaping (Database) throws -> T) async throws -> T {
    try await pool.read(body)
  }

  /// Runs `body` in a savepoint of the next commit and returns when that commit has; what throws is undone alone.
  func write<T: Sendable>(_ body: @Sendable @escaping (Database) throws -> T) async throws -> T {
    try await writer.write(body)
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

/// Gathers writes while a commit is under way and commits them together.
private actor GroupWriter {
  private struct Job: Sendable {
    let run: @Sendable (Database) -> Void
    /// Tells the writer's caller; nil when the transaction committed.
    let finish: @Sendable ((any Error)?) -> Void
  }

  /// What one write answered, until its transaction has committed.
  private final class Slot<T: Sendable>: Sendable {
    let result = Mutex<Result<T, any Error>?>(nil)
  }

  private let pool: DatabasePool
  private var waiting: [Job] = []
  private var busy = false

  init(pool: DatabasePool) { self.pool = pool }

  func write<T: Sendable>(_ body: @Sendable @escaping (Database) throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
      let slot = Slot<T>()
      waiting.append(
        Job { db in
          let result = Result { try Self.savepoint(db, body) }
          slot.result.withLock { $0 = result }
        } finish: { failure in
          let result = slot.result.withLock { $0 }
          if let result, failure == nil {
            continuation.resume(with: result)
          } else {
            continuation.resume(throwing: failure ?? DatabaseError(message: "a write was not performed"))
          }
        })
      guard !busy else { return }
      busy = true
      // Not a child of the caller: its cancellation must not undo the writes of others.
      Task { await self.commitAll() }
    }
  }

  private static func savepoint<T>(_ db: Database, _ body: (Database) throws -> T) throws -> T {
    var value: T?
    try db.inSavepoint {
      value = try body(db)
      return .commit
    }
    guard let value else { throw DatabaseError(message: "a savepoint committed without a value") }
    return value
  }

  private func commitAll() async {
    while !waiting.isEmpty {
      let jobs = waiting
      waiting = []
      var failure: (any Error)?
      do { try await pool.write { db in for job in jobs { job.run(db) } } } catch { failure = error }
      for job in jobs { job.finish(failure) }
    }
    busy = false
  }
}
