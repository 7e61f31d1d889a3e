package import RetortCore

/// Keeps the rows whose columns satisfy every condition.
package struct Filter: RowStage {
  /// What one column must be. Every key that is given must hold; a column that is null satisfies `exists: false` and
  /// nothing else.
  package struct Condition: Codable, Hashable, Sendable {
    package var column: String
    package var equals: JSON?
    package var not: JSON?
    package var min: Double?
    package var max: Double?
    package var above: Double?
    package var below: Double?
    package var oneOf: [JSON]?
    package var matches: String?
    package var minItems: Int?
    package var exists: Bool?

    package init(
      column: String, equals: JSON? = nil, not: JSON? = nil, min: Double? = nil, max: Double? = nil,
      above: Double? = nil, below: Double? = nil, oneOf: [JSON]? = nil, matches: String? = nil,
      minItems: Int? = nil, exists: Bool? = nil
    ) {
      self.column = column
      self.equals = equals
      self.not = not
      self.min = min
      self.max = max
      self.above = above
      self.below = below
      self.oneOf = oneOf
      self.matches = matches
      self.minItems = minItems
      self.exists = exists
    }

    enum CodingKeys: String, CodingKey {
      case column, equals, not, min, max, above, below, matches, exists
      case oneOf = "in"
      case minItems = "min_items"
    }
  }

  package struct Config: Codable, Sendable {
    package var `where`: [Condition]
    package init(where conditions: [Condition]) { `where` = conditions }
  }

  package typealias Input = Columns
  package typealias Output = NoColumns

  package static let name = "filter"
  package static let version = 1
  package static let isForeseeable = true
  package static let summary = "Keep the rows whose columns satisfy every condition."
  package static let keys = [
    "where":
      "Conditions, each a column and what it must be: equals, not, min, max, above, below (numbers), in (a list), "
      + "matches (a regular expression found in the text; a row on which it takes too long fails), min_items (of a list), exists (true or false)."
  ]

  private let tests: [Test]

  package init(_ config: Config, in workspace: Workspace) throws {
    guard !config.where.isEmpty else {
      throw StageError("where: expected at least one condition, found none")
    }
    tests = try config.where.flatMap(Filter.tests)
  }

  package var reads: [ColumnUse] {
    var seen: Set<String> = []
    return tests.filter { seen.insert($0.column).inserted }.map {
      ColumnUse($0.column, required: !$0.optional)
    }
  }
  package var adds: [String]? { [] }

  package func process(_ input: Columns) async throws -> Outcome<NoColumns> {
    for test in tests {
      let value = input[test.column] ?? .null
      let holds: Bool
      do { holds = try test.holds(value) } catch let error as TextPattern.GivenUp {
        throw StageError("\(test.column): \(error)")
      }
      if holds { continue }
      let missed = test.wants.flatMap { $0.isMissed(by: value) ? $0 : nil }
      if missed == .bounded {
        return .drop(reason: "\(test.column) is no number", detail: value.excerpt + Wanted.bounded.remedy)
      }
      return .drop(
        reason: "\(test.column) not \(test.says)",
        detail: "\(test.column) is \(value.excerpt)\(missed?.remedy ?? "")")
    }
    return .emit([NoColumns()])
  }

  /// The kind of value that a condition is about.
  private enum Wanted: Sendable {
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
    func isMissed(by value: JSON) -> Bool {
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

  private struct Test: Sendable {
    let column: String
    /// The condition in words, without the column.
    let says: String
    var optional = false
    /// What a value must be for the condition to say anything of it; nil for anything.
    var wants: Wanted?
    let holds: @Sendable (JSON) throws -> Bool
  }

  private static func tests(_ condition: Condition) throws -> [Test] {
    let column = condition.column
    var tests: [Test] = []
    func add(
      _ says: String, optional: Bool = false, _ wants: Wanted? = nil,
      _ holds: @escaping @Sendable (JSON) throws -> Bool
    ) {
      tests.append(Test(column: column, says: says, optional: optional, wants: wants, holds: holds))
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

  /// Short enough for a table.
  fileprivate var excerpt: String {
    let text = text
    return text.count <= 80 ? text : text.prefix(79) + "…"
  }
}
