internal import OrderedCollections

/// The chat act in the format of Gemini's `generateContent`.
struct GeminiContents: ChatFormat {
  var api: ModelSpec.API { .gemini }
  var addedPaths: [String] { [":generateContent"] }
  func keyHeader(_ key: String) -> (name: String, value: String) { Self.key(key) }
  static func key(_ key: String) -> (name: String, value: String) { ("x-goog-api-key", key) }
  var temperatures: ClosedRange<Double> { 0...2 }
  func path(of act: ChatRequest) -> String { "models" }
  func path(of act: ChatRequest, to model: ModelSpec) -> String { "models/\(model.name):generateContent" }

  func support(_ ability: ChatAbility) -> ChatSupport {
    switch ability {
    case .temperature: .there("0 to 2")
    case .schema: .there("`responseJsonSchema`")
    case .logprobs: .there("`responseLogprobs`, models that have them")
    case .reasoningEffort: .there("`thinkingConfig.thinkingLevel`")
    case .thinkingBudget: .there("`thinkingConfig.thinkingBudget`")
    case .prefill: .lacking("let the prompt say how the answer begins")
    default: .there()
    }
  }

  func body(_ act: ChatRequest, prompt: JSON, to model: ModelSpec) -> JSON.Object {
    let (system, turns) = Turn.list(prompt)
    var body: JSON.Object = [:]
    if !system.isEmpty { body["systemInstruction"] = ["parts": [["text": .string(system)]]] }
    body["contents"] = .array(Self.contents(turns))
    let config = Self.config(act, model)
    if !config.isEmpty { body["generationConfig"] = .object(config) }
    if !act.tools.isEmpty {
      body["tools"] = [
        [
          "functionDeclarations": .array(
            act.tools.map {
              [
                "name": .string($0.name), "description": .string($0.description),
                "parametersJsonSchema": $0.parameters,
              ]
            })
        ]
      ]
    }
    return body
  }

  private static func config(_ act: ChatRequest, _ model: ModelSpec) -> JSON.Object {
    var config: JSON.Object = [:]
    if let temperature = act.sampling.temperature { config["temperature"] = .double(temperature) }
    if let topP = act.sampling.topP { config["topP"] = .double(topP) }
    if let most = act.sampling.maxTokens {
      config["maxOutputTokens"] = .int(Int64(most.adding(bounded: max(0, model.thinkingBudget ?? 0))))
    }
    if let stop = act.sampling.stop, !stop.isEmpty {
      config["stopSequences"] = .array(stop.map { .string($0) })
    }
    if let seed = act.sampling.seed { config["seed"] = .int(Int64(seed &+ act.draw)) }
    if let schema = act.schema {
      config["responseMimeType"] = "application/json"
      config["responseJsonSchema"] = schema
    }
    if let top = act.topLogprobs {
      config["responseLogprobs"] = true
      config["logprobs"] = .int(Int64(min(20, max(0, top))))
    }
    var thinking: JSON.Object = [:]
    if let effort = model.reasoningEffort { thinking["thinkingLevel"] = .string(effort) }
    if let budget = model.thinkingBudget { thinking["thinkingBudget"] = .int(Int64(budget)) }
    if !thinking.isEmpty {
      if model.thinkingBudget != 0 { thinking["includeThoughts"] = true }
      config["thinkingConfig"] = .object(thinking)
    }
    return config
  }

  /// Results of tools are parts of a user's turn, those of one turn together.
  private static func contents(_ turns: [Turn]) -> [JSON] {
    var contents: [(role: String, parts: [JSON])] = []
    let names = Dictionary(turns.flatMap(\.calls).map { ($0.id, $0.name) }) { first, _ in first }
    for turn in turns {
      switch turn.role {
      case .tool:
        var response: JSON.Object = [
          "name": .string(names[turn.callID] ?? turn.name), "response": ["result": .string(turn.text)],
        ]
        if !turn.callID.hasPrefix(made) { response["id"] = .string(turn.callID) }
        let part: JSON = ["functionResponse": .object(response)]
        if let last = contents.last, last.parts.first?["functionResponse"] != nil {
          contents[contents.count - 1].parts.append(part)
        } else {
          contents.append(("user", [part]))
        }
      case .assistant: contents.append(("model", turn.kept[kept]?.array ?? parts(turn)))
      case .user, .system: contents.append(("user", turn.parts.map(part)))
      }
    }
    return contents.map { ["role": .string($0.role), "parts": .array($0.parts)] }
  }

  private static func parts(_ turn: Turn) -> [JSON] {
    turn.parts.map(part)
      + turn.calls.map { call in
        var fields: JSON.Object = ["name": .string(call.name), "args": Turn.arguments(call.arguments)]
        if !call.id.hasPrefix(made) { fields["id"] = .string(call.id) }
        return ["functionCall": .object(fields)]
      }
  }

  private static func part(_ part: JSON) -> JSON {
    part["type"] == "text" ? ["text": part["text"] ?? ""] : part
  }

  /// The name by which a turn keeps its parts, with the signatures of its thoughts.
  private static let kept = "parts"
  /// How the identifiers begin that we give to calls without one.
  private static let made = "call_"

  func answer(_ act: ChatRequest, in reply: ReplyBody, isNew: Bool) throws -> ChatReply {
    var answer = try Self.reply(reply.json)
    if isNew { try ReplyEnd.refuseBroken(answer.finishReason) }
    guard !act.tools.isEmpty else { return answer }
    let parts = Self.parts(of: reply.json)
    answer.toolCalls = parts.compactMap { $0["functionCall"] }.enumerated().map { place, call in
      AskedTool(
        id: call["id"]?.string ?? "\(Self.made)\(place)", name: call["name"]?.string ?? "",
        arguments: (call["args"] ?? [:]).text)
    }
    answer.turn = Turn.message(answer, keeping: Self.kept, .array(parts))
    return answer
  }

  private static func parts(of json: JSON) -> [JSON] {
    json["candidates"]?.array?.first?["content"]?["parts"]?.array ?? []
  }

  private static func reply(_ json: JSON) throws -> ChatReply {
    let candidate = json["candidates"]?.array?.first
    // A prompt that was blocked has no candidate.
    if candidate == nil, let reason = json["promptFeedback"]?["blockReason"]?.string {
      return ChatReply(text: "", finishReason: reason)
    }
    guard let candidate else {
      throw ModelError(.malformed, "expected candidates[0], found: \(json.text.prefix(200))")
    }
    let parts = parts(of: json)
    func texts(_ isThought: Bool) -> [String] {
      parts.filter { ($0["thought"] == true) == isThought }.compactMap { $0["text"]?.string }
    }
    return ChatReply(
      text: texts(false).joined(), reasoning: texts(true).isEmpty ? nil : texts(true).joined(separator: "\n"),
      finishReason: candidate["finishReason"]?.string ?? "", logprobs: logprobs(candidate))
  }

  /// Of every token, or none: a list with gaps says nothing about the text.
  private static func logprobs(_ candidate: JSON) -> [TokenLogprob] {
    let result = candidate["logprobsResult"]
    let chosen = result?["chosenCandidates"]?.array ?? []
    let tops = result?["topCandidates"]?.array ?? []
    let tokens = chosen.enumerated().compactMap { place, token -> TokenLogprob? in
      guard let text = token["token"]?.string, let logprob = TokenLogprob.read(token["logProbability"]) else {
        return nil
      }
      let top = tops.indices.contains(place) ? tops[place]["candidates"]?.array ?? [] : []
      return TokenLogprob(
        text, logprob,
        top: top.compactMap {
          guard let text = $0["token"]?.string, let logprob = TokenLogprob.read($0["logProbability"]) else {
            return nil
          }
          return TokenLogprob.Alternative(text, logprob)
        })
    }
    return tokens.count == chosen.count ? tokens : []
  }

  func usage(in reply: JSON) -> Usage? { Self.usage(reply) }

  static func usage(_ reply: JSON) -> Usage? {
    guard let usage = reply["usageMetadata"], usage.object != nil else { return nil }
    func count(_ name: String) -> Int {
      usage[name]?.number.flatMap { (0...Double(Usage.most)).contains($0) ? Int(bounded: $0) : nil } ?? 0
    }
    return Usage(
      promptTokens: count("promptTokenCount").adding(bounded: count("toolUsePromptTokenCount")),
      completionTokens: count("candidatesTokenCount").adding(bounded: count("thoughtsTokenCount")),
      cachedTokens: count("cachedContentTokenCount"))
  }

  func imagePart(_ image: ImageReference, base64: String) -> JSON? {
    ["inlineData": ["mimeType": .string(image.type.rawValue), "data": .string(base64)]]
  }

  func accepts(_ stored: StoredReply) throws -> Bool {
    guard stored.reply.json["candidates"] != nil || stored.reply.json["promptFeedback"] != nil else {
      return false
    }
    _ = try Self.reply(stored.reply.json)
    return true
  }

  func texts(in reply: JSON) -> [(reasoning: String, text: String)]? {
    guard reply["candidates"]?.array != nil, let answer = try? Self.reply(reply) else { return nil }
    return [(answer.reasoning ?? "", answer.text)]
  }
}

/// The embedding act in the format of Gemini's `batchEmbedContents`.
struct GeminiEmbeddings: ActFormat {
  func understands(_ model: ModelSpec) -> Bool { model.kind == .embedding && model.api == .gemini }
  var addedPaths: [String] { [":batchEmbedContents", ":embedContent"] }
  func keyHeader(_ key: String) -> (name: String, value: String) { GeminiContents.key(key) }
  func path(of act: EmbeddingRequest) -> String { "models" }
  func path(of act: EmbeddingRequest, to model: ModelSpec) -> String {
    "models/\(model.name):batchEmbedContents"
  }

  func body(_ act: EmbeddingRequest, prompt: JSON, to model: ModelSpec) -> JSON.Object {
    [
      "requests": .array(
        act.texts.map {
          ["model": .string("models/\(model.name)"), "content": ["parts": [["text": .string($0)]]]]
        })
    ]
  }

  func answer(_ act: EmbeddingRequest, in reply: ReplyBody, isNew: Bool) throws -> [[JSON]] {
    // What was remembered of single texts has the form that all vectors are kept in.
    guard let list = reply.json["embeddings"]?.array else {
      return try OpenAIEmbeddings.vectors(in: reply, count: act.texts.count, isNew: isNew)
    }
    let data = JSON.array(list.map { ["embedding": $0["values"] ?? []] })
    return try OpenAIEmbeddings.vectors(
      in: ReplyBody(text: reply.text, json: ["data": data]), count: act.texts.count, isNew: isNew)
  }

  func usage(in reply: JSON) -> Usage? { GeminiContents.usage(reply) }
}
