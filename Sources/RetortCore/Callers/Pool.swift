/// A model's pool: slots, handed to the deepest stage first, and rates.
///
/// Rates are paced rather than counted by the minute: each call moves the moment at which the next one may start, so
/// no minute, wherever it begins, holds more than its share, and there is no burst for the endpoint to refuse.
final class Pool: Sendable {
  private struct State {
    var free: Int
    var requests: Pacer?
    var tokens: Pacer?
    /// What the endpoint says that may still be sent, where the file sets no rate.
    var requestsLeft = Allowance()
    var tokensLeft = Allowance()
    /// Calls that have reserved and are not finished, and their estimated tokens.
    var underWay = (calls: 0, tokens: 0.0)
  }

  /// Whether rates are learned from what the endpoint says.
  private let learnsRequests: Bool
  private let learnsTokens: Bool
  /// Waiters by the depth of their stage.
  private let state: Waiters<State, Int, Void>

  /// - Parameters:
  ///   - rpm: requests per minute; nil for no bound.
  ///   - tpm: tokens per minute; nil for no bound.
  init(concurrency: Int, rpm: Double? = nil, tpm: Double? = nil) {
    (learnsRequests, learnsTokens) = (rpm == nil, tpm == nil)
    state = Waiters(
      State(
        free: max(1, concurrency), requests: rpm.map { Pacer(perSecond: $0 / 60) },
        tokens: tpm.map { Pacer(perSecond: $0 / 60) }))
  }

  convenience init(_ model: ModelSpec) {
    self.init(concurrency: model.concurrency, rpm: model.rpm, tpm: model.tpm)
  }

  /// Calls that wait for a slot.
  var waiting: Int { state.count }

  /// Waits for a slot; of those that wait the deepest goes first, then the one that came first.
  func enter(depth: Int) async throws {
    try await state.wait(under: depth) {
      guard $0.free > 0 else { return nil }
      $0.free -= 1
      return ()
    }
  }

  func leave() {
    state.change { state, waiting in
      if let deepest = waiting.keys.max() {
        waiting.releaseFirst(under: deepest, with: ())
      } else {
        state.free += 1
      }
    }
  }

  /// Seconds until the call may start, and which of the rates says so.
  func reserve(tokens: Double, at now: Double) -> (seconds: Double, brake: Brake) {
    state.withState {
      $0.underWay = ($0.underWay.calls + 1, $0.underWay.tokens + tokens)
      let requests = $0.requests?.reserve(1, at: now) ?? $0.requestsLeft.take(1, at: now)
      let tokens = $0.tokens?.reserve(tokens, at: now) ?? $0.tokensLeft.take(tokens, at: now)
      return tokens > requests ? (tokens, .tpm) : (requests, .rpm)
    }
  }

  /// A call that reserved has ended.
  ///
  /// - Parameter quota: what the endpoint says that is left. Other calls that are under way may be counted in it or not; they count
  ///   as if they were not.
  func finish(tokens: Double, _ quota: RateQuota?, at now: Double) {
    state.withState {
      $0.underWay = ($0.underWay.calls - 1, $0.underWay.tokens - tokens)
      if learnsRequests, let left = quota?.requests {
        $0.requestsLeft = Allowance(left.count - Double($0.underWay.calls), until: now + left.seconds)
      }
      if learnsTokens, let left = quota?.tokens {
        $0.tokensLeft = Allowance(left.count - $0.underWay.tokens, until: now + left.seconds)
      }
    }
  }

  func correct(tokens: Double) { state.withState { $0.tokens?.correct(tokens) } }
}

/// What may still be sent until a moment, after which nothing is known.
struct Allowance: Hashable, Sendable {
  private var left: Double
  private let until: Double

  init(_ left: Double = 0, until: Double = -.infinity) {
    self.left = left
    self.until = until
  }

  /// Seconds to wait before so much is sent.
  mutating func take(_ amount: Double, at now: Double) -> Double {
    guard now < until else { return 0 }
    guard left >= amount else { return until - now }
    left -= amount
    return 0
  }
}

/// When the next one may start, at a steady rate.
struct Pacer {
  let perSecond: Double
  private var next = -Double.infinity

  init(perSecond: Double) { self.perSecond = max(perSecond, .leastNonzeroMagnitude) }

  mutating func reserve(_ amount: Double, at now: Double) -> Double {
    let start = max(now, next)
    next = start + amount / perSecond
    return start - now
  }

  /// The estimate was off by `amount`.
  mutating func correct(_ amount: Double) { next += amount / perSecond }
}
