/// Lets a call through when the model's pool has a slot for it and its rates allow. The slot is held until the inner
/// caller has returned, which includes committing the reply.
struct LimitedCaller: Caller {
  private let inner: any Caller
  private let pool: Pool
  private let clock: any ModelClock
  private let gauge: CallGauge

  init(
    _ inner: any Caller, pool: Pool, clock: any ModelClock = SystemModelClock(),
    gauge: CallGauge = CallGauge()
  ) {
    self.inner = inner
    self.pool = pool
    self.gauge = gauge
    self.clock = clock
  }

  func answer(_ request: ModelRequest) async throws -> RawReply {
    try await gauge.holding(.concurrency, request.model) {
      try await pool.enter(depth: request.origin.depth)
    }
    defer { pool.leave() }
    let estimate = Double(request.estimate.promptTokens + request.estimate.completionTokens)
    let (wait, brake) = pool.reserve(tokens: estimate, at: clock.seconds)
    do {
      try await gauge.holding(brake, request.model) { try await clock.sleep(wait) }
      let reply = try await inner.answer(request)
      pool.finish(tokens: estimate, reply.reading.quota, at: clock.seconds)
      let used = Double(reply.usage.promptTokens + reply.usage.completionTokens)
      if used > 0 { pool.correct(tokens: used - estimate) }
      return reply
    } catch {
      pool.finish(tokens: estimate, nil, at: clock.seconds)
      pool.correct(tokens: -estimate)
      throw error
    }
  }
}
