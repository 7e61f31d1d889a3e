internal import OrderedCollections
internal import RetortCore

/// An order of rows by some of their columns.
///
/// Values of one kind are compared as such: numbers by size, texts by their Unicode scalars, false before true, lists and
/// objects by their compact JSON. Kinds come in this order: Booleans, numbers, texts, lists, objects. Rows without a value
/// come last, also where a column descends; rows that are equal stay as they were.
struct RowOrder: Sendable {
  private let columns: [(name: String, descends: Bool)]

  /// Errors: ``StageError``. `key`: the name of the key that `columns` are from.
  init(by columns: [String], key: String, descending: [String]) throws {
    guard !columns.isEmpty else { throw StageError("\(key): expected at least one column, found none") }
    guard Set(columns).count == columns.count else {
      throw StageError("\(key): expected each column once, found \(columns.joined(separator: ", "))")
    }
    if let other = descending.first(where: { !columns.contains($0) }) {
      throw StageError(
        "descending: expected columns of \(key): (\(columns.joined(separator: ", "))), found '\(other)'"
          + NearestWord.hint(other, in: columns))
    }
    self.columns = columns.map { ($0, descending.contains($0)) }
  }

  /// What a row is compared by.
  struct Key: Sendable {
    fileprivate let values: [SortedValue]
  }

  func key(of row: JSON.Object) -> Key { Key(values: columns.map { SortedValue(row[$0.name] ?? .null) }) }

  /// Whether the first comes before the second; false for both where they are equal.
  func precedes(_ first: Key, _ second: Key) -> Bool {
    for (index, column) in columns.enumerated() {
      let (left, right) = (first.values[index], second.values[index])
      if left == right { continue }
      // Null is last in both directions.
      if left == .null || right == .null { return right == .null }
      return column.descends ? right < left : left < right
    }
    return false
  }
}

/// A value as rows are sorted by it.
private enum SortedValue: Comparable, Sendable {
  case bool(Int)
  case number(Double, Int64)
  case text([UInt8])
  case list([UInt8])
  case object([UInt8])
  case null

  init(_ value: JSON) {
    switch value {
    case .null: self = .null
    case .bool(let flag): self = .bool(flag ? 1 : 0)
    // Integers beyond 2^53 are told apart though their doubles are equal.
    case .int(let integer): self = .number(Double(integer), integer)
    case .double(let number): self = .number(number, Int64(exactly: number) ?? 0)
    case .string(let text): self = .text(Array(text.utf8))
    case .array: self = .list(Array(value.canonical.utf8))
    case .object: self = .object(Array(value.canonical.utf8))
    }
  }

  private var rank: Int {
    switch self {
    case .bool: 0
    case .number: 1
    case .text: 2
    case .list: 3
    case .object: 4
    case .null: 5
    }
  }

  static func < (left: SortedValue, right: SortedValue) -> Bool {
    switch (left, right) {
    case (.bool(let a), .bool(let b)): a < b
    case (.number(let a, let m), .number(let b, let n)): (a, m) < (b, n)
    case (.text(let a), .text(let b)), (.list(let a), .list(let b)), (.object(let a), .object(let b)):
      a.lexicographicallyPrecedes(b)
    default: left.rank < right.rank
    }
  }
}
