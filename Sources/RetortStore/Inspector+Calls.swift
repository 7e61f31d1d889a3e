internal import GRDB
package import RetortCore

/// A reply that was paid for, with what was asked.
package struct RecordedCall: Hashable, Sendable {
  package var id: Int64
  package var model: String
  /// Messages, or whatever the request asked with.
  package var prompt: JSON
  package var parameters: JSON
  /// As it came.
  package var body: String
  package var promptTokens: Int
  package var completionTokens: Int
  package var cachedTokens: Int
  /// Nil without a price.
  package var usd: Double?
  package var seconds: Double
  package var attempts: Int
  package var run: Int64?
  package var stage: String
  /// UTC.
  package var at: String

  /// The texts of the reply's choices, each with its reasoning before it where there is one; empty where the body is no
  /// chat completion.
  package var texts: [(reasoning: String, text: String)] {
    guard let choices = (try? JSON(parsing: body))?["choices"]?.array else { return [] }
    return choices.compactMap { choice in
      let message = choice["message"]
      let reasoning = message?["reasoning_content"]?.string ?? message?["reasoning"]?.string ?? ""
      let text = message?["content"]?.string ?? choice["text"]?.string
      return text == nil && reasoning.isEmpty ? nil : (reasoning, text ?? "")
    }
  }
}

extension Inspector {
  /// A call by its number; nil when there is none.
  package func call(_ id: Int64) async throws -> RecordedCall? { try await calls([id]).first }

  /// Calls by their numbers, those that are there.
  package func calls(_ ids: [Int64]) async throws -> [RecordedCall] {
    try await read { db in
      try ids.compactMap { id in
        try GRDB.Row.fetchOne(
          db,
          sql: """
            SELECT c.id, c.model, p.json, c.parameters, c.body, \(SQL.count("c.prompt_tokens")),
              \(SQL.count("c.completion_tokens")), \(SQL.count("c.cached_tokens")), \(SQL.amount("c.usd")),
              coalesce(\(SQL.amount("c.seconds")), 0), \(SQL.count("c.attempts")), c.run, c.stage, datetime(c.at, 'unixepoch')
            FROM reply c LEFT JOIN prompt p ON p.id = c.prompt WHERE c.id = ?
            """, arguments: [id]
        ).map { row in
          RecordedCall(
            id: try row.at(0), model: try row.at(1),
            prompt: try JSON(stored: try row.at(2) as String? ?? "null"),
            parameters: try row.json(3), body: try row.at(4), promptTokens: try row.at(5),
            completionTokens: try row.at(6), cachedTokens: try row.at(7), usd: try row.at(8),
            seconds: try row.at(9), attempts: try row.at(10),
            run: try row.at(11), stage: try row.at(12) ?? "", at: try row.at(13) ?? "")
        }
      }
    }
  }
}
