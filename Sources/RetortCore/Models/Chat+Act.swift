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
    if !tools.isEmpty { options["tools"] = .array(tools.map(\.json)) }
    if let top = topLogprobs {
      options["logprobs"] = true
      options["top_logprobs"] = .int(Int64(min(20, max(0, top))))
    }
    return options
  }

  package var estimate: Usage { estimate(maxPixels: nil) }

  package func estimate(by model: ModelSpec) -> Usage { estimate(maxPixels: model.maxPixels) }

  private func estimate(maxPixels: Int?) -> Usage {
    Usage(
      promptTokens: messages.estimate(maxPixels: maxPixels)
        + tools.reduce(0) { $0 + TokenEstimate.bytes($1.json.text) },
      completionTokens: sampling.maxTokens ?? Self.usualReply)
  }

  package static func noted(_ answer: ChatReply, _ reply: RawReply) -> ChatReply {
    var answer = answer
    answer.usage = reply.usage
    answer.call = reply.call == 0 ? "" : String(reply.call)
    return answer
  }
}

extension Sequence<ChatMessage> {
  package var json: JSON {
    .array(map { $0.wire ?? ["role": .string($0.role.rawValue), "content": .string($0.content)] })
  }
}
