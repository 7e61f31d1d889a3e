internal import Synchronization

/// Answers from memory where it can; else lets one of several identical calls through and shares its reply.
///
/// Only success is shared: if the call that went ahead fails, one that waited goes next. Every call that a step used
/// is reported to its ``StepContext``.
package struct RememberingCaller: Caller {
  private let inner: any Caller
  private let memory: any ReplyMemory
  private let flights: Flights

  package init(_ inner: any Caller, memory: any ReplyMemory, flights: Flights = Flights()) {
    self.inner = inner
    self.memory = memory
    self.flights = flights
  }

  package func answer(_ call: Call) async throws -> RawReply {
    let request = call.request
    while true {
      let reply: RawReply
      if flights.lead(request) {
        do { reply = try await first(call, request) } catch {
          flights.land(request, nil)
          throw error
        }
        flights.land(request, reply)
      } else {
        guard var shared = try await flights.follow(request) else { continue }
        shared.remembered = true
        reply = shared
      }
      if reply.call != 0 { StepContext.current?.used(reply.call) }
      return reply
    }
  }

  private func first(_ call: Call, _ request: Digest) async throws -> RawReply {
    if var known = try await memory.recall(request) {
      known.remembered = true
      return known
    }
    do { return try await inner.answer(call) } catch let error as ModelError {
      if error.isUnrecorded { try await memory.failed(call, request: request, error) }
      throw error
    }
  }
}

extension ModelError {
  /// Whether the failed call is still to be written down: a try that cost something was when it failed, and one that
  /// the budget, an interruption or this machine refused was never sent.
  var isUnrecorded: Bool { usage == nil && wasSent && kind != .budget && kind != .interrupted }
}

/// Commits each reply before it goes further out. It sits inside the limits, so that a call keeps its slot until its
/// reply is durable: a kill re-pays at most what was in flight. A failed try that cost something is committed too, even
/// if a later try succeeds: the budget counts it.
package struct RecordingCaller: Caller {
  private let inner: any Caller
  private let memory: any ReplyMemory

  package init(_ inner: any Caller, memory: any ReplyMemory) {
    self.inner = inner
    self.memory = memory
  }

  package func answer(_ call: Call) async throws -> RawReply {
    var reply: RawReply
    do { reply = try await inner.answer(call) } catch let error as ModelError where error.usage != nil {
      try await memory.failed(call, request: call.request, error)
      throw error
    }
    reply.call = try await memory.remember(call, request: call.request, reply)
    return reply
  }
}

/// The requests in flight, and who waits for each.
package final class Flights: Sendable {
  private typealias Waiter = CheckedContinuation<RawReply?, any Error>
  private struct State {
    var next = 0
    var waiters: [Digest: [Int: Waiter]] = [:]
    var cancelled: Set<Int> = []
  }
  private let state = Mutex(State())

  package init() {}

  /// Whether the caller goes ahead; if so it must ``land(_:_:)``.
  func lead(_ request: Digest) -> Bool {
    state.withLock {
      guard $0.waiters[request] == nil else { return false }
      $0.waiters[request] = [:]
      return true
    }
  }

  /// The reply of the one that went ahead; nil if it failed or has landed meanwhile: then look again.
  func follow(_ request: Digest) async throws -> RawReply? {
    let id = state.withLock {
      $0.next += 1
      return $0.next
    }
    defer { state.withLock { _ = $0.cancelled.remove(id) } }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let outcome: Result<RawReply?, any Error>? = state.withLock {
          if $0.cancelled.contains(id) { return .failure(CancellationError()) }
          guard $0.waiters[request] != nil else { return .success(nil) }
          $0.waiters[request]?[id] = continuation
          return nil
        }
        if let outcome { continuation.resume(with: outcome) }
      }
    } onCancel: {
      let waiter: Waiter? = state.withLock {
        $0.cancelled.insert(id)
        return $0.waiters[request]?.removeValue(forKey: id)
      }
      waiter?.resume(throwing: CancellationError())
    }
  }

  /// Ends the flight; nil when it failed.
  func land(_ request: Digest, _ reply: RawReply?) {
    let waiters = state.withLock { $0.waiters.removeValue(forKey: request) ?? [:] }
    for waiter in waiters.values { waiter.resume(returning: reply) }
  }
}
