internal import Synchronization

/// A wish to end a run softly: no step and no call is begun any more, what is in flight comes to its end and is kept.
package final class Interruption: Sendable {
  private enum Moment { case requested, quiet }
  private struct State {
    var isRequested = false
    var inFlight = 0
    var next = 0
    var waiters: [Int: (moment: Moment, continuation: CheckedContinuation<Void, any Error>)] = [:]
    /// Waiters whose task was cancelled before they had queued.
    var cancelled: Set<Int> = []

    func hasCome(_ moment: Moment) -> Bool { isRequested && (moment == .requested || inFlight == 0) }
  }
  private let state = Mutex(State())

  package init() {}

  package var isRequested: Bool { state.withLock { $0.isRequested } }
  /// Calls that were sent and whose replies are not committed yet.
  package var inFlight: Int { state.withLock { $0.inFlight } }

  package func request() { change { $0.isRequested = true } }

  /// Errors: ``ModelError`` of kind `interrupted` once it was requested.
  func check() throws { if isRequested { throw ModelError.interrupted } }

  /// Counts a call as in flight while `body` runs. Errors: as ``check()``, and those of `body`.
  fileprivate func call<T>(_ body: () async throws -> T) async throws -> T {
    try state.withLock {
      if $0.isRequested { throw ModelError.interrupted }
      $0.inFlight += 1
    }
    defer { change { $0.inFlight -= 1 } }
    return try await body()
  }

  func requested() async throws { try await wait(for: .requested) }

  /// Returns once it was requested and no call is in flight.
  fileprivate func quiet() async throws { try await wait(for: .quiet) }

  private func wait(for moment: Moment) async throws {
    let id = state.withLock {
      $0.next += 1
      return $0.next
    }
    defer { state.withLock { _ = $0.cancelled.remove(id) } }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let outcome: Result<Void, any Error>? = state.withLock {
          if $0.cancelled.contains(id) { return .failure(CancellationError()) }
          if $0.hasCome(moment) { return .success(()) }
          $0.waiters[id] = (moment, continuation)
          return nil
        }
        if let outcome { continuation.resume(with: outcome) }
      }
    } onCancel: {
      let waiter = state.withLock {
        $0.cancelled.insert(id)
        return $0.waiters.removeValue(forKey: id)
      }
      waiter?.continuation.resume(throwing: CancellationError())
    }
  }

  private func change(_ body: (inout State) -> Void) {
    let ready = state.withLock { state in
      body(&state)
      let ready = state.waiters.filter { state.hasCome($0.value.moment) }
      for id in ready.keys { state.waiters[id] = nil }
      return ready.values.map(\.continuation)
    }
    for continuation in ready { continuation.resume() }
  }
}

extension ModelError {
  static let interrupted = ModelError(.interrupted, "the run was interrupted before the call was sent")
}

/// Refuses to send a call once the run is interrupted. It sits around what commits the reply: a call is in flight until
/// then.
struct GatedCaller: Caller {
  let inner: any Caller
  let interruption: Interruption

  func answer(_ call: Call) async throws -> RawReply {
    try await interruption.call { try await inner.answer(call) }
  }
}

/// Hands an interruption out only when no call is in flight any more: a step that asks for several replies at once
/// gives up all of them with the first that fails, and those in flight are paid for.
struct InterruptedCaller: Caller {
  let inner: any Caller
  let interruption: Interruption

  func answer(_ call: Call) async throws -> RawReply {
    do { return try await inner.answer(call) } catch let error as ModelError where error.kind == .interrupted
    {
      try await interruption.quiet()
      throw error
    }
  }
}

/// A clock whose sleepers an interruption wakes. Errors: ``ModelError`` of kind `interrupted`.
package struct InterruptibleClock: ModelClock {
  private let clock: any ModelClock
  private let interruption: Interruption

  package init(_ interruption: Interruption, on clock: any ModelClock = SystemModelClock()) {
    self.clock = clock
    self.interruption = interruption
  }

  package var seconds: Double { clock.seconds }
  package var unixTime: Double { clock.unixTime }

  package func sleep(_ seconds: Double) async throws {
    guard seconds > 0 else { return try await clock.sleep(seconds) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await clock.sleep(seconds) }
      group.addTask {
        try await interruption.requested()
        throw ModelError.interrupted
      }
      defer { group.cancelAll() }
      try await group.next()
    }
  }
}
