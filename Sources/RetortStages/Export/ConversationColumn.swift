internal import RetortCore

/// A column with a whole conversation: a list of messages, or that list as JSON text, as a cell of a CSV file has it.
///
/// Both spellings of the field are read: `{"role", "content"}`, and `{"from", "value"}` with `human` and `gpt`.
struct ConversationColumn: Sendable {
  struct Message: Sendable {
    let role: String
    let content: String
    /// What the assistant thought, where the message has it beside its content.
    let thoughts: String
  }

  let column: String

  /// At least one; that of `system` first where there is one that says anything, then `user` and `assistant` in turn, the
  /// assistant's last.
  func messages(of row: Columns) throws(BadRow) -> [Message] {
    var messages: [Message] = []
    for (index, entry) in try list(in: row).enumerated() {
      let place = "\(column)[\(index)]"
      let message = try message(entry, at: place)
      if message.role == "system", index == 0 {
        if !message.content.isBlank { messages.append(message) }
        continue
      }
      let expected = messages.last?.role == "user" ? "assistant" : "user"
      guard message.role == expected else {
        throw BadRow(
          "turns out of order", "expected a turn of \(expected) at '\(place)', found one of \(message.role)")
      }
      guard !message.content.isBlank else {
        throw BadRow("empty turn", "expected a text at '\(place)', found one without a word")
      }
      messages.append(message)
    }
    guard messages.last?.role == "assistant" else {
      throw BadRow("no answer at the end", "expected the last message of '\(column)' to be the assistant's")
    }
    return messages
  }

  private func list(in row: Columns) throws(BadRow) -> [JSON] {
    var value = row[column] ?? .null
    if let text = value.string, let read = try? JSON(parsing: text) { value = read }
    guard let list = value.array, !list.isEmpty else {
      let found = value.array == nil ? value.kind : "an empty list"
      throw BadRow("no messages", "expected a list of messages in '\(column)', found \(found)")
    }
    return list
  }

  private static let roles = [
    "system": "system", "user": "user", "human": "user", "assistant": "assistant", "gpt": "assistant",
  ]
  private static let toolRoles: Set = [
    "tool", "function", "tool_call", "tool_response", "function_call", "observation",
  ]

  private func message(_ entry: JSON, at place: String) throws(BadRow) -> Message {
    let name = (entry["role"] ?? entry["from"])?.string
    if toolPart(of: entry, name) {
      throw BadRow(
        "tool turns",
        "expected turns of system, user and assistant alone, found a call or a result of a tool at '\(place)'"
      )
    }
    guard let name, let role = Self.roles[name] else {
      throw BadRow(
        "bad message",
        "expected a message of system, user or assistant at '\(place)', found \(String(entry.text.prefix(80)))"
      )
    }
    let value = entry["content"] ?? entry["value"] ?? .null
    guard let content = value.string else {
      throw BadRow("bad message", "expected a text as the content at '\(place)', found \(value.kind)")
    }
    if Self.isLeftOut(entry) {
      throw BadRow(
        "turn not to be learnt",
        "expected turns that are all to be learnt, which is all that every trainer can do, found one that is not "
          + "at '\(place)'")
    }
    let thoughts = ["reasoning_content", "reasoning", "thinking"].lazy.compactMap { entry[$0]?.string }.first
    return Message(role: role, content: content, thoughts: thoughts ?? "")
  }

  private func toolPart(of entry: JSON, _ role: String?) -> Bool {
    if let role, Self.toolRoles.contains(role) { return true }
    let calls = entry["tool_calls"]?.array ?? []
    return !calls.isEmpty || !(entry["function_call"] ?? .null).isNull
  }

  /// As OpenAI, ms-swift and Axolotl say that the loss leaves a turn out.
  private static func isLeftOut(_ entry: JSON) -> Bool {
    entry["weight"]?.number == 0 || entry["loss"] == false || entry["train"] == false
  }
}
