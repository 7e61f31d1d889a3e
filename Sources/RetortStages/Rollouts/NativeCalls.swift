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

  func results(_ results: [(call: AskedTool, text: String)]) -> [ChatMessage] {
    results.map { .tool($0.text, of: $0.call) }
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
