internal import OrderedCollections

/// The chat act in the wire format of OpenAI's `/chat/completions`.
package struct ChatCompletions: ChatModel {
  private let model: ModelSpec
  private let origin: CallOrigin
  private let caller: any Caller

  /// Tokens set aside for a reply that names no bound.
  private static let usualReply = 1024

  package init(_ model: ModelSpec, for origin: CallOrigin = CallOrigin(), through caller: any Caller) {
    self.model = model
    self.origin = origin
    self.caller = caller
  }

  package func reply(to request: ChatRequest) async throws -> ChatReply {
    try await reply(to: request) { _ in }
  }

  package func reply(
    to request: ChatRequest, accepting check: @escaping @Sendable (ChatReply) throws -> Void
  ) async throws -> ChatReply {
    let reply = try Self.reply(try await caller.answer(call(request, accepting: check)))
    try check(reply)
    return reply
  }

  func call(
    _ request: ChatRequest, accepting check: @escaping @Sendable (ChatReply) throws -> Void = { _ in }
  ) -> Call {
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
      model: model, origin: origin, path: "chat/completions", body: .object(body),
      identity: .object(identity), promptEstimate: prompt,
      completionEstimate: sampling.maxTokens ?? Self.usualReply,
      check: { json in
        try Self.check(json)
        try check(try Self.reply(json, usage: Usage(), call: 0))
      }, textBytes: Self.textBytes)
  }

  /// Refuses what nobody could use: no message, an error beside it, a text that the server broke off.
  /// Errors: ``ModelError`` of kind `malformed` or `server`.
  static func check(_ json: JSON) throws {
    let (choice, message) = try choice(json)
    if let error = fault(json, choice, message) {
      throw ModelError(.server, "expected a whole reply, found an error beside it: \(error.prefix(200))")
    }
    let word = finishReason(choice)
    if ReplyEnd(word) == .broken {
      throw ModelError(
        .server, "expected a whole reply, found one that the server broke off (\(word.prefix(40)))")
    }
  }

  /// Errors: ``ModelError`` of kind `malformed` when there is no choice or it has no message.
  static func reply(_ raw: RawReply) throws -> ChatReply {
    let json: JSON
    do { json = try JSON(parsing: raw.body) } catch {
      throw ModelError(.malformed, status: raw.status, "expected a JSON reply: \(error)")
    }
    return try reply(json, usage: raw.usage, call: raw.call)
  }

  private static func reply(_ json: JSON, usage: Usage, call: Int64) throws -> ChatReply {
    let (choice, message) = try choice(json)
    let text = text(message["content"]) ?? choice["text"]?.string ?? ""
    let refusal = message["refusal"]?.string ?? ""
    let refuses = text.isEmpty && !refusal.isEmpty
    // Earlier versions remembered such replies: `error` is what their end is called.
    let end = fault(json, choice, message) == nil ? finishReason(choice) : "error"
    return ChatReply(
      text: refuses ? refusal : text,
      reasoning: (message["reasoning_content"] ?? message["reasoning"])?.string,
      finishReason: refuses ? ChatReply.refusal : end,
      logprobs: logprobs(choice["logprobs"]?["content"]?.array ?? []),
      usage: usage, call: call == 0 ? "" : String(call))
  }

  /// The first choice, by `index` where there are several, and its message.
  private static func choice(_ json: JSON) throws -> (choice: JSON, message: JSON) {
    let choices = json["choices"]?.array ?? []
    guard let choice = choices.first(where: { $0["index"]?.number == 0 }) ?? choices.first,
      let message = choice["message"], message.object != nil
    else { throw ModelError(.malformed, "expected choices[0].message, found: \(json.text.prefix(200))") }
    return (choice, message)
  }

  private static func textBytes(_ json: JSON) -> Int {
    guard let reply = try? reply(json, usage: Usage(), call: 0) else { return 0 }
    return reply.text.utf8.count + (reply.reasoning ?? "").utf8.count
  }

  /// Of every token, or none: a list with gaps says nothing about the text.
  private static func logprobs(_ list: [JSON]) -> [TokenLogprob] {
    let tokens = list.compactMap(TokenLogprob.init(json:))
    return tokens.count == list.count ? tokens : []
  }

  /// A word, or an object that holds one under `type`; empty where there is none.
  private static func finishReason(_ choice: JSON) -> String {
    guard let reason = choice["finish_reason"], !reason.isNull else { return "" }
    return reason.string ?? reason["type"]?.string ?? reason.text
  }

  /// The error that stands beside a reply, in the server's words; nil where the field is absent or empty.
  private static func fault(_ places: JSON...) -> String? {
    places.lazy.compactMap { $0["error"] }.first { !$0.isBlank }.map {
      $0["message"]?.string ?? $0.string ?? $0.text
    }
  }

  /// `content` is a string, a list of parts of which texts count, or a JSON value that stands for itself.
  private static func text(_ content: JSON?) -> String? {
    switch content {
    case nil, .null: nil
    case .string(let text): text
    case .array(let parts): parts.compactMap { $0["text"]?.string ?? $0.string }.joined()
    case let value?: value.text
    }
  }
}

extension JSON {
  /// Nothing, or nothing but fields that say nothing.
  var isBlank: Bool {
    switch self {
    case .null, .bool(false), .int(0): true
    case .string(let text): text.isEmpty
    case .array(let elements): elements.allSatisfy(\.isBlank)
    case .object(let fields): fields.values.allSatisfy(\.isBlank)
    default: false
    }
  }
}

extension TokenLogprob {
  /// A logarithm of a probability, with room for rounding; nil for anything else.
  static func read(_ json: JSON?) -> Double? {
    json?.number.flatMap { $0.isFinite && $0 <= 0.001 ? $0 : nil }
  }

  fileprivate init?(json: JSON) {
    guard let token = json["token"]?.string, let logprob = Self.read(json["logprob"]) else { return nil }
    self.init(
      token, logprob,
      // Alternatives of probability 0 come as null, or not as numbers.
      top: (json["top_logprobs"]?.array ?? []).compactMap {
        guard let token = $0["token"]?.string, let logprob = Self.read($0["logprob"]) else { return nil }
        return Alternative(token, logprob)
      })
  }
}
