internal import RetortCore

/// A column that says which split a row is in, so that one export takes the rows of both.
struct SplitColumn: Sendable {
  static let key = "split"
  static let help =
    "The column that says which split a row is in, train or validation, as the stage split writes it; in place of rows under using. A row that cannot be written is then dropped in either split."

  let column: String

  /// Errors: ``StageError`` beside a validation set.
  init?(_ column: String?, in workspace: Workspace) throws {
    guard let column else { return nil }
    guard !workspace.has("validation") else {
      throw StageError(
        "\(Self.key): expected it without 'validation' under 'using', which says the same, found both")
    }
    self.column = column
  }

  var reads: [ColumnUse] { [ColumnUse(column)] }

  /// Whether the row is for validation.
  func isHeld(_ row: Columns) throws(BadRow) -> Bool {
    switch row[column]?.string {
    case "train": return false
    case "validation": return true
    default:
      throw BadRow(
        "other split",
        "expected train or validation in '\(column)', found \(String((row[column] ?? .null).text.prefix(40)))"
      )
    }
  }
}
