/// Tries a call again after a failure that may pass. It waits outside the limits, so a waiting call holds no slot.
struct RetryingCaller: Caller {
  private let inner: any Caller
  private let breaker: Breaker
  private let clock: any ModelClock
  private let random: @Sendable () -> Double
  private let gauge: CallGauge

  /// Seconds before the first retry, at most; doubled for each further one up to `longest`.
  static let base = 1.0
  static let longest = 60.0
  /// An endpoint that asks for more patience than this many seconds parks the run.
  static let patience = 600.0

  /// - Parameter random: uniform in 0..<1.
  init(
    _ inner: any Caller, breaker: Breaker = Breaker(), clock: any ModelClock = SystemModelClock(),
    random: @escaping @Sendable () -> Double = { .random(in: 0..<1) }, gauge: CallGauge = CallGauge()
  ) {
    self.inner = inner
    self.gauge = gauge
    self.breaker = breaker
    self.clock = clock
    self.random = random
  }

  func answer(_ request: ModelRequest) async throws -> RawReply {
    var request = request
    while true {
      try breaker.check()
      do {
        let reply = try await inner.answer(request)
        breaker.answered()
        return reply
      } catch let error as ModelError {
        guard error.mayPass else {
          // A refusal is an answer: the endpoint is alive.
          if error.status != nil { breaker.answered() }
          throw error
        }
        breaker.failed(error, of: request.digest, at: clock.seconds)
        guard request.attempt <= request.model.retries else { throw breaker.gaveUp(error) }
        if let wait = error.retryAfter, wait > Self.patience {
          throw breaker.open("asked to wait \(Int(bounded: wait)) seconds: \(error.description)")
        }
        let brake: Brake = error.retryAfter ?? 0 > 0 ? .retryAfter : .retry
        try await gauge.holding(brake, request.model) {
          try await clock.sleep(delay(after: error, attempt: request.attempt))
        }
        request.attempt += 1
      } catch let halt as Halt {
        if halt.status != nil { breaker.answered() }
        throw halt
      }
    }
  }

  /// Exponential with full jitter, so that calls that failed together do not come back together. What the server
  /// asks for is a lower bound, and at most 5 % is added to it. Asking for 0 seconds, or for a date that has passed,
  /// asks for nothing.
  private func delay(after error: ModelError, attempt: Int) -> Double {
    if let asked = error.retryAfter, asked > 0 { return asked * (1 + 0.05 * random()) }
    var most = Self.base
    for _ in 1..<max(2, attempt) where attempt > 1 { most = min(Self.longest, most * 2) }
    return most * random()
  }
}

extension ModelError {
  /// Whether the same request may succeed later.
  package var mayPass: Bool {
    switch kind {
    case .unreachable, .connection, .timeout, .rateLimited, .server: true
    // A broken envelope is a proxy's page or a cut connection, as a rule.
    case .malformed: true
    case .refused, .denied, .forbidden, .filtered, .unsupported: false
    }
  }
}
