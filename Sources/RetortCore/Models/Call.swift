/// One request to an endpoint, as the wrappers see it: limits, retries, memory and budget are the same for every act.
///
/// A raw reply must be committed before anyone parses it. So what is wrapped is a ``Caller``, which knows nothing of
/// chats or vectors, and the three acts (chat, embedding, reward) sit on top of the stack: they write the body and
/// read the committed reply.
package struct Call: Sendable {
  package let model: ModelSpec
  package let origin: CallOrigin
  /// Appended to the endpoint's address; with a leading `/` it counts from the server's root, before any `/v1`.
  package let path: String
  /// The body as it is sent.
  package let body: JSON
  /// Everything that can change the answer and nothing else: act, model identity, messages, sampling, schema, draw.
  package let identity: JSON
  /// What the reply is remembered under: the identity and how often the step's stage asked for fresh answers.
  package let request: Digest
  /// Refuses an answer that nobody could use. It is asked before the reply is remembered, so that such an answer is
  /// asked for again instead of being recalled for ever. Errors: ``ModelError``.
  package let check: @Sendable (JSON) throws -> Void
  /// Bytes of the text in a reply; what it has cost to write cannot be far from that.
  package let textBytes: @Sendable (JSON) -> Int
  /// Estimated tokens, for limits and for what a budget sets aside before the endpoint has counted.
  package let promptEstimate: Int
  package let completionEstimate: Int
  /// Which try this is, from 1; set by ``RetryingCaller``.
  package var attempt = 1

  package init(
    model: ModelSpec, origin: CallOrigin, path: String, body: JSON, identity: JSON, promptEstimate: Int = 0,
    completionEstimate: Int = 0, check: @escaping @Sendable (JSON) throws -> Void = { _ in },
    textBytes: @escaping @Sendable (JSON) -> Int = { _ in 0 }
  ) {
    self.model = model
    self.origin = origin
    self.path = path
    self.body = body
    self.identity = identity
    self.check = check
    self.textBytes = textBytes
    self.promptEstimate = min(max(0, promptEstimate), Usage.most)
    self.completionEstimate = min(max(0, completionEstimate), Usage.most)
    request = Digest(of: ["identity": identity, "take": .int(Int64(origin.take))])
  }

  var estimate: Usage { Usage(promptTokens: promptEstimate, completionTokens: completionEstimate) }

  /// About four bytes to a token, rounded up; the endpoint's own count replaces it once there is one.
  package static func estimateTokens(_ text: String) -> Int { (text.utf8.count + 3) / 4 }
}

/// An answer before anyone has parsed it.
package struct RawReply: Hashable, Sendable {
  package var status: Int
  package var body: String
  /// As the endpoint counted.
  package var usage: Usage
  /// What is booked instead where the endpoint counted far too few tokens for the text.
  package var booked: Usage?
  /// How long the endpoint took for the try that succeeded.
  package var seconds: Double
  /// How many tries it took, at least 1.
  package var attempts: Int
  /// The call's number in the store; 0 if it has none.
  package var call: Int64
  /// Whether the reply came from memory, so that nothing was paid for it.
  package var remembered: Bool

  package init(
    status: Int = 200, body: String, usage: Usage = .init(), booked: Usage? = nil, seconds: Double = 0,
    attempts: Int = 1,
    call: Int64 = 0, remembered: Bool = false
  ) {
    self.status = status
    self.body = body
    self.usage = usage
    self.booked = booked
    self.seconds = seconds
    self.attempts = attempts
    self.call = call
    self.remembered = remembered
  }
}

/// Answers calls. Errors: ``ModelError``, ``Halt``, or `CancellationError`.
package protocol Caller: Sendable {
  func answer(_ call: Call) async throws -> RawReply
}

/// Where replies are kept: the store, or a dictionary in a test.
package protocol ReplyMemory: Sendable {
  /// The remembered reply, with its call number; nil when there is none.
  func recall(_ request: Digest) async throws -> RawReply?
  /// Several at once, in the order they were asked for.
  func recall(_ requests: [Digest]) async throws -> [RawReply?]
  /// Returns once the reply is durable; the answer is the call's number.
  func remember(_ call: Call, _ reply: RawReply) async throws -> Int64
  /// A call that came to nothing, for the table of calls. `failure.usage` is what it cost all the same.
  func failed(_ call: Call, _ failure: FailedCall) async throws
}

extension ReplyMemory {
  package func recall(_ requests: [Digest]) async throws -> [RawReply?] {
    var replies: [RawReply?] = []
    for request in requests { replies.append(try await recall(request)) }
    return replies
  }
}
