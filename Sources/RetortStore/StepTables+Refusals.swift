internal import Foundation
internal import GRDB
internal import RetortCore

/// Steps that an endpoint refused for good: they are passed over until somebody asks for them again. A step is known by
/// its key here too, so that a changed request is another step.
extension StepTables {
  /// By the digest of the step's input.
  static func refusedSteps(of fingerprint: Int64, _ db: Database) throws -> [Data: ModelError] {
    let rows = try GRDB.Row.fetchCursor(
      db, sql: "SELECT input, kind, status, message FROM refused_step WHERE fingerprint = ?",
      arguments: [fingerprint])
    var found: [Data: ModelError] = [:]
    while let row = try rows.next() {
      guard let input = Data.fromDatabaseValue(row[0]), let message = String.fromDatabaseValue(row[3]) else {
        continue
      }
      let kind = String.fromDatabaseValue(row[1]).flatMap(ModelError.Kind.init) ?? .refused
      var error = ModelError(kind, status: Int.fromDatabaseValue(row[2]), message)
      error.wasSent = false
      found[input] = error
    }
    return found
  }

  /// Notes that a step is not to be made again.
  static func refuse(_ step: StepKey, _ error: ModelError, _ db: Database) throws {
    try db.execute(
      sql:
        "INSERT OR REPLACE INTO refused_step (fingerprint, input, kind, status, message) VALUES (?, ?, ?, ?, ?)",
      arguments: [step.fingerprint, step.input, error.kind.rawValue, error.status, error.message])
  }

  /// Lets the steps of a stage be made again.
  static func forgetRefusals(of fingerprint: Int64, _ db: Database) throws {
    try db.execute(sql: "DELETE FROM refused_step WHERE fingerprint = ?", arguments: [fingerprint])
  }
}
