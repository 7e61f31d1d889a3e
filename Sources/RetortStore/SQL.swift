internal import GRDB
internal import RetortCore

/// Pieces of SQL that several questions have in common.
enum SQL {
  /// Stages by their ordinals, for an IN.
  static func list(_ stages: [Int]) -> String { "(" + stages.map(String.init).joined(separator: ",") + ")" }

  /// The hex digits of a row's identifier.
  static func digits(_ id: String) -> String { id.hasPrefix("r_") ? String(id.dropFirst(2)) : id }

  /// SQL for a count that an endpoint gave, whatever the column holds: 0 to ``Usage/most``.
  static func count(_ column: String) -> String {
    """
    CASE WHEN typeof(\(column)) IN ('integer', 'real') THEN CAST(max(0, min(\(column), \(Usage.most))) AS INTEGER)
    ELSE 0 END
    """
  }

  /// SQL for USD or seconds, whatever the column holds: 0 to 1e12, or NULL for what is no number.
  static func amount(_ column: String) -> String {
    "CASE WHEN typeof(\(column)) IN ('integer', 'real') THEN CAST(max(0, min(\(column), 1e12)) AS REAL) END"
  }

  /// SQL for the tokens of a ledger's rows that are no count of an endpoint's: those of some tries that failed.
  static func estimatedTokens(in table: String) -> String {
    guard table == "failed_call" else { return "0" }
    let tokens = "\(count("prompt_tokens")) + \(count("completion_tokens"))"
    return "total(CASE WHEN message LIKE '%\(ReplyLog.estimated)' THEN \(tokens) END)"
  }

  /// The JSON path of a column. None names one with a quotation mark.
  static func path(to column: String) -> String { "$.\(JSON.string(column).text)" }

  /// `r_` and 12 hex digits of the row's digest, whose first byte is the scheme.
  static func rowID(_ table: String) -> String {
    "'r_' || lower(substr(hex(\(table).digest), 3, 12))"
  }

  /// SQL for the path of a row as it was before rows were put into another order: what stands behind the first `~`.
  static func origin(_ table: String) -> String { "substr(\(table).path, instr(\(table).path, '~') + 1)" }

  /// The record that a row descends from, as `questions:7`: the first two components of its ``origin(_:)``.
  static func source(_ table: String) -> String {
    """
    (SELECT name FROM run_stage WHERE run = \(table).run
      AND stage = CAST(substr(\(origin(table)), 2) AS INTEGER))
    || ':' || CAST(substr(\(origin(table)), instr(\(origin(table)), '.') + 2) AS INTEGER)
    """
  }

  /// Emissions `e` that have a reason, for a FROM or JOIN. The index is named since SQLite would take the primary key,
  /// and go through all of a set's emissions once for each of its rows.
  static let drops = "emission e INDEXED BY emission_drops"

  /// Emissions `e` that are made from several members, for a FROM or JOIN; the index is named as in ``drops``.
  static let made = "emission e INDEXED BY emission_made"

  /// SQL joins from an occurrence `o` to the calls `c` of the step that made it: those made for its sample, and those
  /// made for all. A row's path ends with its number among what the step emitted.
  static func ownCalls(_ join: String) -> String {
    """
    \(join) taken t ON t.run = o.run AND t.stage = o.stage AND t.occurrence = o.parent
    \(join) step_call c ON c.step = t.step
      AND (c.sample IS NULL OR o.path LIKE '%.' || \(StagePlace.component(sql: "c.sample")))
    """
  }

  /// As ``ownCalls(_:)``, of the results of tools.
  static func ownTools(_ join: String) -> String {
    ownCalls(join).replacing("step_call c", with: "\"step__tool\" c")
  }

  /// SQL joins from an occurrence `o` that a set step made to the other rows `m` that it was made from: all but its
  /// `parent`, the first. Equal groups share a step; `first` keeps their members apart. CROSS keeps the joins in this
  /// order: SQLite would go through all of a run's answers for each row.
  static let otherMembers = """
    CROSS JOIN taken t ON t.run = o.run AND t.stage = o.stage AND t.occurrence = o.parent
    CROSS JOIN \(made) ON e.step = t.step AND e.members IS NOT NULL AND e.member = t.member AND e."row" = o."row"
    CROSS JOIN json_each(e.members) span
    CROSS JOIN taken m ON m.step = t.step AND m.run = t.run AND m.stage = t.stage AND m.first = t.first
      AND m.member BETWEEN span.value ->> 0 AND span.value ->> 1 AND m.occurrence <> t.occurrence
    """

  /// The occurrences `family` (column `id`): some of run `?1`, with all that they were made from and all that was made
  /// from them.
  static func family(of start: [Int64]) -> String {
    """
    start AS (SELECT id FROM occurrence WHERE id IN (\(start.map(String.init).joined(separator: ",")))),
    \(kin()), family AS (SELECT id FROM up UNION SELECT id FROM down)
    """
  }

  /// All that the occurrences `start` of run `?1` were made from (`up`) and all that was made from them (`down`), at
  /// most `limit` of each, the nearest first, with them; -1 for no limit.
  static func kin(limit: Int = -1) -> String {
    """
    up(id) AS (SELECT id FROM start
      UNION SELECT o.parent FROM up JOIN occurrence o USING (id) WHERE o.parent IS NOT NULL
      UNION SELECT m.occurrence FROM up JOIN occurrence o USING (id) \(otherMembers) LIMIT \(limit)),
    down(id) AS (SELECT id FROM start
      UNION SELECT o.id FROM down JOIN occurrence o ON o.parent = down.id
      UNION SELECT o.id FROM down CROSS JOIN run_stage s ON s.run = ?1
        CROSS JOIN taken m ON m.run = ?1 AND m.stage = s.stage AND m.occurrence = down.id
        CROSS JOIN \(made) ON e.step = m.step AND e.members IS NOT NULL
        CROSS JOIN json_each(e.members) span ON m.member BETWEEN span.value ->> 0 AND span.value ->> 1
        CROSS JOIN taken t INDEXED BY taken_step ON t.step = m.step AND t.run = m.run AND t.stage = m.stage AND t.first = m.first
          AND t.member = e.member
        CROSS JOIN occurrence o INDEXED BY occurrence_parent ON o.parent = t.occurrence AND o.run = t.run AND o.stage = t.stage AND o."row" = e."row"
      LIMIT \(limit))
    """
  }
}
