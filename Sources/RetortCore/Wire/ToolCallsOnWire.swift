internal import OrderedCollections

/// The `tool_calls` of a chat's message.
enum ToolCallsOnWire {
  /// The calls of a message, and the message as a turn that the provider takes back: with its reasoning and its
  /// signatures, without fields that say nothing, which templates stumble over.
  static func add(to reply: inout ChatReply, from message: JSON) {
    reply.toolCalls = calls(of: message)
    var fields: JSON.Object = ["role": "assistant", "content": .string(reply.text)]
    for (key, value) in message.object ?? [:] where !["role", "content"].contains(key) && !value.isBlank {
      fields[key] = value
    }
    if let raw = message["tool_calls"]?.array, !raw.isEmpty {
      fields["tool_calls"] = .array(zip(raw, reply.toolCalls).map(json))
    }
    var turn = ChatMessage.assistant(reply.text)
    if fields.count > 2 { turn.wire = .object(fields) }
    reply.turn = turn
  }

  /// The calls of a message, numbered where they have no identifiers.
  static func calls(of message: JSON) -> [AskedTool] {
    (message["tool_calls"]?.array ?? []).enumerated().map { place, call in
      let function = call["function"] ?? .null
      let arguments = function["arguments"] ?? .null
      return AskedTool(
        id: call["id"]?.string ?? "call_\(place)", name: function["name"]?.string ?? "",
        arguments: arguments.isNull ? "" : arguments.string ?? arguments.text)
    }
  }

  /// A call as requests have it, with what its provider keeps beside it.
  static func json(_ raw: JSON, _ call: AskedTool) -> JSON {
    var fields = raw.object ?? [:]
    fields["id"] = .string(call.id)
    fields["type"] = "function"
    fields["function"] = ["name": .string(call.name), "arguments": .string(call.arguments)]
    return .object(fields)
  }
}
