internal import OrderedCollections
package import RetortCore

/// Counts rows by what they say in some columns.
package struct Count: SetStage {
  package struct Config: Codable, Sendable {
    package var by: [String]?
    package init(by: [String]? = nil) { self.by = by }
  }

  package typealias Input = Columns
  package typealias Output = Columns

  package static let name = "count"
  package static let version = 1
  package static let isForeseeable = true
  package static let summary = "Count the rows of each combination of values, a row for each."
  package static let keys = [
    "by":
      "The columns whose values are counted together; null counts as a value. Each row has them, `count`, how many rows "
      + "say that, and `share`, which part of all rows that is, 0 to 1; it comes where the first of them was. Default: one "
      + "row that counts all, or under per: one for each group."
  ]

  private let by: [String]

  package init(_ config: Config, in workspace: Workspace) throws {
    by = config.by ?? []
    if config.by?.isEmpty == true { throw StageError("by: expected at least one column, found none") }
    if Set(by).count < by.count {
      throw StageError("by: expected each column once, found \(by.joined(separator: ", "))")
    }
    if let own = by.first(where: ["count", "share"].contains) {
      throw StageError(
        "by: expected other columns than '\(own)', which the stage adds, found that; rename it first")
    }
  }

  package var reads: [ColumnUse] { by.map { ColumnUse(sectionOn: $0) } }
  package var adds: [String]? { by + ["count", "share"] }

  package func process(_ rows: RowSet<Columns>, into sink: MakingSink<Columns>) async throws {
    var groups: OrderedDictionary<RowGroup, [Int]> = [:]
    for try await element in rows {
      groups[RowGroup(by, of: element.value.values), default: []].append(element.ordinal)
    }
    for (group, members) in groups {
      var row = group.columns
      row["count"] = .int(Int64(members.count))
      row["share"] = .double(Double(members.count) / Double(rows.count))
      try await sink.make(Columns(row), from: members)
    }
  }
}
