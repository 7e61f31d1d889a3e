internal import CSQLite
package import Foundation
package import RetortCore

/// Reads databases that are no stores.
///
/// They are opened as files that nobody changes: without a lock, and without a log or an index beside them. One that has
/// changes in such files is refused, since they would not be seen.
package struct DatabaseReader: DatabaseReading {
  package init() {}

  package func columns(of query: String, in file: URL) throws -> [String] {
    try OpenQuery(query, in: file).columns
  }

  package func read(
    _ query: String, in file: URL, _ take: (_ row: [DatabaseCell]) async throws -> Void
  ) async throws {
    let rows = try OpenQuery(query, in: file)
    while let row = try rows.next() { try await take(row) }
    try OpenQuery.expectQuiet(file)
  }
}

/// A query on its way.
private final class OpenQuery {
  let columns: [String]
  private let file: URL
  private let connection: OpaquePointer
  private let statement: OpaquePointer

  init(_ query: String, in file: URL) throws {
    self.file = file
    try Self.expectQuiet(file)
    var opened: OpaquePointer?
    let flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX
    let status = sqlite3_open_v2(StoreConnection.immutable(file.path), &opened, flags, nil)
    guard status == SQLITE_OK, let opened else {
      sqlite3_close(opened)
      throw StageError(
        "file: expected a SQLite database in '\(file.path)': \(String(cString: sqlite3_errstr(status)))")
    }
    let prepared: OpaquePointer
    do { prepared = try Self.prepare(query, on: opened, file) } catch {
      sqlite3_close(opened)
      throw error
    }
    columns = (0..<sqlite3_column_count(prepared)).map { String(cString: sqlite3_column_name(prepared, $0)) }
    statement = prepared
    connection = opened
  }

  deinit {
    sqlite3_finalize(statement)
    sqlite3_close(connection)
  }

  /// Errors: ``StageError`` where changes of the database lie beside it.
  static func expectQuiet(_ file: URL) throws {
    for (suffix, remedy) in [
      ("-wal", "close what writes to it, or have it do PRAGMA wal_checkpoint(TRUNCATE)"),
      ("-journal", "let what writes to it end, or open it once with that, which takes the change back"),
    ] where holdsChanges(file.path + suffix) {
      throw StageError(
        "file: expected all of the database in '\(file.path)', found changes to it in '\(file.path)\(suffix)'; \(remedy)"
      )
    }
  }

  /// Whether a log or a journal is more than a name: a journal that is done with may stay, its head made zeros.
  private static func holdsChanges(_ path: String) -> Bool {
    guard let handle = FileHandle(forReadingAtPath: path) else { return false }
    return (try? handle.read(upToCount: 8))?.contains { $0 != 0 } ?? false
  }

  private static func prepare(_ query: String, on connection: OpaquePointer, _ file: URL) throws
    -> OpaquePointer
  {
    for (option, value) in [
      (SQLITE_DBCONFIG_DEFENSIVE, 1), (SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0),
      (SQLITE_DBCONFIG_ENABLE_TRIGGER, 0),
    ] as [(Int32, Int32)] {
      _ = retort_sqlite_set(connection, option, value)
    }
    // A query of constants would not look at the file at all.
    guard sqlite3_exec(connection, "SELECT 1 FROM sqlite_master", nil, nil, nil) == SQLITE_OK else {
      throw StageError(
        "file: expected a SQLite database in '\(file.path)': \(String(cString: sqlite3_errmsg(connection)))")
    }
    sqlite3_set_authorizer(connection, permit, nil)
    var statement: OpaquePointer?
    var rest = ""
    let status = query.withCString { text in
      var tail: UnsafePointer<CChar>?
      let status = sqlite3_prepare_v2(connection, text, -1, &statement, &tail)
      rest = tail.map { String(cString: $0) } ?? ""
      return status
    }
    guard status == SQLITE_OK else {
      let words = String(cString: sqlite3_errmsg(connection))
      // Of a function that is refused the status alone says nothing.
      if words.hasPrefix("not authorized") {
        throw StageError(
          "query: expected one that only reads the file, and says the same each time: \(words)")
      }
      throw StageError("query: expected SQL that the database understands: \(words)")
    }
    guard let statement else { throw StageError("query: expected a query, found none") }
    guard sqlite3_column_count(statement) > 0, rest.isEmptyOfSQL else {
      sqlite3_finalize(statement)
      throw StageError("query: expected one query that gives rows, found something else, or more than one")
    }
    return statement
  }

  /// The next row; nil after the last.
  func next() throws -> [DatabaseCell]? {
    switch sqlite3_step(statement) {
    case SQLITE_ROW: return (0..<Int32(columns.count)).map(cell)
    case SQLITE_DONE: return nil
    default:
      throw StageError("cannot read '\(file.path)' further: \(String(cString: sqlite3_errmsg(connection)))")
    }
  }

  private func cell(_ index: Int32) -> DatabaseCell {
    switch sqlite3_column_type(statement, index) {
    case SQLITE_NULL: return .value(.null)
    case SQLITE_INTEGER: return .value(.int(sqlite3_column_int64(statement, index)))
    case SQLITE_FLOAT:
      let number = sqlite3_column_double(statement, index)
      return number.isFinite ? .value(.double(number)) : .infinite
    case SQLITE_TEXT:
      // The text first: asking for it may change how long it is.
      let text = sqlite3_column_text(statement, index)
      let bytes = UnsafeBufferPointer(start: text, count: Int(sqlite3_column_bytes(statement, index)))
      return String(validating: bytes, as: UTF8.self).map { .value(.string($0)) } ?? .notUTF8
    default:
      let bytes = sqlite3_column_blob(statement, index)
      return .bytes(
        bytes.map { Data(bytes: $0, count: Int(sqlite3_column_bytes(statement, index))) } ?? Data())
    }
  }
}

extension String {
  /// Whether nothing but white space and semicolons is left.
  fileprivate var isEmptyOfSQL: Bool { allSatisfy { $0.isWhitespace || $0 == ";" } }
}

/// What a query may do: read, and nothing whose answer is another each time.
private func permit(
  _: UnsafeMutableRawPointer?, action: Int32, _: UnsafePointer<CChar>?, name: UnsafePointer<CChar>?,
  _: UnsafePointer<CChar>?, _: UnsafePointer<CChar>?
) -> Int32 {
  switch action {
  case SQLITE_SELECT, SQLITE_READ, SQLITE_RECURSIVE: return SQLITE_OK
  case SQLITE_FUNCTION:
    let chance: Set = [
      "random", "randomblob", "current_date", "current_time", "current_timestamp", "load_extension",
    ]
    return name.map { chance.contains(String(cString: $0).lowercased()) } == true ? SQLITE_DENY : SQLITE_OK
  default: return SQLITE_DENY
  }
}
