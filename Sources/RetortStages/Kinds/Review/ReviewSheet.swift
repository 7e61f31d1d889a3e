internal import Foundation
internal import OrderedCollections
internal import RetortCore

/// The file that goes to a person and comes back: a line for each row, with the row's name, what the person says of it,
/// and columns of the row.
enum ReviewSheet {
  enum Verdict: String, CaseIterable {
    case accept, reject, edit
  }

  /// The column with the row's identifier, `r_…`.
  static let row = "row"
  /// What the person says.
  static let said = ["verdict", "note"]
  /// Who said so, and when.
  static let signed = ["reviewer", "reviewed_at"]
  static let own = [row] + said + signed

  /// Whether a file's name says CSV, and not JSON Lines. Errors: ``StageError`` for another one.
  static func isCSV(_ path: String) throws -> Bool {
    switch URL(filePath: path).pathExtension.lowercased() {
    case "csv": return true
    case "jsonl": return false
    default:
      throw StageError("file: expected a name that ends in .csv or .jsonl, found '\(path)'")
    }
  }

  /// A row's identifier as the sheet has it.
  static func id(of columns: JSON.Object) -> String { RowID.text(Digest(of: .object(columns))) }
}
