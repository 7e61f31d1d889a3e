/// Refuses to send a call once the run is interrupted, or one made ``Together`` with it has failed. It sits around what
/// commits the reply: a call is in flight until then.
struct GatedCaller: Caller {
  let inner: any Caller
  let interruption: Interruption

  func answer(_ request: ModelRequest) async throws -> RawReply {
    try Together.check()
    return try await interruption.call { try await inner.answer(request) }
  }
}

/// Hands an interruption out only when no call is in flight any more: a step that asks for several replies at once
/// gives up all of them with the first that fails, and those in flight are paid for.
struct InterruptedCaller: Caller {
  let inner: any Caller
  let interruption: Interruption

  func answer(_ request: ModelRequest) async throws -> RawReply {
    do { return try await inner.answer(request) } catch let halt as Halt where halt.reason == .interrupted {
      try await interruption.quiet()
      throw halt
    }
  }
}
