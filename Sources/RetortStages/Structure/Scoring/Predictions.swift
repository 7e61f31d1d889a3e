internal import OrderedCollections
package import RetortCore

/// Predictions by the id of the question, as its gold row has it.
package struct Predictions: Sendable {
  private(set) var rows: OrderedDictionary<String, Columns> = [:]
  /// Ids that more than one prediction has; the first one counts. In the order in which they were found.
  package private(set) var duplicates: [String] = []
  /// Predictions whose id is missing, or neither text nor number.
  package private(set) var unnamed = 0

  package init() {}

  package mutating func add(_ row: Columns) {
    guard let id = Self.id(of: row) else {
      unnamed += 1
      return
    }
    if rows[id] == nil { rows[id] = row } else if !duplicates.contains(id) { duplicates.append(id) }
  }

  package var ids: [String] { Array(rows.keys) }

  /// `7`, `7.0` and `"7"` are one id. Nil where there is none.
  package static func id(of row: Columns) -> String? {
    switch row["id"] {
    case .string(let text): text.trimmed.isEmpty ? nil : text
    case .int(let number): String(number)
    case .double(let number): Int64(exactly: number).map { String($0) } ?? String(number)
    default: nil
    }
  }
}
