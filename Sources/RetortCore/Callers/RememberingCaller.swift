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

  package func answer(_ request: ModelRequest) async throws -> RawReply {
    let digest = request.digest
    while true {
      let reply: RawReply
      if flights.lead(digest) {
        do { reply = try await first(request) } catch {
          flights.land(digest, nil)
          throw error
        }
        flights.land(digest, reply)
      } else {
        guard var shared = try await flights.follow(digest) else { continue }
        shared.remembered = true
        reply = shared
      }
      if reply.call != 0 { StepContext.current?.used(reply.call) }
      return reply
    }
  }

  private func first(_ request: ModelRequest) async throws -> RawReply {
    if var known = try await memory.recall(request.digest) {
      known.remembered = true
      return known
    }
    do { return try await inner.answer(request) } catch {
      // A try that cost something was written down when it failed.
      if let failed = FailedCall(error), failed.usage == nil { try await memory.failed(request, failed) }
      throw error
    }
  }
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

  package func answer(_ request: ModelRequest) async throws -> RawReply {
    var reply: RawReply
    do { reply = try await inner.answer(request) } catch {
      if let failed = FailedCall(error), failed.usage != nil { try await memory.failed(request, failed) }
      throw error
    }
    reply.call = try await memory.remember(request, reply)
    return reply
  }
}

/// The requests in flight, and who waits for each.
package final class Flights: Sendable {
  private let flying = Waiters<Set<Digest>, Digest, RawReply?>([])

  package init() {}

  /// Whether the caller goes ahead; if so it must ``land(_:_:)``.
  func lead(_ request: Digest) -> Bool { flying.withState { $0.insert(request).inserted } }

  /// The reply of the one that went ahead; nil if it failed or has landed meanwhile: then look again.
  func follow(_ request: Digest) async throws -> RawReply? {
    try await flying.wait(under: request) { $0.contains(request) ? nil : .some(nil) }
  }

  /// Ends the flight; nil when it failed.
  func land(_ request: Digest, _ reply: RawReply?) {
    flying.change { flying, waiting in
      flying.remove(request)
      waiting.releaseAll(under: request, with: reply)
    }
  }
}
