internal import Foundation

/// Numbers and amounts of money as people read them, in every command, page and report.
package enum Figure {
  /// Three significant digits, without trailing zeros: `0.25`, `12.3`, `1200`.
  package static func short(_ number: Double) -> String {
    guard number.isFinite else { return "?" }
    if abs(number) >= 1e7 { return String(format: "%.3g", number) }
    if abs(number) >= 1000 || number == number.rounded() { return count(Int(bounded: number)) }
    return String(format: "%.3g", number)
  }

  /// With spaces between thousands: `12 345`.
  package static func count(_ number: Int) -> String {
    var digits = String(number.magnitude)
    var groups: [String] = []
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits.removeLast(3)
    }
    return (number < 0 ? "−" : "") + ([digits] + groups).joined(separator: "\u{202F}")
  }

  /// For narrow columns: `950`, `12.3k`, `1.2M`.
  package static func compact(_ number: Double) -> String {
    switch number {
    case ..<9999.5: String(format: "%.0f", number)
    case ..<999_950: String(format: "%.1fk", number / 1000)
    default: String(format: "%.1fM", number / 1_000_000)
    }
  }

  /// Four digits after the point below ten cents, else two.
  package static func money(_ usd: Double) -> String { String(format: usd < 0.1 ? "%.4f" : "%.2f", usd) }

  /// What calls cost, as far as it is known: `USD 0.42`, `no price set` where none of them has a price, and how many have
  /// none where some do.
  ///
  /// - Parameter calls: that were answered or charged for; `unpriced` of them were to models without a price.
  package static func cost(_ usd: Double, calls: Int, unpriced: Int) -> String {
    if unpriced > 0, unpriced >= calls, usd == 0 { return "no price set" }
    let rest =
      unpriced > 0 ? ", and \(count(unpriced)) \(unpriced == 1 ? "call" : "calls") without a price" : ""
    return "USD \(money(usd))\(rest)"
  }

  package static func seconds(_ seconds: Double) -> String {
    switch seconds {
    case ..<10: String(format: "%.2f s", seconds)
    case ..<90: String(format: "%.0f s", seconds)
    case ..<5400: String(format: "%.1f min", seconds / 60)
    default: String(format: "%.1f h", seconds / 3600)
    }
  }
}
