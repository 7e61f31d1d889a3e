internal import OrderedCollections

/// The chat act in the format of Anthropic's Messages (`/v1/messages`, version 2023-06-01).
struct AnthropicMessages: ChatFormat {
  /// Tokens of a reply that names no bound: this format wants one.
  static let usualReply = 8192

  var api: ModelSpec.API { .anthropic }
  var addedPaths: [String] { ["/messages"] }
  var headers: [String: String] { ["anthropic-version": "2023-06-01"] }
  var temperatures: ClosedRange<Double> { 0...1 }
  func keyHeader(_ key: String) -> (name: String, value: String) { ("x-api-key", key) }
  func path(of act: ChatRequest) -> String { "messages" }

  func support(_ ability: ChatAbility) -> ChatSupport {
    switch ability {
    case .temperature: .there("0 to 1")
    case .seed: .lacking("leave it out, or say `omit: [seed]` under the model")
    case .logprobs: .lacking("ask a model whose endpoint has them")
    case .schema: .there("`output_config.format`")
    case .thinkingBudget: .there("`thinking.budget_tokens`, beside the tokens of the reply")
    case .reasoningEffort: .there("`output_config.effort`")
    case .prefill: .there("older models")
    default: .there()
    }
  }

  func body(_ act: ChatRequest, prompt: JSON, to model: ModelSpec) -> JSON.Object {
    let (system, turns) = Turn.list(prompt)
    var body: JSON.Object = [
      "model": .string(model.name),
      "max_tokens": .int(
        Int64((act.sampling.maxTokens ?? Self.usualReply).adding(bounded: model.thinkingBudget ?? 0))),
    ]
    if !system.isEmpty { body["system"] = .string(system) }
    body["messages"] = .array(Self.messages(turns))
    if let temperature = act.sampling.temperature { body["temperature"] = .double(temperature) }
    if let topP = act.sampling.topP { body["top_p"] = .double(topP) }
    if let stop = act.sampling.stop, !stop.isEmpty {
      body["stop_sequences"] = .array(stop.map { .string($0) })
    }
    if let budget = model.thinkingBudget {
      body["thinking"] = ["type": "enabled", "budget_tokens": .int(Int64(budget))]
    }
    var output: JSON.Object = [:]
    if let effort = model.reasoningEffort { output["effort"] = .string(effort) }
    if let schema = act.schema { output["format"] = ["type": "json_schema", "schema": schema] }
    if !output.isEmpty { body["output_config"] = .object(output) }
    if !act.tools.isEmpty {
      body["tools"] = .array(
        act.tools.map {
          ["name": .string($0.name), "description": .string($0.description), "input_schema": $0.parameters]
        })
    }
    return body
  }

  /// Results of tools are blocks of a user's turn, those of one turn together.
  private static func messages(_ turns: [Turn]) -> [JSON] {
    var messages: [(role: String, blocks: [JSON])] = []
    for turn in turns {
      switch turn.role {
      case .tool:
        let block: JSON = [
          "type": "tool_result", "tool_use_id": .string(turn.callID), "content": .string(turn.text),
        ]
        if let last = messages.last, last.blocks.first?["type"] == "tool_result" {
          messages[messages.count - 1].blocks.append(block)
        } else {
          messages.append(("user", [block]))
        }
      case .assistant: messages.append(("assistant", turn.kept[kept]?.array ?? blocks(turn)))
      case .user, .system: messages.append(("user", turn.parts))
      }
    }
    return messages.map { message in
      let only = message.blocks.count == 1 ? message.blocks[0] : .null
      let isText = only["type"] == "text" && only.object?.count == 2
      return ["role": .string(message.role), "content": isText ? only["text"] ?? "" : .array(message.blocks)]
    }
  }

  private static func blocks(_ turn: Turn) -> [JSON] {
    turn.parts
      + turn.calls.map {
        [
          "type": "tool_use", "id": .string($0.id), "name": .string($0.name),
          "input": Turn.arguments($0.arguments),
        ]
      }
  }

  /// The name by which a turn keeps its blocks, with the signatures of its thoughts.
  private static let kept = "content_blocks"

  func answer(_ act: ChatRequest, in reply: ReplyBody, isNew: Bool) throws -> ChatReply {
    var answer = try Self.reply(reply.json)
    if isNew { try ReplyEnd.refuseBroken(answer.finishReason) }
    guard !act.tools.isEmpty else { return answer }
    let blocks = reply.json["content"]?.array ?? []
    answer.toolCalls = blocks.filter { $0["type"] == "tool_use" }.map {
      AskedTool(
        id: $0["id"]?.string ?? "", name: $0["name"]?.string ?? "", arguments: ($0["input"] ?? [:]).text)
    }
    answer.turn = Turn.message(answer, keeping: Self.kept, .array(blocks))
    return answer
  }

  private static func reply(_ json: JSON) throws -> ChatReply {
    guard let blocks = json["content"]?.array, json["type"] != "error" else {
      throw ModelError(.malformed, "expected a message with 'content', found: \(json.text.prefix(200))")
    }
    let thoughts = blocks.filter { $0["type"] == "thinking" }.compactMap { $0["thinking"]?.string }
    return ChatReply(
      text: blocks.filter { $0["type"] == "text" }.compactMap { $0["text"]?.string }.joined(),
      reasoning: thoughts.isEmpty ? nil : thoughts.joined(separator: "\n"),
      finishReason: json["stop_reason"]?.string ?? "")
  }

  func imagePart(_ image: ImageReference, base64: String) -> JSON? {
    [
      "type": "image",
      "source": ["type": "base64", "media_type": .string(image.type.rawValue), "data": .string(base64)],
    ]
  }

  func accepts(_ stored: StoredReply) throws -> Bool {
    guard stored.reply.json["type"] == "message" else { return false }
    _ = try Self.reply(stored.reply.json)
    return true
  }

  func texts(in reply: JSON) -> [(reasoning: String, text: String)]? {
    guard reply["type"] == "message", let answer = try? Self.reply(reply) else { return nil }
    return [(answer.reasoning ?? "", answer.text)]
  }
}
