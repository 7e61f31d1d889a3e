internal import RetortCore

/// A number as a text states it.
struct Quantity: Hashable, Sendable {
  var value: Double
  /// Its digits, with the sign, where it is written as a whole number.
  var integer: String?
  /// Whether it is stated in percent; ``value`` is the hundredth.
  var isPercent = false
  /// What it counts, in lower case without spaces; empty where nothing is said.
  var unit = ""

  init(_ value: Double, integer: String? = nil) {
    self.value = value
    self.integer = integer
  }

  /// Whether this is the known number `other`: whole numbers to the last digit, others within `tolerance` (as a share
  /// of the known one, absolutely where that is below 1; nil for 1e-6). Nil when units, or percent, leave that open.
  func agrees(with other: Quantity, tolerance: Double? = nil) -> Bool? {
    if isPercent != other.isPercent {
      let (left, right) = (isPercent ? value * 100 : value, other.isPercent ? other.value * 100 : other.value)
      if abs(left - right) <= 1e-9 * max(1, abs(right)) { return nil }
    }
    let isSame =
      if let integer, let known = other.integer, tolerance == nil {
        integer == known
      } else {
        abs(value - other.value) <= (tolerance ?? 1e-6) * max(1, abs(other.value))
      }
    if isSame, !unit.isEmpty, !other.unit.isEmpty, unit != other.unit { return nil }
    return isSame
  }
}

/// Which sign divides a number's whole part from its fraction; the other one, spaces and apostrophes mark thousands.
package enum DecimalMark: String, Codable, Hashable, Sendable, CaseIterable { case point, comma }

extension Quantity {
  /// The same in percent.
  var hundredth: Quantity {
    var number = Quantity(value / 100)
    number.isPercent = true
    number.unit = unit
    return number
  }
}
