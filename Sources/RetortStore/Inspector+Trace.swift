internal import GRDB
internal import RetortCore

extension Inspector {
  /// Where a row of a run comes from and what became of it: its ancestors and descendants, each with the calls that
  /// made it and their cost. Calls that a step made for one sample are those of that sample's row; the others are those
  /// of every row of the step. `using` names the stages whose whole sets the step was given: their calls are not here.
  ///
  /// A row that ended at a stage, dropped or failed, has a line more, of that stage; `ended` says why. Empty for what
  /// names no row of the run.
  package func trace(_ name: String, run: Int64) async throws -> Table {
    try await read { db in
      let start = try RowName(name).map { try Self.occurrences($0, run: run, limit: 100, db) } ?? []
      return try Self.table(Self.family(of: start), [.int(run)], db)
    }
  }

  private static func family(of start: [Int64]) -> String {
    """
    WITH RECURSIVE \(SQL.family(of: start))
    SELECT stage, path, "row", source, calls, prompt_tokens, completion_tokens, usd, replies, "using", ended FROM (
      SELECT \(line), NULL AS ended
      FROM family JOIN occurrence o USING (id) JOIN "row" r ON r.id = o."row"
      JOIN run_stage s ON s.run = o.run AND s.stage = o.stage
      \(SQL.ownCalls("LEFT JOIN")) LEFT JOIN reply p ON p.id = c.reply
      GROUP BY o.id
      UNION ALL
      SELECT \(line), 'dropped: ' || e.reason || coalesce(': ' || nullif(e.detail, ''), '')
      FROM family JOIN occurrence o USING (id) JOIN "row" r ON r.id = o."row"
      JOIN run_stage s ON s.run = o.run
      JOIN taken t ON t.run = o.run AND t.stage = s.stage AND t.occurrence = o.id
      JOIN \(SQL.drops) ON e.step = t.step AND e.member = t.member AND e.reason IS NOT NULL
      LEFT JOIN step_call c ON c.step = t.step LEFT JOIN reply p ON p.id = c.reply
      GROUP BY o.id, s.stage
      UNION ALL
      SELECT \(line), 'failed: ' || f.kind || ': ' || f.message
      FROM family JOIN occurrence o USING (id) JOIN "row" r ON r.id = o."row"
      JOIN run_stage os ON os.run = o.run AND os.stage = o.stage
      JOIN failure f ON f.run = o.run JOIN run_stage s ON s.run = f.run AND s.stage = f.stage
      LEFT JOIN json_each(f.calls) c LEFT JOIN reply p ON p.id = c.value
      WHERE f.occurrence = o.id
        OR f.occurrence IS NULL AND os.name IN (SELECT value FROM json_each(s."from"))
      GROUP BY o.id, f.id
    ) ORDER BY ordinal, path, ended
    """
  }

  /// The columns of an occurrence `o` with its row `r`, at a stage `s`, over replies `p`.
  private static let line = """
    s.stage AS ordinal, s.name AS stage, o.path AS path, \(SQL.rowID("r")) AS "row", \(SQL.source("o")) AS source,
    count(p.id) AS calls, coalesce(sum(\(SQL.count("p.prompt_tokens"))), 0) AS prompt_tokens,
    coalesce(sum(\(SQL.count("p.completion_tokens"))), 0) AS completion_tokens, total(\(SQL.amount("p.usd"))) AS usd,
    group_concat(p.id) AS replies,
    (SELECT group_concat(value, ', ') FROM json_each(s."using")) AS "using"
    """
}
