internal import Foundation
internal import GRDB
internal import OrderedCollections
internal import RetortCore

/// The views that people read: one for each stage of the newest run of each pipeline, and the ledgers.
enum Views {
  /// Whether the ledgers are those that this version makes: one of the same schema may have made others.
  static func areCurrent(_ db: Database) throws -> Bool {
    let found = try GRDB.Row.fetchAll(db, sql: "SELECT name, sql FROM sqlite_master WHERE type = 'view'")
    let views = try Dictionary(found.map { (try $0.at(0) as String, try $0.at(1) as String) }) { first, _ in
      first
    }
    return ledgers.allSatisfy { views[$0.name] == statement(of: $0) }
  }

  private static func statement(of ledger: (name: String, query: String)) -> String {
    "CREATE VIEW \(ledger.name) AS \(ledger.query)"
  }

  /// Makes them anew. A stage has a view of its own name, and one `pipeline__stage`; where pipelines share a name of a
  /// stage, the one that ran last has the plain one. So a pipeline that runs later takes no other's names away but those
  /// that it has itself.
  static func make(_ db: Database) throws {
    for name in try String.fetchAll(db, sql: "SELECT name FROM sqlite_master WHERE type = 'view'") {
      try db.execute(sql: "DROP VIEW \(quoted(name))")
    }
    for ledger in ledgers { try db.execute(sql: statement(of: ledger)) }
    let newest = try GRDB.Row.fetchAll(
      db, sql: "SELECT max(id) AS run, pipeline FROM run GROUP BY pipeline ORDER BY run DESC")
    for run in newest {
      let (id, pipeline): (Int64, String) = (try run.at(0), try run.at(1))
      let stages = try GRDB.Row.fetchAll(
        db, sql: "SELECT stage, name, columns FROM run_stage WHERE run = ?", arguments: [id])
      var rounds: OrderedDictionary<String, [Member]> = [:]
      for stage in stages {
        let (ordinal, name): (Int, String) = (try stage.at(0), try stage.at(1))
        let declared = try (stage.at(2) as String?).map {
          try JSON(stored: $0).array?.compactMap(\.string) ?? []
        }
        let columns = try declared ?? found(run: id, stage: ordinal, db)
        if let round = RoundName(name) {
          if let view = round.view { rounds[view, default: []].append((ordinal, round.number, columns)) }
          continue
        }
        let query = """
          SELECT o.run AS run, \(SQL.rowID("r")) AS "row", \(SQL.source("o")) AS source\(list(columns: columns))
          FROM occurrence o JOIN "row" r ON r.id = o."row"
          WHERE o.run = \(id) AND o.stage = \(ordinal) ORDER BY o.path
          """
        try make(name, of: pipeline, query, db)
      }
      for (name, members) in rounds { try make(name, of: pipeline, query(of: members, run: id), db) }
    }
  }

  /// A stage of one round: its ordinal, the round's number, and its columns.
  private typealias Member = (ordinal: Int, round: Int, columns: [String])

  private static func make(_ name: String, of pipeline: String, _ query: String, _ db: Database) throws {
    for view in [name, "\(pipeline)__\(name)"] {
      try db.execute(sql: "CREATE VIEW IF NOT EXISTS \(quoted(view)) AS \(query)")
    }
  }

  /// Of a stage in all rounds: with the column `round`, which no column of the rows hides.
  private static func query(of members: [Member], run: Int64) -> String {
    let round = members.map { "WHEN \($0.ordinal) THEN \($0.round)" }.joined(separator: " ")
    let columns = Array(OrderedSet(members.flatMap(\.columns)))
    return """
      SELECT o.run AS run, \(SQL.rowID("r")) AS "row", \(SQL.source("o")) AS source,
        CASE o.stage \(round) END AS round\(list(columns: columns, beside: "round"))
      FROM occurrence o JOIN "row" r ON r.id = o."row"
      WHERE o.run = \(run) AND o.stage IN \(SQL.list(members.map(\.ordinal))) ORDER BY o.path
      """
  }

  /// The columns of the first 100 rows, for a reader that could not tell before it ran.
  static func found(run: Int64, stage: Int, _ db: Database) throws -> [String] {
    var names: OrderedSet<String> = []
    let rows = try String.fetchAll(
      db,
      sql: """
        SELECT r.json FROM occurrence o JOIN "row" r ON r.id = o."row"
        WHERE o.run = ? AND o.stage = ? ORDER BY o.path LIMIT 100
        """, arguments: [run, stage])
    for row in rows { names.formUnion(try JSON(stored: row).object?.keys ?? []) }
    return Array(names)
  }

  /// Most columns of a view beside those that every view has, of the 2000 that SQLite gives it.
  private static let columnLimit = 1900
  /// Most bytes of SQL that say which, of the million that a statement may have.
  private static let columnBytes = 500_000

  /// SQL for the columns. One named like another, as SQLite compares names, gets underscores; where there are more than
  /// a view can have, the last is `json`, the whole row.
  private static func list(columns: [String], beside others: String...) -> String {
    var taken: Set<String> = ["run", "row", "source"]
    taken.formUnion(others)
    var sql = ""
    for (index, name) in columns.enumerated() {
      let next = ", \(value(of: name)) AS \(title(name, &taken))"
      guard index < columnLimit, sql.utf8.count + next.utf8.count <= columnBytes else {
        return sql + ", r.json AS \(title("json", &taken))"
      }
      sql += next
    }
    return sql
  }

  private static func title(_ name: String, _ taken: inout Set<String>) -> String {
    var shown = name.replacing("\0", with: "\u{2400}")
    func folded() -> String {
      String(decoding: shown.utf8.map { (65...90).contains($0) ? $0 + 32 : $0 }, as: UTF8.self)
    }
    while !taken.insert(folded()).inserted { shown += "_" }
    return quoted(shown)
  }

  /// A column's value in `r.json`. Rows may spell one name in several ways that are the same text: é is one character
  /// or two.
  private static func value(of name: String) -> String {
    var spellings = [name]
    for spelling in [name.precomposedStringWithCanonicalMapping, name.decomposedStringWithCanonicalMapping]
    where !spellings.contains(where: { $0.utf8.elementsEqual(spelling.utf8) }) { spellings.append(spelling) }
    let values = spellings.map { name in
      guard !name.contains("\"") else {
        return "(SELECT value FROM json_each(r.json) WHERE key = \(text(name)) LIMIT 1)"
      }
      return "json_extract(r.json, \(text(SQL.path(to: name))))"
    }
    return values.count == 1 ? values[0] : "coalesce(\(values.joined(separator: ", ")))"
  }

  private static func text(_ text: String) -> String { "'" + text.replacing("'", with: "''") + "'" }

  private static func quoted(_ name: String) -> String { "\"" + name.replacing("\"", with: "\"\"") + "\"" }

  /// Names that a stage's view cannot have: tables, indices and the ledgers.
  static let reservedNames = Set(Schema.names + ledgers.map(\.name) + ["grdb_migrations"])

  private static let ledgers: [(name: String, query: String)] = [
    (
      "dropped",
      """
      SELECT t.run AS run, s.name AS stage, \(SQL.rowID("r")) AS "row", \(SQL.source("o")) AS source,
        NULL AS sample, coalesce(e.reason, t.reason) AS reason, e.detail AS detail
      FROM taken t JOIN run_stage s ON s.run = t.run AND s.stage = t.stage
      JOIN occurrence o ON o.id = t.occurrence JOIN "row" r ON r.id = o."row"
      LEFT JOIN \(SQL.drops) ON e.step = t.step AND e.member = t.member AND e.reason IS NOT NULL
      WHERE e.reason IS NOT NULL OR t.step IS NULL
      UNION ALL
      SELECT t.run, s.name, \(SQL.rowID("r")), \(SQL.source("o")), e.seq, e.reason, e.detail
      FROM taken t JOIN \(SQL.drops) ON e.step = t.step AND e.member IS NULL AND e.reason IS NOT NULL
      JOIN run_stage s ON s.run = t.run AND s.stage = t.stage
      JOIN occurrence o ON o.id = t.occurrence JOIN "row" r ON r.id = o."row"
      UNION ALL
      SELECT s.run, s.name, NULL, s.name || ':' || e.seq, NULL, e.reason, e.detail
      FROM run_stage s JOIN step p ON p.fingerprint = s.fingerprint JOIN emission e ON e.step = p.id
      WHERE s."from" = '[]' AND e.reason IS NOT NULL
      """
    ),
    (
      "failed",
      """
      SELECT f.run AS run, s.name AS stage, \(SQL.rowID("r")) AS "row", \(SQL.source("o")) AS source, f.kind AS kind,
        f.message AS message, f.calls AS calls, datetime(f.at, 'unixepoch') AS at
      FROM failure f JOIN run_stage s ON s.run = f.run AND s.stage = f.stage
      LEFT JOIN occurrence o ON o.id = f.occurrence LEFT JOIN "row" r ON r.id = o."row"
      """
    ),
    (
      "calls",
      """
      SELECT run, stage, 'c_' || id AS call, model, 'answered' AS outcome, NULL AS message, prompt_tokens,
        completion_tokens, cached_tokens, usd, seconds, attempts, datetime(at, 'unixepoch') AS at FROM reply
      UNION ALL
      SELECT run, stage, NULL, model, kind, message, prompt_tokens, completion_tokens, cached_tokens, usd, seconds,
        attempts, datetime(at, 'unixepoch') FROM failed_call
      """
    ),
    (
      "runs",
      """
      SELECT r.id AS run, r.origin AS resumes, r.pipeline AS pipeline, r.file AS file, r.status AS status,
        datetime(r.started, 'unixepoch') AS started, datetime(r.finished, 'unixepoch') AS finished,
        r.finished - r.started AS seconds, r.flags AS flags,
        lower(hex(substr(r.fingerprint, 2))) AS fingerprint,
        (SELECT count(*) FROM reply WHERE run = r.id) AS calls,
        (SELECT total(\(SQL.amount("usd"))) FROM reply WHERE run = r.id)
          + (SELECT total(\(SQL.amount("usd"))) FROM failed_call WHERE run = r.id) AS usd
      FROM run r
      """
    ),
    (
      "lineage",
      """
      SELECT o.run AS run, s.name AS stage, \(SQL.rowID("r")) AS "row", ps.name AS parent_stage,
        \(SQL.rowID("pr")) AS parent, t.step AS step, \(SQL.source("o")) AS source, o.id AS id, o.parent AS parent_id
      FROM occurrence o JOIN run_stage s ON s.run = o.run AND s.stage = o.stage
      JOIN "row" r ON r.id = o."row" LEFT JOIN occurrence p ON p.id = o.parent
      LEFT JOIN run_stage ps ON ps.run = p.run AND ps.stage = p.stage LEFT JOIN "row" pr ON pr.id = p."row"
      LEFT JOIN taken t ON t.run = o.run AND t.stage = o.stage AND t.occurrence = o.parent
      UNION ALL
      SELECT o.run, s.name, \(SQL.rowID("r")), ps.name, \(SQL.rowID("pr")), t.step, \(SQL.source("o")), o.id, p.id
      FROM occurrence o \(SQL.otherMembers)
      JOIN run_stage s ON s.run = o.run AND s.stage = o.stage JOIN "row" r ON r.id = o."row"
      JOIN occurrence p ON p.id = m.occurrence
      JOIN run_stage ps ON ps.run = p.run AND ps.stage = p.stage JOIN "row" pr ON pr.id = p."row"
      """
    ),
    (
      "row_calls",
      """
      SELECT o.run AS run, s.name AS stage, \(SQL.rowID("r")) AS "row", \(SQL.source("o")) AS source, o.id AS id,
        c.reply AS reply, NULL AS tool_call, c.sample AS sample, NULL AS turn, c.seq AS seq
      FROM occurrence o JOIN run_stage s ON s.run = o.run AND s.stage = o.stage JOIN "row" r ON r.id = o."row"
      \(SQL.ownCalls("JOIN"))
      UNION ALL
      SELECT o.run, s.name, \(SQL.rowID("r")), \(SQL.source("o")), o.id, NULL, c."call", c.sample, c.turn, c.seq
      FROM occurrence o JOIN run_stage s ON s.run = o.run AND s.stage = o.stage JOIN "row" r ON r.id = o."row"
      \(SQL.ownTools("JOIN"))
      """
    ),
    (
      // No stage's name begins so: a stage may be called tool_calls.
      "_tool_calls",
      """
      SELECT run, stage, 't_' || id AS tool_call, tool, arguments, result, fault, (length(result) + 3) / 4 AS tokens,
        seconds, datetime(at, 'unixepoch') AS at FROM "tool__call"
      """
    ),
  ]

  /// The query of a ledger, to be read in place of the view of that name: a store's views are not to be trusted.
  static func ledger(_ name: String) -> String { ledgers.first { $0.name == name }?.query ?? "" }
}
