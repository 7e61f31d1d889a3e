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

  private let tests: [RowTest]

  package init(_ config: Config, in workspace: Workspace) throws {
    guard !config.where.isEmpty else {
      throw StageError("where: expected at least one condition, found none")
    }
    tests = try config.where.flatMap { try RowTest.all(of: $0) }
  }

  package var reads: [ColumnUse] { RowTest.reads(of: tests) }
  package var adds: [String]? { [] }

  package func process(_ input: Columns) async throws -> Outcome<NoColumns> {
    for test in tests {
      if try test.holds(for: input) { continue }
      let value = input[test.column] ?? .null
      let missed = test.missed(by: value)
      if missed == .bounded {
        return .drop(
          reason: "\(test.column) is no number", detail: value.excerpt + RowTest.Wanted.bounded.remedy)
      }
      return .drop(
        reason: "\(test.column) not \(test.says)",
        detail: "\(test.column) is \(value.excerpt)\(missed?.remedy ?? "")")
    }
    return .emit([NoColumns()])
  }
}

extension JSON {
  /// Short enough for a table.
  fileprivate var excerpt: String {
    let text = text
    return text.count <= 80 ? text : text.prefix(79) + "…"
  }
}
