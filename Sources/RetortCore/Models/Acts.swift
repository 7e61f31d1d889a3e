internal import OrderedCollections

extension ChatRequest: Act {
  package typealias Answer = ChatReply
  package static let name = "chat"
  package static let promptName = "messages"

  /// Tokens set aside for a reply that names no bound.
  private static let usualReply = 1024

  package var prompt: JSON { messages.json }

  package var settings: JSON.Object {
    var settings: JSON.Object = ["sampling": .object(options)]
    if let seed = sampling.seed { settings["seed"] = .int(Int64(seed)) }
    settings["draw"] = .int(Int64(draw))
    return settings
  }

  /// What was set of sampling, schema and log-probabilities, in the words that identities have for it.
  package var options: JSON.Object {
    var options: JSON.Object = [:]
    if let temperature = sampling.temperature { options["temperature"] = .double(temperature) }
    if let topP = sampling.topP { options["top_p"] = .double(topP) }
    if let maxTokens = sampling.maxTokens { options["max_tokens"] = .int(Int64(maxTokens)) }
    if let stop = sampling.stop, !stop.isEmpty { options["stop"] = .array(stop.map { .string($0) }) }
    if let schema {
      options["response_format"] = [
        "type": "json_schema",
        "json_schema": ["name": "reply", "strict": true, "schema": schema],
      ]
    }
    if let top = topLogprobs {
      options["logprobs"] = true
      options["top_logprobs"] = .int(Int64(min(20, max(0, top))))
    }
    return options
  }

  package var estimate: Usage {
    Usage(promptTokens: messages.estimate, completionTokens: sampling.maxTokens ?? Self.usualReply)
  }

  package static func noted(_ answer: ChatReply, _ reply: RawReply) -> ChatReply {
    var answer = answer
    answer.usage = reply.usage
    answer.call = reply.call == 0 ? "" : String(reply.call)
    return answer
  }
}

/// Texts to be turned into vectors.
package struct EmbeddingRequest: Act {
  /// A vector for each text, in numbers as the server wrote them.
  package typealias Answer = [[JSON]]
  package static let name = "embedding"
  package static let promptName = "input"
  package let texts: [String]

  package init(_ texts: [String]) { self.texts = texts }

  package var prompt: JSON { .array(texts.map { .string($0) }) }
  package var estimate: Usage { Usage(promptTokens: texts.reduce(0) { $0 + TokenEstimate.bytes($1) }) }
}

/// A conversation whose last turn, the assistant's, is to be scored.
package struct RewardRequest: Act {
  package typealias Answer = RewardScore
  package static let name = "reward"
  package static let promptName = "messages"
  package let conversation: [ChatMessage]
  let last: ChatMessage

  /// Errors: ``ModelError`` of kind `unsupported` when the last turn is another's.
  package init(_ conversation: [ChatMessage]) throws {
    guard let last = conversation.last, last.role == .assistant else {
      throw ModelError(.unsupported, "expected a conversation that ends with the assistant's turn")
    }
    self.conversation = conversation
    self.last = last
  }

  package var prompt: JSON { conversation.json }
  package var estimate: Usage { Usage(promptTokens: conversation.estimate) }
}

/// A text whose tokens are to be counted.
package struct TokenCountRequest: Act {
  package typealias Answer = Int
  package static let name = "tokenize"
  package static let promptName = "text"
  package let text: String

  package init(_ text: String) { self.text = text }

  package var prompt: JSON { .string(text) }
  package var estimate: Usage { Usage() }
}

/// One of the questions that it takes to score a text: it is asked, and remembered, in the server's own words.
package struct ServerQuestion<Answer: Sendable>: Act {
  package static var name: String { "logprobs" }
  package static var promptName: String { "fields" }
  package let path: String
  package let fields: JSON.Object
  package let estimate: Usage
  /// What of a reply is wanted; it also says which replies are worth remembering. Errors: ``ModelError``.
  package let read: @Sendable (JSON) throws -> Answer

  package init(
    _ path: String, _ fields: JSON.Object, estimate: Usage = Usage(),
    read: @escaping @Sendable (JSON) throws -> Answer
  ) {
    self.path = path
    self.fields = fields
    self.estimate = estimate
    self.read = read
  }

  package var prompt: JSON { .object(fields) }
  package var settings: JSON.Object { ["path": .string(path)] }
}

extension Sequence<ChatMessage> {
  package var json: JSON {
    .array(map { ["role": .string($0.role.rawValue), "content": .string($0.content)] })
  }

  /// Estimated tokens: four around each message, as chat templates have it.
  var estimate: Int { reduce(0) { $0 + 4 + TokenEstimate.bytes($1.content) } }
}
