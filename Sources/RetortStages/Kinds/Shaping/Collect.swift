internal import OrderedCollections
package import RetortCore

/// Makes of each group of rows one row with a list of what they say.
package struct Collect: SetStage {
  package struct Config: Codable, Sendable {
    package var by: [String]?
    package var column: String?
    package var columns: [String]?
    package var orderBy: [String]?
    package var descending: [String]?

    enum CodingKeys: String, CodingKey {
      case by, column, columns, descending
      case orderBy = "order_by"
    }

    package init(
      by: [String]? = nil, column: String? = nil, columns: [String]? = nil, orderBy: [String]? = nil,
      descending: [String]? = nil
    ) {
      self.by = by
      self.column = column
      self.columns = columns
      self.orderBy = orderBy
      self.descending = descending
    }
  }

  package typealias Input = Columns
  package typealias Output = Columns

  package static let name = "collect"
  package static let version = 1
  package static let isForeseeable = true
  package static let summary = "Make a row of each group of rows, with a list of what they say."
  package static let keys = [
    "by":
      "The columns in which the rows of a group agree; the new row has them, and comes where the first of its group was. "
      + "Default: all rows are one group, or under per: those of each.",
    "column": "The column whose values become a list, under its name; null where a row has none.",
    "columns":
      "In place of column: the columns of the objects in the list, which is the column 'rows'; when left out too, all "
      + "that a row has but those under by:.",
    "order_by":
      "Columns that order each list, as by: of sort; default: the order of the rows.",
    "descending": "Those of order_by: in which the largest comes first. Default: none.",
  ]
  private static let list = "rows"

  private let by: [String]
  private let column: String?
  private let columns: [String]?
  private let orderedBy: [String]
  private let order: RowOrder?

  package init(_ config: Config, in workspace: Workspace) throws {
    by = config.by ?? []
    column = config.column
    columns = config.columns
    orderedBy = config.orderBy ?? []
    order = try config.orderBy.map {
      try RowOrder(by: $0, key: "order_by", descending: config.descending ?? [])
    }
    if order == nil, config.descending != nil {
      throw StageError("descending: expected order_by: beside it, found none")
    }
    if column != nil, columns != nil {
      throw StageError("expected either column: or columns:, found both")
    }
    for (key, names) in [("by", config.by), ("columns", config.columns)] {
      guard let names else { continue }
      if names.isEmpty { throw StageError("\(key): expected at least one column, found none") }
      if Set(names).count < names.count {
        throw StageError("\(key): expected each column once, found \(names.joined(separator: ", "))")
      }
    }
    let made = column ?? Self.list
    if by.contains(made) {
      throw StageError("by: expected other columns than '\(made)', which is the list, found that")
    }
  }

  package var reads: [ColumnUse] {
    ColumnUse.joined(
      (by + (column.map { [$0] } ?? columns ?? [])).map { ColumnUse($0) },
      orderedBy.map { ColumnUse(sectionOn: $0) })
  }
  package var adds: [String]? { by + [column ?? Self.list] }

  private struct Group {
    var members: [Int] = []
    var values: [JSON] = []
    var keys: [RowOrder.Key] = []
  }

  package func process(_ rows: RowSet<Columns>, into sink: MakingSink<Columns>) async throws {
    var groups: OrderedDictionary<RowGroup, Group> = [:]
    for try await element in rows {
      let row = element.value.values
      let key = RowGroup(by, of: row)
      groups[key, default: Group()].members.append(element.ordinal)
      groups[key]?.values.append(value(of: row))
      if let order { groups[key]?.keys.append(order.key(of: row)) }
    }
    for (key, group) in groups {
      var made = key.columns
      made[column ?? Self.list] = .array(sorted(group))
      try await sink.make(Columns(made), from: group.members)
    }
  }

  private func value(of row: JSON.Object) -> JSON {
    if let column { return row[column] ?? .null }
    guard let columns else { return .object(row.filter { !by.contains($0.key) }) }
    return .object(JSON.Object(uniqueKeysWithValues: columns.map { ($0, row[$0] ?? .null) }))
  }

  private func sorted(_ group: Group) -> [JSON] {
    guard let order else { return group.values }
    let places = group.values.indices.sorted { left, right in
      if order.precedes(group.keys[left], group.keys[right]) { return true }
      return !order.precedes(group.keys[right], group.keys[left]) && left < right
    }
    return places.map { group.values[$0] }
  }
}

/// What the rows of a group have in common: their values in some columns, null where one has none. Equal as data, so that
/// `1` is `1.0` and the order of an object's keys says nothing; the first row's spelling stands.
struct RowGroup: Hashable, Sendable {
  let columns: JSON.Object
  private let identity: String

  init(_ names: [String], of row: JSON.Object) {
    columns = JSON.Object(uniqueKeysWithValues: names.map { ($0, row[$0] ?? .null) })
    identity = JSON.array(columns.values.map(\.asData)).canonical
  }

  static func == (left: RowGroup, right: RowGroup) -> Bool { left.identity == right.identity }
  func hash(into hasher: inout Hasher) { hasher.combine(identity) }
}

extension JSON {
  /// Whole numbers as integers.
  fileprivate var asData: JSON {
    if case .double(let number) = self, let integer = Int64(exactly: number) { .int(integer) } else { self }
  }
}
