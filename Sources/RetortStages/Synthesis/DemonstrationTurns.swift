internal import OrderedCollections
internal import RetortCore

/// How a prompt shows its demonstrations: inside the system prompt, as its template says, or as earlier turns of the
/// conversation, which small models follow better.
package enum DemonstrationLayout: String, Codable, Hashable, Sendable, CaseIterable {
  case system, turns

  static let help =
    "Where the prompt shows demonstrations: system (its template says how) or turns (earlier turns of the "
    + "conversation, which small models follow better); default system."
}

/// Demonstrations as turns: what a user would have asked, and what the assistant should have answered.
enum DemonstrationTurns {
  /// Two messages for each demonstration, in order. `ask` and `answer` read columns of a demonstration through their
  /// argument. Errors: ``StageError`` naming the column that a demonstration lacks.
  static func messages(
    _ demonstrations: [JSON], ask: (Reader) throws -> String, answer: (Reader) throws -> String
  ) throws -> [ChatMessage] {
    try demonstrations.flatMap { demonstration -> [ChatMessage] in
      let reader = Reader(row: demonstration)
      return [.user(try ask(reader)), .assistant(try answer(reader))]
    }
  }

  struct Reader {
    let row: JSON

    func value(_ column: String) throws -> JSON {
      guard let value = row[column], value != .null else {
        throw StageError("demonstrations: expected a column '\(column)' in each, found one without it")
      }
      return value
    }

    func text(_ column: String) throws -> String {
      let value = try value(column)
      return value.string ?? value.text
    }
  }
}
