internal import OrderedCollections
package import RetortCore

/// Makes of each row one for each element of a list.
package struct Explode: RowStage {
  package enum Missing: String, Codable, Sendable, CaseIterable { case drop, keep }

  package struct Config: Codable, Sendable {
    package var column: String
    package var missing: Missing?

    package init(column: String, missing: Missing? = nil) {
      self.column = column
      self.missing = missing
    }
  }

  package typealias Input = Columns
  package typealias Output = Columns

  package static let name = "explode"
  package static let version = 1
  package static let isForeseeable = true
  package static let summary = "Make a row of each element of a list, with its position."
  package static let keys = [
    "column":
      "The column with the list; each row has one of its elements there. With as: the element goes under another name, "
      + "and the list stays.",
    "missing":
      "What becomes of a row with an empty list or without a list: drop (the default), counted as 'empty list' or 'not a "
      + "list'; or keep, which goes on once: with null for an empty list, else with what it has, its position null.",
  ]
  private static let position = "position"

  private let column: String
  private let missing: Missing

  package init(_ config: Config, in workspace: Workspace) throws {
    column = config.column
    missing = config.missing ?? .drop
    if column == Self.position {
      throw StageError(
        "column: expected another column than '\(column)', which the stage adds, found that; rename it first")
    }
  }

  package var reads: [ColumnUse] { [ColumnUse(column)] }
  package var adds: [String]? { [column, Self.position] }
  package var passed: PassedColumns { .changing([column]) }

  package func process(_ input: Columns) async throws -> Outcome<Columns> {
    let value = input[column] ?? .null
    if case .array(let elements) = value, !elements.isEmpty {
      return .emit(elements.enumerated().map { row($1, at: .int(Int64($0))) })
    }
    let isEmpty = value == .array([])
    if missing == .keep { return .emit([row(isEmpty ? .null : value, at: .null)]) }
    return .drop(
      reason: isEmpty ? "empty list: \(column)" : "not a list: \(column)",
      detail: isEmpty ? "" : "\(column) is \(value.kind)")
  }

  private func row(_ element: JSON, at position: JSON) -> Columns {
    Columns([column: element, Self.position: position])
  }
}
