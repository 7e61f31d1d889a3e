internal import Foundation

/// The header `Retry-After`: seconds, or an HTTP date.
enum RetryAfter {
  /// No wait is longer than a year.
  static let longest = 31_536_000.0

  /// Seconds to wait from `now` (seconds since 1970), 0 to ``longest``; nil when the header says neither.
  static func seconds(_ value: String, now: Double) -> Double? {
    let value = value.trimmingCharacters(in: .whitespaces)
    if let seconds = Double(value) { return seconds.isFinite ? bounded(seconds) : nil }
    let format = DateFormatter()
    format.locale = Locale(identifier: "en_US_POSIX")
    format.timeZone = TimeZone(identifier: "GMT")
    format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
    return format.date(from: value).map { bounded($0.timeIntervalSince1970 - now) }
  }

  private static func bounded(_ seconds: Double) -> Double { min(max(0, seconds), longest) }
}
