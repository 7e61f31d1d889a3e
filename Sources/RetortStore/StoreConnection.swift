internal import CSQLite
internal import Foundation
internal import GRDB
internal import RetortCore

/// How every connection to a store is opened. A store may come from anybody: what it holds is data, and none of it is
/// performed.
enum StoreConnection {
  /// Bytes of a value or a row at most. A reply has at most 64 MiB.
  private static let longest: Int32 = 160_000_000

  /// - Parameter views: whether the file's views may be read. Ours are there for people; a foreign file's may never end.
  static func configuration(readonly: Bool = false, views: Bool = false) -> Configuration {
    var configuration = Configuration()
    configuration.readonly = readonly
    configuration.foreignKeysEnabled = false
    configuration.busyMode = .timeout(10)
    configuration.prepareDatabase { db in
      guard let connection = db.sqliteConnection else { return }
      for (option, value) in [
        (SQLITE_DBCONFIG_ENABLE_TRIGGER, 0), (SQLITE_DBCONFIG_ENABLE_VIEW, views ? 1 : 0),
        (SQLITE_DBCONFIG_DEFENSIVE, 1), (SQLITE_DBCONFIG_TRUSTED_SCHEMA, views ? 1 : 0),
      ] as [(Int32, Int32)] {
        _ = retort_sqlite_set(connection, option, value)
      }
      sqlite3_limit(connection, SQLITE_LIMIT_LENGTH, longest)
      try db.execute(sql: "PRAGMA cell_size_check = ON")
    }
    return configuration
  }

  /// Whether SQLite was built to read addresses in place of paths.
  static var understandsAddresses: Bool { sqlite3_compileoption_used("USE_URI") != 0 }

  /// An address under which SQLite takes a file for one that nobody changes.
  static func immutable(_ path: String) -> String {
    let plain = CharacterSet(charactersIn: "/-._~").union(.alphanumerics)
    let written = path.addingPercentEncoding(withAllowedCharacters: plain) ?? path
    return "file://\(written)?immutable=1"
  }

  /// Leaves the write-ahead log at its path alone when the connection closes.
  static func keepLog(_ db: Database) {
    var keep: Int32 = 1
    guard let connection = db.sqliteConnection else { return }
    _ = withUnsafeMutablePointer(to: &keep) {
      sqlite3_file_control(connection, "main", SQLITE_FCNTL_PERSIST_WAL, $0)
    }
  }
}

extension GRDB.Row {
  /// The value of a column, or an error where it is of another type than every store's: a file may hold anything, and
  /// GRDB's subscript ends the process.
  func at<Value: DatabaseValueConvertible>(_ index: Int, _ type: Value.Type = Value.self) throws -> Value {
    try decode(Value.self, atIndex: index)
  }

  /// As ``at(_:_:)``, faster for the types that SQLite has itself.
  func at<Value: DatabaseValueConvertible & StatementColumnConvertible>(
    _ index: Int, _ type: Value.Type = Value.self
  ) throws -> Value {
    try decode(Value.self, atIndex: index)
  }

  /// The JSON of a text column.
  func json(_ index: Int) throws -> JSON { try JSON(stored: try at(index)) }
}

extension GRDB.Row? {
  /// The value of a column, checked; nil where it is null or there is no row.
  func maybe<Value: DatabaseValueConvertible>(_ index: Int, _ type: Value.Type = Value.self) throws -> Value?
  {
    try self?.decode(Value?.self, atIndex: index) ?? nil
  }
}

extension JSON {
  /// JSON text that a store holds. Errors: ``StoreDamage``.
  init(stored text: String) throws {
    do { self = try JSON(parsing: text) } catch {
      throw StoreDamage(found: "expected JSON, found '\(text.prefix(40))' (\(error))")
    }
  }
}

/// A store holds something that no version writes.
struct StoreDamage: Error, Hashable, Sendable, CustomStringConvertible {
  let found: String
  var description: String { "the store holds what no version of retort writes: \(found)" }
}
