/// Commits each reply before it goes further out. It sits inside the limits, so that a call keeps its slot until its
/// reply is durable: a kill re-pays at most what was in flight. A failed try that cost something is committed too, even
/// if a later try succeeds: the budget counts it.
struct RecordingCaller: Caller {
  private let inner: any Caller
  private let memory: any ReplyMemory

  init(_ inner: any Caller, memory: any ReplyMemory) {
    self.inner = inner
    self.memory = memory
  }

  func answer(_ request: ModelRequest) async throws -> RawReply {
    var reply: RawReply
    do { reply = try await inner.answer(request) } catch {
      if let failed = FailedCall(error), failed.usage != nil { try await memory.failed(request, failed) }
      throw error
    }
    reply.call = try await memory.remember(request, reply)
    return reply
  }
}
