internal import OrderedCollections

/// The chat act in the format of OpenAI's `/chat/completions`. Its words for sampling are those of identities.
struct ChatCompletions: ChatFormat {
  init() {}

  var api: ModelSpec.API { .openai }
  var addedPaths: [String] { ["/chat/completions", "/completions"] }
  var promptField: String? { "messages" }
  func path(of act: ChatRequest) -> String { "chat/completions" }

  func body(_ act: ChatRequest, prompt: JSON, to model: ModelSpec) -> JSON.Object {
    var body: JSON.Object = ["model": .string(model.name), "messages": prompt]
    body.merge(act.options) { $1 }
    // llama.cpp takes 0 for none at all; the one alternative that others then add is not looked at.
    if act.topLogprobs == 0 { body["top_logprobs"] = 1 }
    if let seed = act.sampling.seed { body["seed"] = .int(Int64(seed &+ act.draw)) }
    if let effort = model.reasoningEffort { body["reasoning_effort"] = .string(effort) }
    return body
  }

  func support(_ ability: ChatAbility) -> ChatSupport {
    switch ability {
    case .temperature: .there("0 to 2")
    case .thinkingBudget: .lacking("say `reasoning_effort`, or what your server takes under `extra_body`")
    case .prefill: .there("where the server goes on with a last turn of the assistant")
    case .schema: .there("`response_format`, strict")
    case .logprobs: .there("where the server has them; reasoning models have none")
    default: .there()
    }
  }

  func answer(_ act: ChatRequest, in reply: ReplyBody, isNew: Bool) throws -> ChatReply {
    if isNew { try Self.check(reply.json) }
    var answer = try Self.reply(reply.json)
    if !act.tools.isEmpty { try ToolCallsOnWire.add(to: &answer, from: Self.choice(reply.json).message) }
    return answer
  }

  func imagePart(_ image: ImageReference, base64: String) -> JSON? {
    ["type": "image_url", "image_url": ["url": .string("data:\(image.type.rawValue);base64,\(base64)")]]
  }

  func accepts(_ stored: StoredReply) throws -> Bool {
    guard stored.reply.json["choices"] != nil else { return false }
    try Self.check(stored.reply.json)
    if Judge.asked(stored.parameters, stored.prompt) { _ = try Judge.score(Self.reply(stored.reply.json)) }
    return true
  }

  func texts(in reply: JSON) -> [(reasoning: String, text: String)]? {
    reply["choices"]?.array?.compactMap { choice in
      let message = choice["message"]
      let reasoning = message?["reasoning_content"]?.string ?? message?["reasoning"]?.string ?? ""
      let text = message?["content"]?.string ?? choice["text"]?.string
      return text == nil && reasoning.isEmpty ? nil : (reasoning, text ?? "")
    }
  }

  /// Refuses what nobody could use: no message, an error beside it, a text that the server broke off.
  /// Errors: ``ModelError`` of kind `malformed` or `server`.
  private static func check(_ json: JSON) throws {
    let (choice, message) = try choice(json)
    if let error = fault(json, choice, message) {
      throw ModelError(.server, "expected a whole reply, found an error beside it: \(error.prefix(200))")
    }
    try ReplyEnd.refuseBroken(finishReason(choice))
  }

  /// Errors: ``ModelError`` of kind `malformed` when there is no choice or it has no message.
  private static func reply(_ json: JSON) throws -> ChatReply {
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
      logprobs: logprobs(choice["logprobs"]?["content"]?.array ?? []))
  }

  /// The first choice, by `index` where there are several, and its message.
  static func choice(_ json: JSON) throws -> (choice: JSON, message: JSON) {
    let choices = json["choices"]?.array ?? []
    guard let choice = choices.first(where: { $0["index"]?.number == 0 }) ?? choices.first,
      let message = choice["message"], message.object != nil
    else { throw ModelError(.malformed, "expected choices[0].message, found: \(json.text.prefix(200))") }
    return (choice, message)
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
