internal import GRDB
internal import RetortCore
internal import Synchronization

/// Gathers work on the writing connection while a commit is under way, and commits it together.
///
/// It runs on GRDB's writer queue for as long as there is work, so that a burst of writes costs one change of thread.
final class GroupWriter: Sendable {
  private struct Job: Sendable {
    let writes: Bool
    /// Keeps what the work answered; throws what it threw.
    let run: @Sendable (Database) throws -> Void
    /// Tells the writer's caller; nil when the transaction committed.
    let finish: @Sendable ((any Error)?) -> Void
  }

  private struct State {
    var waiting: [Job] = []
    var busy = false
  }

  private let pool: DatabasePool
  private let file: StoreFile
  private let state = Mutex(State())

  init(pool: DatabasePool, file: StoreFile) {
    self.pool = pool
    self.file = file
  }

  /// Returns when what `body` did is committed; when it throws, its own changes alone are undone. It may be run twice.
  ///
  /// - Parameter writes: false for what only looks something up.
  func perform<T: Sendable>(
    writes: Bool = true, _ body: @Sendable @escaping (Database) throws -> T
  ) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
      let slot = Slot<T>()
      let job = Job(writes: writes) { db in
        let result = Result { try body(db) }
        slot.result.withLock { $0 = result }
        _ = try result.get()
      } finish: { failure in
        let result = slot.result.withLock { $0 }
        if let result, failure == nil {
          continuation.resume(with: result)
        } else {
          continuation.resume(throwing: failure ?? DatabaseError(message: "a write was not performed"))
        }
      }
      let begins = state.withLock { state in
        state.waiting.append(job)
        defer { state.busy = true }
        return !state.busy
      }
      if begins { pool.asyncWriteWithoutTransaction { self.commitAll($0) } }
    }
  }

  /// What one write answered, until its transaction has committed.
  private final class Slot<T: Sendable>: Sendable {
    let result = Mutex<Result<T, any Error>?>(nil)
  }

  private func next() -> [Job] {
    state.withLock { state in
      state.busy = !state.waiting.isEmpty
      defer { state.waiting = [] }
      return state.waiting
    }
  }

  private func commitAll(_ db: Database) {
    while case let jobs = next(), !jobs.isEmpty {
      // A transaction that only reads takes no lock and leaves the log alone.
      let kind: Database.TransactionKind = jobs.contains(where: \.writes) ? .immediate : .deferred
      var failure: (any Error)?
      do {
        try file.check()
        try transact(kind, db) { for job in jobs { try job.run(db) } }
      } catch let lost as StoreError where (try? file.check()) == nil {
        // Closing would remove the log at its path, which may by now be another store's.
        StoreConnection.keepLog(db)
        failure = lost
      } catch {
        // Rare, so it may cost: each once more, in a savepoint that undoes it alone.
        do { try transact(kind, db) { for job in jobs { try alone(job, db) } } } catch { failure = error }
      }
      for job in jobs { job.finish(failure) }
    }
  }

  /// As GRDB's `inTransaction`, with statements that are not parsed again each time.
  private func transact(
    _ kind: Database.TransactionKind, _ db: Database, _ body: () throws -> Void
  ) throws {
    try db.cachedStatement(sql: "BEGIN \(kind.rawValue)").execute()
    do {
      try body()
      try db.cachedStatement(sql: "COMMIT").execute()
    } catch {
      // SQLite may have undone it already: when the disk is full, for one.
      if db.isInsideTransaction { try db.rollback() }
      throw error
    }
  }

  private func alone(_ job: Job, _ db: Database) throws {
    try db.inSavepoint {
      do { try job.run(db) } catch {
        // A full disk ends the whole transaction: the writes before are undone too, and those after are not begun.
        guard db.isInsideTransaction else { throw error }
        return .rollback
      }
      return .commit
    }
  }
}
