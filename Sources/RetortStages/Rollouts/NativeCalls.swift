internal import OrderedCollections
internal import RetortCore

/// The provider's own form: `tools` in the request, `tool_calls` in the reply, a `tool` turn for each result.
struct NativeCalls: CallForm {
  let offers: [ToolOffer]

  var instructions: String? { nil }

  func request(_ request: ChatRequest) -> ChatRequest {
    var request = request
    request.tools = offers
    return request
  }

  func read(_ reply: ChatReply) -> ReadTurn {
    var turn = ReadTurn(reply.text, of: reply, calls: reply.toolCalls)
    turn.message = reply.turn ?? Self.turn(reply.text, reply.toolCalls)
    return turn
  }

  /// A `tool` turn takes a text alone: what was shown follows as the user's.
  func results(_ results: [(call: AskedTool, text: String, images: [ImageReference])]) -> [ChatMessage] {
    let images = results.flatMap(\.images)
    return results.map { .tool($0.text, of: $0.call) }
      + (images.isEmpty ? [] : [.user(images.map { .image($0) })])
  }

  func calling(_ call: AskedTool, thought: String) -> ChatMessage {
    Self.turn(thought, [call])
  }

  private static func turn(_ text: String, _ calls: [AskedTool]) -> ChatMessage {
    var message = ChatMessage.assistant(text)
    guard !calls.isEmpty else { return message }
    let written = calls.map { call -> JSON in
      [
        "id": .string(call.id), "type": "function",
        "function": ["name": .string(call.name), "arguments": .string(call.arguments)],
      ]
    }
    message.wire = ["role": "assistant", "content": .string(text), "tool_calls": .array(written)]
    return message
  }

  func answering(_ answer: String) -> ChatMessage { .assistant(answer) }
}
