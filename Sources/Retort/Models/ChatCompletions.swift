internal import OrderedCollections

/// The chat act in the wire format of OpenAI's `/chat/completions`.
package struct ChatCompletions: ChatModel {
  private let model: ModelSpec
  private let caller: any Caller

  /// Tokens set aside for a reply that names no bound.
  private static let usualReply = 1024

  package init(_ model: ModelSpec, through caller: any Caller) {
    self.model = model
    self.caller = caller
  }

  package func reply(to request: ChatRequest) async throws -> ChatReply {
    let raw = try await caller.answer(call(request))
    return try Self.reply(raw)
  }

  func call(_ request: ChatRequest) -> Call {
    let messages = JSON.array(
      request.messages.map { ["role": .string($0.role.rawValue), "content": .string($0.content)] })
    let sampling = request.sampling
    var settings: JSON.Object = [:]
    if let temperature = sampling.temperature { settings["temperature"] = .double(temperature) }
    if let topP = sampling.topP { settings["top_p"] = .double(topP) }
    if let maxTokens = sampling.maxTokens { settings["max_tokens"] = .int(Int64(maxTokens)) }
    if let stop = sampling.stop, !stop.isEmpty { settings["stop"] = .array(stop.map { .string($0) }) }
    if let schema = request.schema {
      settings["response_format"] = [
        "type": "json_schema",
        "json_schema": ["name": "reply", "strict": true, "schema": schema],
      ]
    }
    if let top = request.topLogprobs {
      settings["logprobs"] = true
      settings["top_logprobs"] = .int(Int64(min(20, max(0, top))))
    }

    var identity: JSON.Object = ["act": "chat", "model": model.identity, "messages": messages]
    identity["sampling"] = .object(settings)
    if let seed = sampling.seed { identity["seed"] = .int(Int64(seed)) }
    identity["draw"] = .int(Int64(request.draw))

    var body: JSON.Object = ["model": .string(model.name), "messages": messages]
    body.merge(settings) { $1 }
    if let seed = sampling.seed { body["seed"] = .int(Int64(seed &+ request.draw)) }
    body.merge(model.extraBody) { $1 }

    // Four tokens around each message, as chat templates have it.
    let prompt = request.messages.reduce(0) { $0 + 4 + Call.estimateTokens($1.content) }
    return Call(
      model: model, path: "chat/completions", body: .object(body), identity: .object(identity),
      promptEstimate: prompt, completionEstimate: sampling.maxTokens ?? Self.usualReply
    ) { _ = try Self.choice($0) }
  }

  /// Errors: ``ModelError`` of kind `malformed` when there is no choice or it has no message.
  static func reply(_ raw: RawReply) throws -> ChatReply {
    let json: JSON
    do { json = try JSON(parsing: raw.body) } catch {
      throw ModelError(.malformed, status: raw.status, "expected a JSON reply: \(error)")
    }
    let (choice, message) = try Self.choice(json)
    let text = text(message["content"]) ?? ""
    let refusal = message["refusal"]?.string ?? ""
    let refuses = text.isEmpty && !refusal.isEmpty
    return ChatReply(
      text: refuses ? refusal : text,
      reasoning: (message["reasoning_content"] ?? message["reasoning"])?.string,
      finishReason: refuses ? ChatReply.refusal : choice["finish_reason"]?.string ?? "",
      logprobs: (choice["logprobs"]?["content"]?.array ?? []).compactMap(TokenLogprob.init(json:)),
      usage: raw.usage, call: raw.call == 0 ? "" : String(raw.call))
  }

  /// The first choice and its message.
  private static func choice(_ json: JSON) throws -> (choice: JSON, message: JSON) {
    guard let choice = json["choices"]?.array?.first, let message = choice["message"], message.object != nil
    else { throw ModelError(.malformed, "expected choices[0].message, found: \(json.text.prefix(200))") }
    return (choice, message)
  }

  /// `content` is a string, or a list of parts of which those of type `text` count.
  private static func text(_ content: JSON?) -> String? {
    if let text = content?.string { return text }
    return content?.array.map { $0.compactMap { $0["text"]?.string }.joined() }
  }
}

extension TokenLogprob {
  fileprivate init?(json: JSON) {
    guard let token = json["token"]?.string, let logprob = json["logprob"]?.number else { return nil }
    self.init(
      token, logprob,
      top: (json["top_logprobs"]?.array ?? []).compactMap {
        guard let token = $0["token"]?.string, let logprob = $0["logprob"]?.number else { return nil }
        return Alternative(token, logprob)
      })
  }
}
