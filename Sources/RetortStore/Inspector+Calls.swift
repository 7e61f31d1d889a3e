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
    WireFormats.texts(in: body)
  }

  /// What the reply calls, where the wire has it apart from the text.
  package var spokenCalls: [SpokenCall] {
    ((try? JSON(parsing: body))?["choices"]?.array ?? []).flatMap {
      SpokenCall.all(in: $0["message"] ?? .null)
    }
  }
}

/// A call of a tool in a message of a chat, to be shown.
package struct SpokenCall: Hashable, Sendable {
  package let name: String
  /// As the model wrote them.
  package let arguments: String

  package static func all(in message: JSON) -> [SpokenCall] {
    (message["tool_calls"]?.array ?? []).map { call in
      let function = call["function"] ?? call
      return SpokenCall(
        name: function["name"]?.string ?? "",
        arguments: function["arguments"].map { $0.string ?? $0.text } ?? "")
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

/// What a call took, without what was asked and answered.
package struct CallLine: Codable, Hashable, Sendable {
  /// `c_…`
  package var call: String
  package var stage: String
  package var model: String
  package var promptTokens: Int
  package var completionTokens: Int
  /// Nil without a price.
  package var usd: Double?
  package var seconds: Double

  package init(
    call: String, stage: String, model: String, promptTokens: Int, completionTokens: Int, usd: Double?,
    seconds: Double
  ) {
    self.call = call
    self.stage = stage
    self.model = model
    self.promptTokens = promptTokens
    self.completionTokens = completionTokens
    self.usd = usd
    self.seconds = seconds
  }

  enum CodingKeys: String, CodingKey {
    case call, stage, model, usd, seconds
    case promptTokens = "prompt_tokens"
    case completionTokens = "completion_tokens"
  }
}

/// A step that used a reply, or failed over it.
package struct CallUse: Codable, Hashable, Sendable {
  package var stage: String
  /// Nil for a step that failed.
  package var step: Int64?
  package var run: Int64?
  /// The row that the step was given, or the first of its set: `r_…`; nil where no run has taken it.
  package var row: String?
  /// The record it descends from, as `questions:7`.
  package var source: String?
  /// How many rows of the run the step answered.
  package var rows: Int
  /// Why, of a step that failed.
  package var failure: String?
}

extension Inspector {
  /// What calls took, by their numbers, those that are there.
  package func callLines(_ ids: [Int64]) async throws -> [CallLine] {
    try await read { db in
      try ids.compactMap { id in
        try GRDB.Row.fetchOne(
          db.cachedStatement(
            sql: """
              SELECT stage, model, \(SQL.count("prompt_tokens")), \(SQL.count("completion_tokens")),
                \(SQL.amount("usd")), coalesce(\(SQL.amount("seconds")), 0) FROM reply WHERE id = ?
              """), arguments: [id]
        ).map {
          CallLine(
            call: "c_\(id)", stage: try $0.at(0) ?? "", model: try $0.at(1), promptTokens: try $0.at(2),
            completionTokens: try $0.at(3), usd: try $0.at(4), seconds: try $0.at(5))
        }
      }
    }
  }

  /// The first and the last call that the store has; nil where it has none.
  package func callRange() async throws -> (first: Int64, last: Int64)? {
    try await read { db in
      let row = try GRDB.Row.fetchOne(db, sql: "SELECT min(id), max(id) FROM reply")
      guard let first = try row.maybe(0) as Int64?, let last = try row.maybe(1) as Int64? else { return nil }
      return (first, last)
    }
  }

  /// The steps that used a reply, each in the newest run that took it, and those that failed over it; 20 of each at most.
  package func uses(ofCall id: Int64) async throws -> [CallUse] {
    try await read { db in
      let steps = try Int64.fetchAll(
        db, sql: "SELECT DISTINCT step FROM step_call WHERE reply = ? ORDER BY step LIMIT 20", arguments: [id]
      )
      let failures = try GRDB.Row.fetchAll(
        db,
        sql: """
          SELECT s.name, f.run, \(SQL.rowID("r")), \(SQL.source("o")), f.kind || ': ' || f.message
          FROM failure f JOIN run_stage s ON s.run = f.run AND s.stage = f.stage
          LEFT JOIN occurrence o ON o.id = f.occurrence LEFT JOIN "row" r ON r.id = o."row"
          WHERE EXISTS (SELECT 1 FROM json_each(f.calls) WHERE value = ?) ORDER BY f.id DESC LIMIT 20
          """, arguments: [id])
      return try steps.map { try Self.use(ofStep: $0, db) }
        + failures.map {
          CallUse(
            stage: try $0.at(0), run: try $0.at(1), row: try $0.at(2), source: try $0.at(3), rows: 1,
            failure: try $0.at(4))
        }
    }
  }

  private static func use(ofStep step: Int64, _ db: Database) throws -> CallUse {
    let taken = try GRDB.Row.fetchOne(
      db,
      sql: """
        SELECT s.name, t.run, \(SQL.rowID("r")), \(SQL.source("o")),
          (SELECT count(*) FROM taken WHERE step = t.step AND run = t.run)
        FROM taken t JOIN run_stage s ON s.run = t.run AND s.stage = t.stage
        JOIN occurrence o ON o.id = t.occurrence JOIN "row" r ON r.id = o."row"
        WHERE t.step = ? ORDER BY t.run DESC, t.stage, t.member LIMIT 1
        """, arguments: [step])
    let kind = try String.fetchOne(
      db, sql: "SELECT f.kind FROM step s JOIN fingerprint f ON f.id = s.fingerprint WHERE s.id = ?",
      arguments: [step])
    return CallUse(
      stage: try taken.maybe(0) ?? kind ?? "", step: step, run: try taken.maybe(1), row: try taken.maybe(2),
      source: try taken.maybe(3), rows: try taken.maybe(4) ?? 0)
  }
}
