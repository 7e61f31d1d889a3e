/// Writes text after a conversation. Errors: ``ModelError``.
package protocol ChatModel: Sendable {
  func reply(to request: ChatRequest) async throws -> ChatReply
  /// A reply that `check` accepts. One that it throws at is no reply: it is not remembered, so that it is asked for
  /// again. Errors: also those of `check`.
  func reply(
    to request: ChatRequest, accepting check: @escaping @Sendable (ChatReply) throws -> Void
  ) async throws -> ChatReply
}

extension ChatModel {
  package func reply(
    to request: ChatRequest, accepting check: @escaping @Sendable (ChatReply) throws -> Void
  ) async throws -> ChatReply {
    let reply = try await reply(to: request)
    try check(reply)
    return reply
  }
}

/// Turns texts into vectors, one for each text, in order; all of one length.
package protocol EmbeddingModel: Sendable {
  func embed(_ texts: [String]) async throws -> [[Float]]
}

/// Judges an answer in its conversation. Scores are logits: above 0 means more good than bad.
package protocol RewardModel: Sendable {
  /// `conversation` ends with the assistant's turn that is scored.
  func score(_ conversation: [ChatMessage]) async throws -> RewardScore
}

/// Says how likely a model finds a text that exists already. Errors: ``ModelError``.
package protocol LogprobModel: Sendable {
  /// The completion's tokens, as the model's own tokeniser cuts it, each with its log-probability after `messages` and
  /// the tokens before it. The token that would end the turn is not among them.
  func logprobs(of completion: String, after messages: [ChatMessage]) async throws -> [TokenLogprob]
}

/// Says how many tokens a model's own tokeniser makes of a text. Errors: ``ModelError``.
package protocol TokenModel: Sendable {
  /// Without marks that begin or end a text.
  func count(_ text: String) async throws -> Int
}

package struct ChatMessage: Codable, Hashable, Sendable {
  package enum Role: String, Codable, Hashable, Sendable, CaseIterable { case system, user, assistant }
  package var role: Role
  package var content: String

  package init(_ role: Role, _ content: String) {
    self.role = role
    self.content = content
  }
  package static func system(_ content: String) -> ChatMessage { .init(.system, content) }
  package static func user(_ content: String) -> ChatMessage { .init(.user, content) }
  package static func assistant(_ content: String) -> ChatMessage { .init(.assistant, content) }
}

/// A chat completion request: everything that can change the answer, and nothing else.
package struct ChatRequest: Hashable, Sendable {
  package var messages: [ChatMessage]
  package var sampling: Sampling
  /// A JSON Schema that the reply must satisfy; sent as `response_format: json_schema`, strict.
  package var schema: JSON?
  /// How many of the likeliest tokens to report at each position (0…20); nil asks for no log-probabilities.
  package var topLogprobs: Int?
  /// Which of several samples this is; sent as `seed + draw`. A repair or a re-ask is a fresh draw.
  package var draw: Int

  package init(
    _ messages: [ChatMessage], sampling: Sampling = .init(), schema: JSON? = nil, topLogprobs: Int? = nil,
    draw: Int = 0
  ) {
    self.messages = messages
    self.sampling = sampling
    self.schema = schema
    self.topLogprobs = topLogprobs
    self.draw = draw
  }
}

/// Sampling parameters, as a pipeline file writes them; what is nil is left to the endpoint.
package struct Sampling: Codable, Hashable, Sendable {
  package var temperature: Double?
  package var topP: Double?
  package var seed: Int?
  /// Most tokens of the reply.
  package var maxTokens: Int?
  package var stop: [String]?

  package init(
    temperature: Double? = nil, topP: Double? = nil, seed: Int? = nil, maxTokens: Int? = nil,
    stop: [String]? = nil
  ) {
    self.temperature = temperature
    self.topP = topP
    self.seed = seed
    self.maxTokens = maxTokens
    self.stop = stop
  }
}

package struct ChatReply: Hashable, Sendable {
  package var text: String
  /// `reasoning_content`, where the endpoint separates it.
  package var reasoning: String?
  /// `stop`, `length`, `content_filter`…, as the endpoint says; empty when it does not; ``refusal`` when the message
  /// is a refusal in place of content. ``ReplyEnd`` says what it means.
  package var finishReason: String
  /// One for each token of the reply; empty when none were asked for or given.
  package var logprobs: [TokenLogprob]
  package var usage: Usage
  /// The call's identifier in the store, for provenance columns; empty in tests.
  package var call: String

  package init(
    text: String, reasoning: String? = nil, finishReason: String = "stop", logprobs: [TokenLogprob] = [],
    usage: Usage = .init(), call: String = ""
  ) {
    self.text = text
    self.reasoning = reasoning
    self.finishReason = finishReason
    self.logprobs = logprobs
    self.usage = usage
    self.call = call
  }

  package static let refusal = "refusal"

  package var end: ReplyEnd { ReplyEnd(finishReason) }

  /// Why the text is not the answer that was asked for, a short phrase to count drops by; nil when it is.
  package var flaw: String? { end.flaw }
}

package struct TokenLogprob: Hashable, Sendable {
  package struct Alternative: Hashable, Sendable {
    package var token: String
    package var logprob: Double
    package init(_ token: String, _ logprob: Double) {
      self.token = token
      self.logprob = logprob
    }
  }
  package var token: String
  /// Natural logarithm of the token's probability, at most 0.
  package var logprob: Double
  package var top: [Alternative]

  package init(_ token: String, _ logprob: Double, top: [Alternative] = []) {
    self.token = token
    self.logprob = logprob
    self.top = top
  }
}

/// Tokens as the endpoint counted them; 0 where it did not say.
package struct Usage: Codable, Hashable, Sendable {
  package var promptTokens = 0
  package var completionTokens = 0
  /// Of the prompt's tokens, those the endpoint read from its own cache.
  package var cachedTokens = 0
  /// No call takes more tokens than this.
  package static let most = 1_000_000_000

  package init(promptTokens: Int = 0, completionTokens: Int = 0, cachedTokens: Int = 0) {
    self.promptTokens = promptTokens
    self.completionTokens = completionTokens
    self.cachedTokens = cachedTokens
  }
}

package struct RewardScore: Codable, Hashable, Sendable {
  /// Above 0 means more good than bad.
  package var logit: Double
  /// The logistic function of the logit, or the probability the endpoint gave.
  package var probability: Double
  /// Where the logit comes from: `raw`, `sigmoid-undone` or `logprob-odds`.
  package var scale: String
  package init(logit: Double, probability: Double, scale: String) {
    self.logit = logit
    self.probability = probability
    self.scale = scale
  }
}

/// Why a model gave no answer. What stops a run is none: ``Halt``.
package struct ModelError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Kind: String, Hashable, Sendable, Codable {
    /// No connection came about: nothing was sent.
    case unreachable
    /// The connection broke off.
    case connection
    /// No answer in time.
    case timeout
    /// 429, or 503 with `Retry-After`.
    case rateLimited
    /// 5xx, 408, 409: may pass.
    case server
    /// 401, 402, or a used-up quota in whichever status: the key is wrong or the account has nothing left, whatever is
    /// asked.
    case denied
    /// 403, 404: the key may not use the model, or address or name are wrong; once the model has answered, it is the
    /// request.
    case forbidden
    /// The endpoint's content filter stopped the request.
    case filtered
    /// Other 4xx: the same request will be refused again.
    case refused
    /// A reply that is not what the protocol promises (HTML, truncated JSON, no choices).
    case malformed
    /// The endpoint cannot do what was asked (no logprobs, no embeddings).
    case unsupported
  }
  package var kind: Kind
  /// The HTTP status, where there was one.
  package var status: Int?
  /// The server's own words, bounded, or what was expected and found.
  package var message: String
  /// Seconds the server asked to wait.
  package var retryAfter: Double?
  /// Tokens that the failed call was charged for, where the endpoint reported them.
  package var usage: Usage?
  /// False for what an earlier run was refused and this one did not ask again.
  package var wasSent = true

  package init(
    _ kind: Kind, status: Int? = nil, _ message: String, retryAfter: Double? = nil, usage: Usage? = nil
  ) {
    self.kind = kind
    self.status = status
    self.message = message
    self.retryAfter = retryAfter
    self.usage = usage
  }

  /// Whether the same request would be refused again, whenever it is sent: what was asked is wrong, and neither key,
  /// account, address nor load.
  package var isForGood: Bool {
    switch kind {
    case .filtered: true
    case .refused: status.map { [400, 406, 411, 413, 414, 415, 416, 422, 431, 451].contains($0) } ?? false
    default: false
    }
  }

  package var description: String {
    "\(kind.rawValue)\(status.map { " (HTTP \($0))" } ?? ""): \(message)"
  }
}
