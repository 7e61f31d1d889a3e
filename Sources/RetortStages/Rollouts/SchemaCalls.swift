internal import OrderedCollections
internal import RetortCore

/// A JSON object a turn, to which the server holds the model: `{"step": {"tool": …, "arguments": {…}}}`, or
/// `{"step": {"answer": …}}`. The choice stands inside an object, since providers take no other schema at the root.
struct SchemaCalls: CallForm {
  let offers: [ToolOffer]
  let tags: CallTags

  var instructions: String? {
    let schemas = offers.map { $0.json["function"]?.text ?? "" }.joined(separator: "\n")
    return """
      You may call tools. Each is described by a JSON Schema:
      \(schemas)
      Reply with one JSON object: {"step": {"tool": name, "arguments": {…}}} to call a tool, whose result comes between \
      <\(tags.result)> and </\(tags.result)>, or {"step": {"answer": text}} when you know the answer.
      """
  }

  func request(_ request: ChatRequest) -> ChatRequest {
    var request = request
    let calls = offers.map { offer in
      Self.object(["tool": ["type": "string", "enum": [.string(offer.name)]], "arguments": offer.parameters])
    }
    request.schema = Self.object(["step": ["anyOf": .array(calls + [Self.answer])]])
    return request
  }

  func answerRequest(_ request: ChatRequest) -> ChatRequest {
    var request = request
    request.schema = Self.object(["step": Self.answer])
    return request
  }

  private static let answer = object(["answer": ["type": "string"]])

  private static func object(_ properties: JSON.Object) -> JSON {
    [
      "type": "object", "properties": .object(properties),
      "required": .array(properties.keys.map { .string($0) }), "additionalProperties": false,
    ]
  }

  func read(_ reply: ChatReply) -> ReadTurn {
    let message = ChatMessage.assistant(reply.text)
    let reasoning = ReadCompletion(reply.text, reasoning: reply.reasoning).reasoning
    guard let json = try? JSON(parsing: Thoughts(in: reply.text).answer.trimmed) else {
      return ReadTurn(reply.text, of: reply, calls: [])
    }
    let step = json["step"] ?? json
    if let answer = step["answer"] {
      return ReadTurn(message, answer: answer.string ?? answer.text, reasoning: reasoning)
    }
    let arguments = step["arguments"] ?? [:]
    let call = AskedTool(
      id: "call_0", name: step["tool"]?.string ?? "", arguments: arguments.string ?? arguments.text)
    return ReadTurn(message, calls: [call], reasoning: reasoning)
  }

  func results(_ results: [(call: AskedTool, text: String, images: [ImageReference])]) -> [ChatMessage] {
    tags.results(results)
  }

  func calling(_ call: AskedTool, thought: String) -> ChatMessage {
    let arguments = (try? JSON(parsing: call.arguments)) ?? [:]
    let step: JSON = ["step": ["tool": .string(call.name), "arguments": arguments]]
    return .assistant(step.text)
  }

  func answering(_ answer: String) -> ChatMessage {
    let step: JSON = ["step": ["answer": .string(answer)]]
    return .assistant(step.text)
  }
}
