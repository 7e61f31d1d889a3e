package import RetortCore

/// Puts rows into another order.
package struct Sort: SetStage {
  package struct Config: Codable, Sendable {
    package var by: [String]
    package var descending: [String]?

    package init(by: [String], descending: [String]? = nil) {
      self.by = by
      self.descending = descending
    }
  }

  package typealias Input = Columns
  package typealias Output = NoColumns

  package static let name = "sort"
  package static let version = 1
  package static let isForeseeable = true
  package static let reorders = true
  package static let summary = "Put the rows in the order of some columns."
  package static let keys = [
    "by":
      "Columns: the first decides, the next where rows are equal in it; rows that are equal in all stay in their order. "
      + "Numbers by size, texts by their Unicode scalars; Booleans before numbers before texts before lists and objects; "
      + "rows without a value last.",
    "descending":
      "Those of them in which the largest comes first; rows without a value stay last. Default: none.",
  ]

  private let columns: [String]
  private let order: RowOrder

  package init(_ config: Config, in workspace: Workspace) throws {
    columns = config.by
    order = try RowOrder(by: config.by, key: "by", descending: config.descending ?? [])
  }

  package var reads: [ColumnUse] { columns.map { ColumnUse(sectionOn: $0) } }
  package var adds: [String]? { [] }

  package func process(_ rows: RowSet<Columns>, into sink: KeepingSink<NoColumns>) async throws {
    var keys: [(key: RowOrder.Key, ordinal: Int)] = []
    keys.reserveCapacity(rows.count)
    for try await element in rows { keys.append((order.key(of: element.value.values), element.ordinal)) }
    keys.sort { left, right in
      if order.precedes(left.key, right.key) { return true }
      return !order.precedes(right.key, left.key) && left.ordinal < right.ordinal
    }
    for (_, ordinal) in keys { try await sink.keep(ordinal, adding: NoColumns()) }
  }
}
