internal import GRDB
internal import RetortCore

/// The store cannot be read or written: the file or the machine is at fault, not a row. It ends the run; what was
/// committed is kept.
package struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }

  /// Nil for errors that say something about a statement and nothing about the machine.
  init?(_ error: any Error, path: String) {
    if error is RowDecodingError || error is StoreDamage {
      let found = (error as? StoreDamage)?.found ?? "\(error)"
      self.init(
        "the store at '\(path)' holds what no version of retort writes: it is damaged, or something else wrote to it "
          + "(\(found.prefix(300).replacing("\n", with: " ")))")
      return
    }
    guard let error = error as? DatabaseError else { return nil }
    let said = error.message ?? "\(error.resultCode)"
    switch error.resultCode {
    case .SQLITE_NOTADB:
      self.init(
        "expected a store at '\(path)', found a file that is no SQLite database; move it away, or name another "
          + "store with --store")
    case .SQLITE_CORRUPT:
      self.init(
        "the store at '\(path)' is damaged (\(said)); copy it, then save what is whole with "
          + "`sqlite3 '\(path)' .recover | sqlite3 recovered.sqlite` and name that one with --store")
    case .SQLITE_FULL:
      self.init(
        "no space is left for the store at '\(path)'; make room, then go on with `retort resume`: what was "
          + "committed is kept")
    case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_CANTOPEN:
      self.init("expected a store at '\(path)' that can be written, found that it cannot (\(said))")
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      self.init("expected the store at '\(path)' to be free, found another process writing it (\(said))")
    case .SQLITE_IOERR, .SQLITE_NOMEM, .SQLITE_PROTOCOL, .SQLITE_NOLFS:
      self.init("the store at '\(path)' cannot be read or written (\(said)); what was committed is kept")
    default: return nil
    }
  }

  /// As ``init(_:path:)``, for what only reads: a statement of ours that does not fit is the file's fault.
  init?(reading error: any Error, path: String) {
    if let known = StoreError(error, path: path) {
      self = known
      return
    }
    guard let error = error as? DatabaseError, error.resultCode != .SQLITE_INTERRUPT else { return nil }
    self.init(
      "the store at '\(path)' is not as retort makes it: it is damaged, or something else wrote to it "
        + "(\(error.message ?? "\(error.resultCode)"))")
  }
}
