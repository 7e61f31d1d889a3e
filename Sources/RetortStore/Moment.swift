internal import GRDB

/// A connection of its own that can only read, and sees the store as it was at one moment, however long it is looked at.
final class Moment: Sendable {
  private let queue: DatabaseQueue
  private let path: String

  /// - Parameter tables: for which empty ones of this connection stand in, to be written to.
  /// Errors: ``StoreError``.
  init(of store: Store, covering tables: [String] = []) async throws {
    try store.file.check()
    path = store.path
    var configuration = StoreConnection.configuration(readonly: true)
    // The transaction that holds the moment stays open from one look to the next.
    configuration.allowsUnsafeTransactions = true
    queue = try DatabaseQueue(path: store.pool.path, configuration: configuration)
    let definitions = try tables.isEmpty ? [] : Schema.definitions(of: tables)
    try await look { db in
      for sql in definitions {
        try db.execute(
          sql: sql.replacing("CREATE TABLE ", with: "CREATE TEMP TABLE ", maxReplacements: 1)
            .replacing("CREATE INDEX ", with: "CREATE INDEX temp.", maxReplacements: 1))
      }
      try db.beginTransaction(.deferred)
      // A transaction that reads sees what was committed when it read first.
      _ = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master")
    }
  }

  /// Errors: ``StoreError`` when the machine or the file is at fault, or holds what no store does; else what `body`
  /// throws.
  func look<T: Sendable>(_ body: @Sendable @escaping (Database) throws -> T) async throws -> T {
    do { return try await queue.writeWithoutTransaction(body) } catch {
      throw StoreError(reading: error, path: path) ?? error
    }
  }
}
