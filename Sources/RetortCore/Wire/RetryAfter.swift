internal import Foundation

/// How long a server asks to be left alone: `retry-after-ms`, or `Retry-After` as seconds or as an HTTP date.
enum RetryAfter {
  /// No wait is longer than a year.
  static let longest = 31_536_000.0

  /// - Parameter headers: names in lower case.
  static func seconds(_ headers: [String: String], now: Double) -> Double? {
    let exact = headers["retry-after-ms"].flatMap(Double.init).flatMap { finite($0 / 1000) }
    return exact ?? headers["retry-after"].flatMap { seconds($0, now: now) }
  }

  /// Seconds to wait from `now` (seconds since 1970), 0 to ``longest``; nil when the value says neither.
  static func seconds(_ value: String, now: Double) -> Double? {
    let value = value.trimmingCharacters(in: .whitespaces)
    if let seconds = Double(value) { return finite(seconds) }
    return date(value).map { bounded($0 - now) }
  }

  /// Seconds since 1970 of a date in one of the three forms of HTTP: `Sun, 06 Nov 1994 08:49:37 GMT`, of RFC 850
  /// `Sunday, 06-Nov-94 08:49:37 GMT`, of asctime `Sun Nov  6 08:49:37 1994`.
  private static func date(_ value: String) -> Double? {
    // The day of the week adds nothing.
    var words = value.split { " ,-".contains($0) }.dropFirst()
    if words.last == "GMT" { words.removeLast() }
    let text = words.joined(separator: " ")
    let format = DateFormatter()
    format.locale = Locale(identifier: "en_US_POSIX")
    format.timeZone = TimeZone(identifier: "GMT")
    for form in ["dd MMM yy HH:mm:ss", "MMM d HH:mm:ss yyyy"] {
      format.dateFormat = form
      if let date = format.date(from: text) { return date.timeIntervalSince1970 }
    }
    return nil
  }

  private static func finite(_ seconds: Double) -> Double? { seconds.isFinite ? bounded(seconds) : nil }
  private static func bounded(_ seconds: Double) -> Double { min(max(0, seconds), longest) }
}
