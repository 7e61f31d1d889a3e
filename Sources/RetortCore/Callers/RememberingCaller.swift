/// Answers from memory where it can; else lets one of several identical calls through and shares its reply.
///
/// Only success is shared: if the call that went ahead fails, one that waited goes next. Every call that a step used
/// is reported to its ``StepContext``.
struct RememberingCaller: Caller {
  private let inner: any Caller
  private let memory: any ReplyMemory
  private let flights: Flights<RawReply>

  init(_ inner: any Caller, memory: any ReplyMemory, flights: Flights<RawReply> = Flights<RawReply>()) {
    self.inner = inner
    self.memory = memory
    self.flights = flights
  }

  func answer(_ request: ModelRequest) async throws -> RawReply {
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
