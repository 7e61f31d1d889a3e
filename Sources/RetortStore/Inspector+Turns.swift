internal import GRDB
package import RetortCore

/// A model's reply or a tool's result in a rollout.
package struct RolloutStep: Codable, Hashable, Sendable {
  /// Of the row that the rollout made, as a trace has it.
  package var stage: String
  package var path: String
  package var row: String
  /// Replies before it and with it.
  package var turn: Int
  /// `c_…` of a reply, `t_…` of a result.
  package var call: String
  /// Of the model or the tool.
  package var name: String
  /// Nil of a result.
  package var promptTokens: Int?
  /// Of a reply as it was counted; of a result a quarter of its characters.
  package var tokens: Int
  /// Nil of a result, and without a price.
  package var usd: Double?
  package var seconds: Double
  /// What went wrong in a call; nil where nothing did.
  package var fault: String?

  enum CodingKeys: String, CodingKey {
    case stage, path, row, turn, call, name, tokens, usd, seconds, fault
    case promptTokens = "prompt_tokens"
  }
}

/// A call of a tool, with its result.
package struct RecordedToolCall: Codable, Hashable, Sendable {
  package var id: Int64
  package var tool: String
  package var arguments: String
  package var result: String
  package var fault: String?
  package var seconds: Double
  package var run: Int64?
  package var stage: String
  /// UTC.
  package var at: String
  /// Nil where it shows none.
  package var images: [ImageReference]?
}

/// What a stage's rows took of one tool, in a run.
package struct ToolTally: Hashable, Sendable {
  package var stage: String
  package var tool: String
  package var calls: Int
  /// Calls that came to a fault, by its kind.
  package var faults: [String: Int]
  /// Of the results, a quarter of their characters.
  package var tokens: Int
  package var seconds: Double
  /// That the results show.
  package var images = 0
  /// Calls that were made again in this run, to bring a session to where it was, and came to something else.
  package var differing = 0
}

extension Inspector {
  /// By stage and tool, whichever run asked first.
  package func toolTallies(of run: Int64) async throws -> [ToolTally] {
    try await read { db in
      let rows = try GRDB.Row.fetchAll(
        db,
        sql: """
          SELECT s.name, k.tool, k.fault, count(*), sum((length(k.result) + 3) / 4), total(\(SQL.amount("k.seconds"))),
            total(json_array_length(k.images))
          FROM (SELECT DISTINCT stage, step FROM taken WHERE run = ?1 AND step IS NOT NULL) t
          JOIN "step__tool" x ON x.step = t.step JOIN "tool__call" k ON k.id = x."call"
          JOIN run_stage s ON s.run = ?1 AND s.stage = t.stage
          GROUP BY s.stage, k.tool, k.fault ORDER BY s.stage, k.tool, k.fault
          """, arguments: [run])
      var tallies: [ToolTally] = []
      for row in rows {
        let (stage, tool, count): (String, String, Int) = (try row.at(0), try row.at(1), try row.at(3))
        if tallies.last?.stage != stage || tallies.last?.tool != tool {
          tallies.append(ToolTally(stage: stage, tool: tool, calls: 0, faults: [:], tokens: 0, seconds: 0))
        }
        tallies[tallies.count - 1].calls += count
        tallies[tallies.count - 1].tokens += try row.at(4)
        tallies[tallies.count - 1].seconds += try row.at(5)
        tallies[tallies.count - 1].images += Int(try row.at(6) as Double)
        if let fault = try row.at(2) as String? { tallies[tallies.count - 1].faults[fault] = count }
      }
      let differing = try GRDB.Row.fetchAll(
        db,
        sql: """
          SELECT stage, tool, count(*) FROM "tool__call" WHERE run = ? AND fault = ? GROUP BY stage, tool
          """, arguments: [run, ToolFault.Kind.replayDiffers.rawValue])
      for row in differing {
        let (stage, tool): (String?, String) = (try row.at(0), try row.at(1))
        guard let place = tallies.firstIndex(where: { $0.stage == stage && $0.tool == tool }) else {
          continue
        }
        tallies[place].differing = try row.at(2)
      }
      return tallies
    }
  }

  /// What the rollouts did that made a row, its ancestors and its descendants: each turn with its calls, in order. Empty
  /// where none of them was made with tools.
  package func rolloutSteps(_ name: String, run: Int64) async throws -> [RolloutStep] {
    try await read { db in
      let start = try RowName(name).map { try Self.occurrences($0, run: run, limit: 100, db) } ?? []
      return try Self.found(Self.steps(of: SQL.family(of: start)), run: run, db)
    }
  }

  /// As ``rolloutSteps(_:run:)``, of one row alone.
  package func rolloutSteps(ofOccurrence id: Int64, run: Int64) async throws -> [RolloutStep] {
    try await read { try Self.found(Self.steps(of: "family(id) AS (SELECT \(id))"), run: run, $0) }
  }

  private static func found(_ sql: String, run: Int64, _ db: Database) throws -> [RolloutStep] {
    var turns: [Int64: Int] = [:]
    return try GRDB.Row.fetchAll(db, sql: sql, arguments: [run]).map { row in
      let (occurrence, isReply): (Int64, Bool) = (try row.at(0), try row.at(4))
      if isReply { turns[occurrence, default: 0] += 1 }
      return RolloutStep(
        stage: try row.at(1), path: try row.at(2), row: try row.at(3), turn: turns[occurrence] ?? 1,
        call: try row.at(5), name: try row.at(6), promptTokens: try row.at(7), tokens: try row.at(8),
        usd: try row.at(9), seconds: try row.at(10), fault: try row.at(11))
    }
  }

  /// - Parameter family: the table of the rows, as SQL.
  private static func steps(of family: String) -> String {
    let rows = """
      FROM family JOIN occurrence o USING (id) JOIN "row" r ON r.id = o."row"
      JOIN run_stage s ON s.run = ?1 AND s.run = o.run AND s.stage = o.stage
      """
    return """
      WITH RECURSIVE \(family)
      SELECT o.id, s.name, o.path AS path, \(SQL.rowID("r")), TRUE, 'c_' || p.id, p.model,
        \(SQL.count("p.prompt_tokens")), \(SQL.count("p.completion_tokens")), \(SQL.amount("p.usd")),
        coalesce(\(SQL.amount("p.seconds")), 0), NULL, c.seq AS seq
      \(rows) \(SQL.ownCalls("JOIN")) JOIN reply p ON p.id = c.reply
      WHERE EXISTS (SELECT 1 FROM "step__tool" x WHERE x.step = t.step)
      UNION ALL
      SELECT o.id, s.name, o.path, \(SQL.rowID("r")), FALSE, 't_' || k.id, k.tool, NULL, (length(k.result) + 3) / 4,
        NULL, coalesce(\(SQL.amount("k.seconds")), 0), k.fault, c.seq
      \(rows) \(SQL.ownTools("JOIN")) JOIN "tool__call" k ON k.id = c."call"
      ORDER BY path, seq
      """
  }

  /// A call of a tool by its number; nil when there is none.
  package func toolCall(_ id: Int64) async throws -> RecordedToolCall? {
    try await read { db in
      try GRDB.Row.fetchOne(
        db,
        sql: """
          SELECT id, tool, arguments, result, fault, coalesce(\(SQL.amount("seconds")), 0), run, stage,
            datetime(at, 'unixepoch'), images FROM "tool__call" WHERE id = ?
          """, arguments: [id]
      ).map {
        RecordedToolCall(
          id: try $0.at(0), tool: try $0.at(1), arguments: try $0.at(2), result: try $0.at(3),
          fault: try $0.at(4),
          seconds: try $0.at(5), run: try $0.at(6), stage: try $0.at(7) ?? "", at: try $0.at(8) ?? "",
          images: try ToolLog.shown($0.at(9)))
      }
    }
  }
}
