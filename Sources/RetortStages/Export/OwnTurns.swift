internal import RetortCore

/// A rollout's conversation without its demonstrations, which are nothing that its model wrote.
enum OwnTurns {
  /// What comes after the question.
  static func answers(_ messages: [JSON], of row: Columns) -> [JSON] {
    let kept = cut(messages, of: row)
    return kept.firstIndex { $0["role"] == "assistant" }.map { Array(kept[$0...]) } ?? []
  }

  /// The turns of the system, and those from the question on that the row's own `turns` answer. A row that is no rollout
  /// with tools, or has no demonstration, is left as it is.
  static func cut(_ messages: [JSON], of row: Columns) -> [JSON] {
    guard let turns = row["turns"]?.int, turns > 0, row["stop_reason"]?.string != nil else { return messages }
    let assistants = messages.indices.filter { messages[$0]["role"] == "assistant" }
    guard assistants.count > turns else { return messages }
    let first = assistants[assistants.count - Int(turns)]
    guard let question = messages[..<first].lastIndex(where: { $0["role"] == "user" }) else {
      return messages
    }
    return messages[..<question].filter { $0["role"] == "system" } + messages[question...]
  }
}
