internal import OrderedCollections
package import RetortCore

/// Gives columns other names; each stays where it is among the others.
package struct Rename: RowStage {
  package enum Missing: String, Codable, Sendable, CaseIterable { case drop, keep }

  package struct Config: Codable, Sendable {
    /// Old name to new name.
    package var columns: [String: String]
    package var missing: Missing?

    package init(columns: [String: String], missing: Missing? = nil) {
      self.columns = columns
      self.missing = missing
    }
  }

  package typealias Input = Columns
  package typealias Output = NoColumns

  package static let name = "rename"
  package static let version = 1
  package static let isForeseeable = true
  package static let summary = "Give columns other names."
  package static let keys = [
    "columns":
      "Old name to new name; two may take each other's. A new name that the rows have already is refused, unless "
      + "replace: true lets it take that column's place.",
    "missing":
      "What becomes of a row without one of the columns: drop (the default), as 'missing column', or keep, which goes "
      + "on without.",
  ]

  private let names: [String: String]
  private let missing: Missing

  package init(_ config: Config, in workspace: Workspace) throws {
    names = config.columns
    missing = config.missing ?? .drop
    guard !names.isEmpty else { throw StageError("columns: expected at least one column, found none") }
    for (old, new) in names.sorted(by: { $0.key < $1.key }) {
      if old == new {
        throw StageError("columns: expected another name for '\(old)', found the same", at: ["columns", old])
      }
      if new.isEmpty {
        throw StageError("columns: expected a name for '\(old)', found an empty one", at: ["columns", old])
      }
      if let other = names.first(where: { $0.value == new && $0.key < old })?.key {
        throw StageError(
          "columns: expected each new name once, found '\(new)' for '\(other)' and for '\(old)'",
          at: ["columns", old])
      }
    }
  }

  package var reads: [ColumnUse] {
    names.keys.sorted().map { missing == .drop ? ColumnUse($0) : ColumnUse(sectionOn: $0) }
  }
  package var adds: [String]? { [] }
  package var passed: PassedColumns { .renaming(names) }

  package func process(_ input: Columns) async throws -> Outcome<NoColumns> {
    if missing == .drop, let column = names.keys.sorted().first(where: { input[$0] == nil }) {
      return .missing(column, of: input)
    }
    return .emit([NoColumns()])
  }
}

extension Outcome {
  /// The row ends for want of a column.
  static func missing(_ column: String, of row: Columns) -> Outcome {
    .drop(reason: "missing column: \(column)", detail: "found \(row.values.keys.joined(separator: ", "))")
  }
}
