internal import Foundation

/// What an endpoint says in its headers that may still be sent, of requests and of tokens.
///
/// OpenAI and those like it send `x-ratelimit-remaining-requests` and `-tokens`, with `x-ratelimit-reset-…` as a duration (`6m0s`,
/// `20ms`); Anthropic `anthropic-ratelimit-requests-remaining` and so on, with the moment of the reset.
struct RateQuota: Hashable, Sendable {
  struct Left: Hashable, Sendable {
    /// How many.
    let count: Double
    /// Seconds until there are more.
    let seconds: Double
  }

  var requests: Left?
  var tokens: Left?

  /// Nobody waits for longer than this many seconds: what is counted by the day is no matter of pace. An endpoint that has
  /// nothing left for today says so by a refusal.
  static let longest = 120.0

  /// - Parameters:
  ///   - headers: names in lower case.
  ///   - now: seconds since 1970.
  /// Nil where the endpoint says nothing of the kind.
  init?(_ headers: [String: String], now: Double) {
    func left(_ count: String, _ reset: String) -> Left? {
      guard let count = headers[count].flatMap(Double.init), count.isFinite, count >= 0,
        let seconds = headers[reset].flatMap({ Self.seconds($0, now: now) }), seconds <= Self.longest
      else { return nil }
      return Left(count: count, seconds: seconds)
    }
    requests =
      left("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests")
      ?? left("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset")
    tokens =
      left("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens")
      ?? left("anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset")
      ?? left("anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset")
    if requests == nil, tokens == nil { return nil }
  }

  /// Seconds of `1h2m3.5s`, `20ms`, `12` or a moment such as `2026-01-31T12:00:00Z`; nil for what says neither.
  static func seconds(_ text: String, now: Double) -> Double? {
    if let seconds = Double(text) { return seconds.isFinite && seconds >= 0 ? seconds : nil }
    if text.contains("T") {
      let date = try? Date(text, strategy: .iso8601)
      return date.map { max(0, $0.timeIntervalSince1970 - now) }
    }
    let units = ["h": 3600.0, "m": 60, "s": 1, "ms": 0.001, "us": 1e-6, "µs": 1e-6, "ns": 1e-9]
    var sum = 0.0
    var rest = text[...]
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isNumber || $0 == "." }
      rest = rest.dropFirst(digits.count)
      let unit = rest.prefix { !$0.isNumber && $0 != "." }
      rest = rest.dropFirst(unit.count)
      guard let number = Double(digits), let factor = units[String(unit)] else { return nil }
      sum += number * factor
    }
    return text.isEmpty || !sum.isFinite ? nil : sum
  }
}
