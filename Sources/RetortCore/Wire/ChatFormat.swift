internal import OrderedCollections

/// What a chat may be asked beside its turns.
package enum ChatAbility: String, Hashable, Sendable, CaseIterable {
  case temperature
  case topP = "top_p"
  case seed, stop, schema, logprobs, tools, images, prefill
  case reasoningEffort = "reasoning_effort"
  case thinkingBudget = "thinking_budget"
}

/// Whether a provider's format has words for it.
package enum ChatSupport: Hashable, Sendable {
  /// With its bounds, or what else is to be known.
  case there(String = "")
  /// With what to do instead.
  case lacking(String)
}

/// A format of a provider's chats.
package protocol ChatFormat: ActFormat<ChatRequest> {
  var api: ModelSpec.API { get }
  func support(_ ability: ChatAbility) -> ChatSupport
  /// The temperatures that it takes.
  var temperatures: ClosedRange<Double> { get }
}

extension ChatFormat {
  package func understands(_ model: ModelSpec) -> Bool {
    model.api == api && (model.kind == .chat || model.kind == .judge)
  }

  package var temperatures: ClosedRange<Double> { 0...Double.greatestFiniteMagnitude }

  /// Why a model is not asked for something, with what to do; nil where it can be.
  package func refusal(of ability: ChatAbility, by model: ModelSpec) -> String? {
    guard case .lacking(let remedy) = support(ability) else { return nil }
    return
      "'\(ability.rawValue)' is nothing that the API '\(api.rawValue)' of model '\(model.alias)' has words for"
      + (remedy.isEmpty ? "" : "; \(remedy)")
  }

  /// The same of a temperature.
  package func refusal(ofTemperature value: Double, by model: ModelSpec) -> String? {
    temperatures.contains(value)
      ? nil
      : "expected a temperature from \(Figure.short(temperatures.lowerBound)) to "
        + "\(Figure.short(temperatures.upperBound)) for the API '\(api.rawValue)' of model '\(model.alias)', found "
        + Figure.short(value)
  }

  package func refuse(_ act: ChatRequest, to model: ModelSpec) throws {
    let words =
      act.abilities(of: model).compactMap { refusal(of: $0, by: model) }
      + (act.sampling.temperature.flatMap { refusal(ofTemperature: $0, by: model) }.map { [$0] } ?? [])
    if let first = words.first { throw ModelError(.unsupported, first) }
  }

  package func textBytes(_ answer: ChatReply) -> Int {
    answer.text.utf8.count + (answer.reasoning ?? "").utf8.count
      + answer.toolCalls.reduce(0) { $0 + $1.arguments.utf8.count }
  }
}

extension ChatRequest {
  /// What it asks for beside its turns, of such a model.
  func abilities(of model: ModelSpec) -> [ChatAbility] {
    ChatAbility.allCases.filter { ability in
      switch ability {
      case .temperature: sampling.temperature != nil
      case .topP: sampling.topP != nil
      case .seed: sampling.seed != nil
      case .stop: sampling.stop?.isEmpty == false
      case .schema: schema != nil
      case .logprobs: topLogprobs != nil
      case .tools: !tools.isEmpty
      case .images: messages.contains { !$0.images.isEmpty }
      case .prefill: messages.last?.role == .assistant
      case .reasoningEffort: model.reasoningEffort != nil
      case .thinkingBudget: model.thinkingBudget != nil
      }
    }
  }
}

/// A conversation's turns as OpenAI's format has them, read for other formats.
struct Turn {
  let role: ChatMessage.Role
  let parts: [JSON]
  let calls: [AskedTool]
  /// Of a tool's result: the call that it answers.
  let callID: String
  let name: String
  /// The turn as the provider wrote it, under the name that its format keeps it by.
  let kept: JSON.Object

  init(_ json: JSON) {
    role = json["role"]?.string.flatMap(ChatMessage.Role.init) ?? .user
    parts =
      switch json["content"] {
      case .string(let text)?: text.isEmpty ? [] : [MessagePart.text(text).json]
      case .array(let parts)?: parts
      default: []
      }
    calls = ToolCallsOnWire.calls(of: json)
    callID = json["tool_call_id"]?.string ?? ""
    name = json["name"]?.string ?? ""
    kept = json.object ?? [:]
  }

  var text: String { parts.compactMap { $0["text"]?.string }.joined() }

  /// The turns of a prompt, the system's words apart.
  static func list(_ prompt: JSON) -> (system: String, turns: [Turn]) {
    let turns = (prompt.array ?? []).map(Turn.init)
    return (
      turns.filter { $0.role == .system }.map(\.text).joined(separator: "\n\n"),
      turns.filter { $0.role != .system }
    )
  }

  /// The message of the assistant that a reply becomes: as OpenAI's format has it, with what the provider wants back.
  static func message(_ reply: ChatReply, keeping name: String, _ raw: JSON) -> ChatMessage {
    var fields: JSON.Object = ["role": "assistant", "content": .string(reply.text)]
    if let reasoning = reply.reasoning, !reasoning.isEmpty {
      fields["reasoning_content"] = .string(reasoning)
    }
    if !reply.toolCalls.isEmpty {
      fields["tool_calls"] = .array(reply.toolCalls.map { ToolCallsOnWire.json([:], $0) })
    }
    var message = ChatMessage.assistant(reply.text)
    if fields.count > 2 {
      fields[name] = raw
      message.wire = .object(fields)
    }
    return message
  }

  /// Arguments as the JSON that a provider wants them in; an empty object for a text that is none.
  static func arguments(_ text: String) -> JSON {
    let json = (try? JSON(parsing: text)) ?? [:]
    return json.object == nil ? [:] : json
  }
}

extension JSON {
  /// The fields of both, of objects within objects too; where both say something else, what `other` says.
  func merging(_ other: JSON) -> JSON {
    guard let own = object, let added = other.object else { return other }
    return .object(own.merging(added) { $0.merging($1) })
  }
}

extension ReplyEnd {
  /// A text that the server broke off is no reply. Errors: ``ModelError`` of kind `server`.
  static func refuseBroken(_ word: String) throws {
    guard ReplyEnd(word) == .broken else { return }
    throw ModelError(
      .server, "expected a whole reply, found one that the server broke off (\(word.prefix(40)))")
  }
}
