/// Answers requests: the endpoint itself, or a policy around one that does.
///
/// A raw reply must be committed before anyone parses it. So a caller knows nothing of chats or vectors, and the acts sit
/// on top of the stack. Errors: ``ModelError``, ``Halt``, or `CancellationError`.
package protocol Caller: Sendable {
  func answer(_ request: ModelRequest) async throws -> RawReply
}

/// Where replies are kept: the store, or a dictionary in a test.
package protocol ReplyMemory: Sendable {
  /// The remembered reply, with its call number; nil when there is none.
  func recall(_ request: Digest) async throws -> RawReply?
  /// Several at once, in the order they were asked for.
  func recall(_ requests: [Digest]) async throws -> [RawReply?]
  /// Returns once the reply is durable; the answer is the call's number.
  func remember(_ request: ModelRequest, _ reply: RawReply) async throws -> Int64
  /// A call that came to nothing, for the table of calls. `failure.usage` is what it cost all the same.
  func failed(_ request: ModelRequest, _ failure: FailedCall) async throws
}

extension ReplyMemory {
  package func recall(_ requests: [Digest]) async throws -> [RawReply?] {
    var replies: [RawReply?] = []
    for request in requests { replies.append(try await recall(request)) }
    return replies
  }
}
