internal import OrderedCollections
package import RetortCore

/// How an answer is checked against the one that is known, without a model.
package enum Verifier: String, Codable, Hashable, Sendable, CaseIterable {
  /// Option letters, however they are stated.
  case choice
  /// The same text, but for case and white space.
  case exact
  /// Numbers: whole ones exactly, others within a tolerance.
  case number
  /// The same mathematical expression, as a helper process finds.
  case math
  /// The same JSON value; the order of an object's keys does not count.
  case json
  /// The option that the solver proves right.
  case puzzle
  /// Every constraint of the row, by a rule each.
  case constraints
  /// Tests, in which the function of the answer is run.
  case tests
  /// A reward model is asked.
  case judge
  /// A judge's own words, read strictly.
  case verdict

  /// A text without case and superfluous white space.
  package static func plain(_ text: String) -> String {
    text.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }

  /// Equal as JSON: numbers by value, objects whatever the order of their keys.
  package static func same(_ left: JSON, _ right: JSON) -> Bool {
    switch (left, right) {
    case (.array(let left), .array(let right)):
      return left.count == right.count && zip(left, right).allSatisfy { same($0, $1) }
    case (.object(let left), .object(let right)):
      return left.count == right.count
        && left.allSatisfy { key, value in right[key].map { same(value, $0) } ?? false }
    default:
      if let left = left.number, let right = right.number { return left == right }
      return left == right
    }
  }
}
