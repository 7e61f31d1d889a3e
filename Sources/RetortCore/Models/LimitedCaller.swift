internal import Synchronization

/// Lets a call through when the model's pool has a slot for it and its rates allow. The slot is held until the inner
/// caller has returned, which includes committing the reply.
package struct LimitedCaller: Caller {
  private let inner: any Caller
  private let pool: Pool
  private let clock: any ModelClock

  package init(_ inner: any Caller, pool: Pool, clock: any ModelClock = SystemModelClock()) {
    self.inner = inner
    self.pool = pool
    self.clock = clock
  }

  package func answer(_ call: Call) async throws -> RawReply {
    try await pool.enter(depth: StepContext.current?.depth ?? 0)
    defer { pool.leave() }
    let estimate = Double(call.promptEstimate + call.completionEstimate)
    try await clock.sleep(pool.reserve(tokens: estimate, at: clock.seconds))
    do {
      let reply = try await inner.answer(call)
      let used = Double(reply.usage.promptTokens + reply.usage.completionTokens)
      if used > 0 { pool.correct(tokens: used - estimate) }
      return reply
    } catch {
      pool.correct(tokens: -estimate)
      throw error
    }
  }
}

/// A model's pool: slots, handed to the deepest stage first, and rates.
///
/// Rates are paced rather than counted by the minute: each call moves the moment at which the next one may start, so
/// no minute, wherever it begins, holds more than its share, and there is no burst for the endpoint to refuse.
package final class Pool: Sendable {
  private typealias Waiter = CheckedContinuation<Void, any Error>
  private struct State {
    var free: Int
    var last = 0
    var waiters: [Int: Waiter] = [:]
    /// Waiters by depth, in the order they came; those that were cancelled are passed over.
    var queues: [Int: ArraySlice<Int>] = [:]
    /// Waiters whose task was cancelled before they had queued.
    var cancelled: Set<Int> = []
    var requests: Pacer?
    var tokens: Pacer?

    mutating func next() -> Waiter? {
      while let depth = queues.keys.max() {
        while let id = queues[depth]?.popFirst() {
          if let waiter = waiters.removeValue(forKey: id) { return waiter }
        }
        queues[depth] = nil
      }
      return nil
    }
  }
  private let state: Mutex<State>

  /// - Parameters:
  ///   - rpm: requests per minute; nil for no bound.
  ///   - tpm: tokens per minute; nil for no bound.
  package init(concurrency: Int, rpm: Double? = nil, tpm: Double? = nil) {
    state = Mutex(
      State(
        free: max(1, concurrency), requests: rpm.map { Pacer(perSecond: $0 / 60) },
        tokens: tpm.map { Pacer(perSecond: $0 / 60) }))
  }

  package convenience init(_ model: ModelSpec) {
    self.init(concurrency: model.concurrency, rpm: model.rpm, tpm: model.tpm)
  }

  /// Calls that wait for a slot.
  package var waiting: Int { state.withLock { $0.waiters.count } }

  /// Waits for a slot; of those that wait the deepest goes first, then the one that came first.
  func enter(depth: Int) async throws {
    let id = state.withLock {
      $0.last += 1
      return $0.last
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let outcome: Result<Void, any Error>? = state.withLock {
          if $0.cancelled.remove(id) != nil { return .failure(CancellationError()) }
          if $0.free > 0 {
            $0.free -= 1
            return .success(())
          }
          $0.waiters[id] = continuation
          $0.queues[depth, default: []].append(id)
          return nil
        }
        if let outcome { continuation.resume(with: outcome) }
      }
    } onCancel: {
      let waiter: Waiter? = state.withLock {
        if let waiter = $0.waiters.removeValue(forKey: id) { return waiter }
        $0.cancelled.insert(id)
        return nil
      }
      waiter?.resume(throwing: CancellationError())
    }
    // A cancellation that came after the slot was granted leaves a mark nobody else will take away.
    state.withLock { _ = $0.cancelled.remove(id) }
  }

  func leave() {
    let next = state.withLock {
      let next = $0.next()
      if next == nil { $0.free += 1 }
      return next
    }
    next?.resume()
  }

  /// Seconds until the call may start.
  func reserve(tokens: Double, at now: Double) -> Double {
    state.withLock {
      max($0.requests?.reserve(1, at: now) ?? 0, $0.tokens?.reserve(tokens, at: now) ?? 0)
    }
  }

  func correct(tokens: Double) { state.withLock { $0.tokens?.correct(tokens) } }
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
