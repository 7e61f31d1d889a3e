internal import OrderedCollections

/// How an answer is checked against the one that is known, without a model.
package enum Verifier: String, Codable, Hashable, Sendable, CaseIterable {
  /// Option letters A to H, however they are stated.
  case choice
  /// The same text, but for case and white space.
  case exact
  /// Numbers, within a tolerance.
  case number
  /// The same JSON value; the order of an object's keys does not count.
  case json
  /// The option that the solver proves right.
  case puzzle
  /// A reward model is asked.
  case judge

  /// A number in a text: the last one it states, with thousands separators, a percent sign (a hundredth) or a fraction
  /// `a/b`; nil when there is none.
  package static func number(in text: String) -> Double? {
    guard
      let match = text.matches(
        of: /(-?(?:\d[\d,]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?:\s*\/\s*(\d+(?:\.\d+)?))?(\s*\\?%)?/
      ).last,
      var value = Double(match.output.1.replacing(",", with: ""))
    else { return nil }
    // `10-5` is no -5.
    if value < 0, match.range.lowerBound > text.startIndex,
      text[text.index(before: match.range.lowerBound)].isNumber
    {
      value = -value
    }
    if let below = match.output.2 {
      guard let divisor = Double(below), divisor != 0 else { return nil }
      value /= divisor
    }
    return match.output.3 == nil ? value : value / 100
  }

  /// Whether two numbers agree: `|a - b| <= tolerance * max(1, |b|)`.
  package static func agree(_ found: Double, _ expected: Double, tolerance: Double) -> Bool {
    abs(found - expected) <= tolerance * max(1, abs(expected))
  }

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
