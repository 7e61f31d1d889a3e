package import Foundation

/// Reads SQLite databases that belong to others: nothing is written, locked or made beside them. The store, which knows
/// SQLite, implements it.
package protocol DatabaseReading: Sendable {
  /// The columns of a query's rows. Errors: ``StageError``, as of ``read(_:in:_:)``.
  func columns(of query: String, in file: URL) throws -> [String]

  /// Hands on the rows of a query in their order, one at a time; each has a value for each column.
  ///
  /// Errors: ``StageError`` for a file that is no such database or that somebody is writing to, and for what is not one
  /// query that only reads.
  func read(
    _ query: String, in file: URL, _ take: (_ row: [DatabaseCell]) async throws -> Void
  ) async throws
}

/// A value of a database's row.
package enum DatabaseCell: Hashable, Sendable {
  case value(JSON)
  /// Bytes that are no text.
  case bytes(Data)
  /// An infinity, which JSON has no number for.
  case infinite
  /// A text that is not UTF-8.
  case notUTF8
}

/// For a workspace that is given none.
struct NoDatabases: DatabaseReading {
  func columns(of query: String, in file: URL) throws -> [String] { throw Self.none }
  func read(_ query: String, in file: URL, _ take: ([DatabaseCell]) async throws -> Void) async throws {
    throw Self.none
  }

  private static var none: StageError {
    StageError("expected to read a database here, found nothing that can")
  }
}
