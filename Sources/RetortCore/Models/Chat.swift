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

package struct ChatMessage: Codable, Hashable, Sendable {
  package enum Role: String, Codable, Hashable, Sendable, CaseIterable { case system, user, assistant, tool }
  package var role: Role
  package var content: String
  /// The message as the wire has it, where it holds more than a role and a text: the calls of an assistant with what its
  /// provider wants back beside them, the result of a tool.
  package var wire: JSON?

  private enum CodingKeys: String, CodingKey { case role, content }

  package init(_ role: Role, _ content: String) {
    self.role = role
    self.content = content
  }

  /// The result of a call.
  package static func tool(_ content: String, of call: AskedTool) -> ChatMessage {
    var message = ChatMessage(.tool, content)
    message.wire = [
      "role": "tool", "tool_call_id": .string(call.id), "name": .string(call.name),
      "content": .string(content),
    ]
    return message
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
  /// What the model may call.
  package var tools: [ToolOffer] = []
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

extension ChatRequest {
  /// The request without some fields of its sampling: another request, as if they had never been set.
  func without(_ fields: Set<ModelSpec.SamplingField>) -> ChatRequest {
    var request = self
    for field in fields {
      switch field {
      case .temperature: request.sampling.temperature = nil
      case .topP: request.sampling.topP = nil
      case .seed: request.sampling.seed = nil
      case .stop: request.sampling.stop = nil
      }
    }
    return request
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
  /// What the model calls, where the wire has it apart from the text.
  package var toolCalls: [AskedTool] = []
  /// The reply as a turn of the conversation, to be sent back as it is.
  package var turn: ChatMessage?
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
