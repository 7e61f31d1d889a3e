internal import RetortCore
internal import Synchronization

/// Remembers no reply of a model, and adds up what they cost.
final class Purse: ReplyMemory {
  private let model: ModelSpec
  private let state = Mutex(CallTally())

  init(_ model: ModelSpec) { self.model = model }

  var spent: CallTally { state.withLock { $0 } }

  func recall(_ request: Digest) async throws -> RawReply? { nil }

  func remember(_ request: ModelRequest, _ reply: RawReply) async throws -> Int64 {
    add(reply.booked ?? reply.usage)
    return 0
  }

  func failed(_ request: ModelRequest, _ failure: FailedCall) async throws {
    if let usage = failure.usage { add(usage) }
  }

  private func add(_ usage: Usage) {
    state.withLock {
      $0.add(
        promptTokens: usage.promptTokens, completionTokens: usage.completionTokens,
        usd: model.price?.usd(usage) ?? 0)
    }
  }
}
