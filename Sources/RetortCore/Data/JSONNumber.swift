internal import OrderedCollections

/// Numbers of JSON compared as what they are: `1` is `1.0`, and no integer is rounded.
enum JSONNumber {
  enum Order { case below, same, above }

  /// How the first stands to the second; both are numbers.
  static func compare(_ first: JSON, _ second: JSON) -> Order {
    switch (first, second) {
    case (.int(let a), .int(let b)): return order(a, b)
    case (.int(let a), _): return compare(a, second.number ?? 0)
    case (_, .int(let b)):
      switch compare(b, first.number ?? 0) {
      case .below: return .above
      case .same: return .same
      case .above: return .below
      }
    default: return order(first.number ?? 0, second.number ?? 0)
    }
  }

  private static func order<N: Comparable>(_ a: N, _ b: N) -> Order {
    a < b ? .below : a > b ? .above : .same
  }

  private static func compare(_ integer: Int64, _ double: Double) -> Order {
    let whole = double.rounded(.down)
    guard let floor = Int64(exactly: whole) else { return double > 0 ? .below : .above }
    guard integer == floor else { return order(integer, floor) }
    return double > whole ? .below : .same
  }

  static func isInteger(_ json: JSON) -> Bool {
    if case .double(let value) = json { value.rounded() == value } else { json.int != nil }
  }

  /// Whether one number is a multiple of another above 0. Decimal fractions count as what they are written as: 0.3 is
  /// a multiple of 0.1.
  static func isMultiple(_ json: JSON, of divisor: JSON) -> Bool {
    if let value = json.int, let divisor = divisor.int { return value % divisor == 0 }
    guard let value = json.number, let divisor = divisor.number else { return false }
    if value.truncatingRemainder(dividingBy: divisor) == 0 { return true }
    guard divisor.rounded() != divisor else { return false }
    let quotient = value / divisor
    return quotient.isFinite && abs(quotient - quotient.rounded()) <= 4 * quotient.ulp
  }
}

extension JSON {
  /// The value with whole numbers as integers, so that equal values have one canonical text.
  var withPlainNumbers: JSON {
    switch self {
    case .double(let value): Int64(exactly: value).map { .int($0) } ?? self
    case .array(let elements): .array(elements.map(\.withPlainNumbers))
    case .object(let fields): .object(fields.mapValues(\.withPlainNumbers))
    default: self
    }
  }

  /// The text that all values have which JSON Schema calls equal: `1` and `1.0`, keys in any order.
  var sameness: String { withPlainNumbers.canonical }
}
