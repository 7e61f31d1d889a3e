internal import GRDB
package import RetortCore

/// What people look at: runs and their rows, what was lost and why, what calls took. It writes nothing.
package struct Inspector: Sendable {
  let store: Store
  private let moment: Moment?

  init(_ store: Store, at moment: Moment? = nil) {
    self.store = store
    self.moment = moment
  }

  /// The same, of the store as it is now, however long it is looked at. Errors: ``StoreError``.
  package func atOneMoment() async throws -> Inspector { Inspector(store, at: try await Moment(of: store)) }

  /// Errors: ``StoreError`` when the machine or the file is at fault, or holds what no store does; else what `body`
  /// throws.
  func read<T: Sendable>(_ body: @Sendable @escaping (Database) throws -> T) async throws -> T {
    guard let moment else { return try await store.read(body) }
    return try await moment.look(body)
  }
}

extension Inspector {
  /// Answers a query over the tables and views of `docs/store.md`, one object for each row.
  package func query(_ sql: String, _ arguments: [JSON] = []) async throws -> [JSON.Object] {
    let queue = try DatabaseQueue(
      path: store.pool.path, configuration: StoreConnection.configuration(readonly: true, views: true))
    return try await queue.read { try Self.table(sql, arguments, $0) }.objects
  }
}

/// A question about what the store does not hold.
package struct NotFound: Error, Hashable, Sendable, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}
