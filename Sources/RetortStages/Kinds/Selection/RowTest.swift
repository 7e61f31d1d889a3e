internal import RetortCore

/// One thing that a column must be: part of what a condition of `filter`, and of those that take its conditions, asks.
struct RowTest: Sendable {
  let column: String
  /// The condition in words, without the column.
  let says: String
  private let isOptional: Bool
  /// What a value must be for the condition to say anything of it; nil for anything.
  private let wants: Wanted?
  private let test: @Sendable (JSON) throws -> Bool

  /// The kind of value that a condition is about.
  enum Wanted: Sendable {
    case text, list
    /// A number between bounds, which says nothing of anything else.
    case bounded
    /// A number that is given, where what is there instead is a text that says a number.
    case number

    private var word: String {
      switch self {
      case .bounded, .number: "number"
      case .text: "text"
      case .list: "list"
      }
    }

    /// Null is no value at all, and satisfies nothing.
    fileprivate func isMissed(by value: JSON) -> Bool {
      if value.isNull { return false }
      switch self {
      case .bounded: return value.number == nil
      case .number: return value.string != nil && CellType.number.cast(value)?.number != nil
      case .text: return value.string == nil
      case .list: return value.array == nil
      }
    }

    var remedy: String { "; `types:` of the reader or of a derive stage reads it as a \(word)" }
  }

  /// What the condition is about, where a value is something else.
  func missed(by value: JSON) -> Wanted? { wants.flatMap { $0.isMissed(by: value) ? $0 : nil } }

  /// Errors: ``StageError`` for a pattern that takes too long on this row.
  func holds(for row: Columns) throws -> Bool {
    do { return try test(row[column] ?? .null) } catch let error as TextPattern.GivenUp {
      throw StageError("\(column): \(error)")
    }
  }

  /// A column is optional where the first test of it may find nothing.
  static func reads(of tests: [RowTest]) -> [ColumnUse] {
    var seen: Set<String> = []
    return tests.filter { seen.insert($0.column).inserted }.map {
      ColumnUse($0.column, required: !$0.isOptional)
    }
  }

  /// Errors: ``StageError`` for a condition that says nothing, or has no regular expression under `matches`.
  static func all(of condition: Filter.Condition) throws -> [RowTest] {
    let column = condition.column
    var tests: [RowTest] = []
    func add(
      _ says: String, optional: Bool = false, _ wants: Wanted? = nil,
      _ holds: @escaping @Sendable (JSON) throws -> Bool
    ) {
      tests.append(RowTest(column: column, says: says, isOptional: optional, wants: wants, test: holds))
    }
    if let exists = condition.exists {
      add(exists ? "present" : "absent", optional: true) { $0.isNull != exists }
    }
    if let value = condition.equals {
      add("= \(value.text)", value.number == nil ? nil : .number) { $0.sameValue(as: value) }
    }
    if let value = condition.not { add("≠ \(value.text)") { !$0.isNull && !$0.sameValue(as: value) } }
    if let bound = condition.min { add("≥ \(bound)", .bounded) { $0.number.map { $0 >= bound } ?? false } }
    if let bound = condition.max { add("≤ \(bound)", .bounded) { $0.number.map { $0 <= bound } ?? false } }
    if let bound = condition.above { add("> \(bound)", .bounded) { $0.number.map { $0 > bound } ?? false } }
    if let bound = condition.below { add("< \(bound)", .bounded) { $0.number.map { $0 < bound } ?? false } }
    if let values = condition.oneOf {
      add(
        "in \(JSON.array(values).text)", values.allSatisfy { $0.number != nil } ? .number : nil
      ) { value in values.contains { value.sameValue(as: $0) } }
    }
    if let pattern = condition.matches {
      guard let expression = TextPattern(pattern) else {
        throw StageError("matches: expected a regular expression, found '\(pattern)'")
      }
      add("matches \(pattern)", .text) { value in try value.string.map(expression.isFound) ?? false }
    }
    if let count = condition.minItems {
      add("of \(count) items or more", .list) { $0.array.map { $0.count >= count } ?? false }
    }
    guard !tests.isEmpty else {
      throw StageError(
        "where: expected a condition on '\(column)' (equals, not, min, max, above, below, in, matches, min_items, "
          + "exists), found none")
    }
    return tests
  }
}

extension JSON {
  /// Equal as data: `1` is `1.0`.
  fileprivate func sameValue(as other: JSON) -> Bool {
    if let left = number, let right = other.number { left == right } else { self == other }
  }
}
