import Testing

@testable import RetortCore

@Suite struct RateQuotaTests {
  @Test(
    arguments: [
      ("6m0s", 360.0), ("1.5s", 1.5), ("20ms", 0.02), ("1h2m3s", 3723), ("12", 12), ("0s", 0), ("", nil),
      ("soon", nil),
      ("2026-01-31T12:00:30Z", 30), ("2026-01-31T11:00:00Z", 0),
    ] as [(String, Double?)])
  func durationsAndMomentsAreRead(text: String, seconds: Double?) {
    // 2026-01-31T12:00:00Z
    #expect(RateQuota.seconds(text, now: 1_769_860_800) == seconds)
  }

  @Test func whatIsLeftIsReadFromEitherKindOfHeaders() {
    let openai = RateQuota(
      [
        "x-ratelimit-remaining-requests": "3", "x-ratelimit-reset-requests": "1s",
        "x-ratelimit-remaining-tokens": "900", "x-ratelimit-reset-tokens": "6s",
      ], now: 0)
    #expect(openai?.requests == .init(count: 3, seconds: 1))
    #expect(openai?.tokens == .init(count: 900, seconds: 6))
    let anthropic = RateQuota(
      [
        "anthropic-ratelimit-requests-remaining": "0",
        "anthropic-ratelimit-requests-reset": "2026-01-31T12:00:30Z",
        "anthropic-ratelimit-input-tokens-remaining": "5",
        "anthropic-ratelimit-input-tokens-reset": "2026-01-31T12:00:10Z",
      ], now: 1_769_860_800)
    #expect(anthropic?.requests == .init(count: 0, seconds: 30))
    #expect(anthropic?.tokens == .init(count: 5, seconds: 10))
    #expect(RateQuota(["x-ratelimit-remaining-requests": "3"], now: 0) == nil)
  }

  /// Groq counts requests by the day: its reset is no matter of pace.
  @Test func whatIsCountedByTheDayHoldsNobody() {
    let quota = RateQuota(
      [
        "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "5h30m",
        "x-ratelimit-remaining-tokens": "10", "x-ratelimit-reset-tokens": "7.66s",
      ], now: 0)
    #expect(quota?.requests == nil)
    #expect(quota?.tokens == .init(count: 10, seconds: 7.66))
  }

  private func quota(_ requests: Double, seconds: Double) -> RateQuota? {
    RateQuota(
      ["x-ratelimit-remaining-requests": "\(requests)", "x-ratelimit-reset-requests": "\(seconds)s"], now: 0)
  }

  @Test func callsWaitWhereNothingIsLeft() {
    let pool = Pool(concurrency: 4)
    #expect(pool.reserve(tokens: 10, at: 0).seconds == 0)
    #expect(pool.reserve(tokens: 10, at: 0).seconds == 0)
    // Two are left, of which the call that is under way may take one.
    pool.finish(tokens: 10, quota(2, seconds: 30), at: 1)
    #expect(pool.reserve(tokens: 10, at: 1).seconds == 0)
    #expect(pool.reserve(tokens: 10, at: 1).seconds == 30)
    #expect(pool.reserve(tokens: 10, at: 11).seconds == 20)
    #expect(pool.reserve(tokens: 10, at: 31).seconds == 0)
  }

  @Test func aRateOfTheFileStands() {
    let pool = Pool(concurrency: 4, rpm: 60)
    _ = pool.reserve(tokens: 10, at: 0)
    pool.finish(tokens: 10, quota(0, seconds: 30), at: 1)
    #expect(pool.reserve(tokens: 10, at: 1).seconds == 0)
    #expect(pool.reserve(tokens: 10, at: 1).seconds == 1)
  }
}
