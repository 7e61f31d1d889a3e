internal import Foundation
internal import GRDB
internal import OrderedCollections
internal import RetortCore

extension Inspector {
  /// What the newest 1000 steps of each of some stages took: of those under the fingerprints that the stage has now,
  /// first of those that answered this stage of the pipeline, else of those that anything made; where there are none, of
  /// those that the pipeline's stage of that name made before. Stages of equal configuration share their steps, and may
  /// be given very different rows.
  ///
  /// - Parameter stages: fingerprints by stage.
  package func measures(of stages: [String: [Int64]], in pipeline: String) async throws -> [String:
    StageMeasure]
  {
    var found: [String: StageMeasure] = [:]
    for (stage, prints) in stages {
      found[stage] = try await read { db in
        let own = try Self.steps(under: prints, answering: (stage, pipeline), db)
        let now = try own.isEmpty ? Self.steps(under: prints, db) : own
        let steps = try now.isEmpty ? Self.steps(under: Self.prints(of: stage, in: pipeline, db), db) : now
        guard !steps.isEmpty else { return StageMeasure() }
        let others = stages.keys.filter { $0 != stage }
        return try Self.measure(steps, isOlder: now.isEmpty, beside: others, db)
      }
    }
    return found
  }

  /// Nil where no run of the pipeline has ended well and asked anything.
  package func pace(of pipeline: String) async throws -> RunPace? {
    try await read { db -> RunPace? in
      let run = try GRDB.Row.fetchOne(
        db,
        sql: """
          SELECT id, finished - started FROM run r WHERE pipeline = ? AND status = 'complete'
            AND EXISTS (SELECT 1 FROM reply WHERE run = r.id) ORDER BY id DESC LIMIT 1
          """, arguments: [pipeline])
      guard let run else { return nil }
      let rows = try GRDB.Row.fetchAll(
        db,
        sql: """
          SELECT stage, model, count(*), total(\(SQL.amount("seconds"))),
            total(\(SQL.count("prompt_tokens")) + \(SQL.count("completion_tokens"))),
            min(\(SQL.amount("at")) - \(SQL.amount("seconds"))), max(\(SQL.amount("at")))
          FROM reply WHERE run = ? GROUP BY stage, model
          """, arguments: [try run.at(0) as Int64])
      let begins = try rows.compactMap { try $0.at(5) as Double? }.min() ?? 0
      let ends = try rows.compactMap { try $0.at(6) as Double? }.max() ?? 0
      return RunPace(
        wall: max(0, try run.at(1) as Double? ?? 0), active: max(0, ends - begins),
        loads: try rows.map {
          .init(
            stage: try $0.at(0), model: try $0.at(1), calls: try $0.at(2), seconds: try $0.at(3),
            tokens: try $0.at(4))
        })
    }
  }

  private static func prints(of stage: String, in pipeline: String, _ db: Database) throws -> [Int64] {
    try Int64.fetchAll(
      db,
      sql: """
        SELECT DISTINCT s.fingerprint FROM run_stage s JOIN run r ON r.id = s.run
        WHERE r.pipeline = ? AND s.name = ? AND s.fingerprint IS NOT NULL
        """, arguments: [pipeline, stage])
  }

  private static func steps(
    under prints: [Int64], answering asked: (stage: String, pipeline: String)? = nil, _ db: Database
  ) throws -> [Int64] {
    guard !prints.isEmpty else { return [] }
    let answers = """
      EXISTS (SELECT 1 FROM taken t JOIN run_stage s ON s.run = t.run AND s.stage = t.stage
        JOIN run r ON r.id = t.run WHERE t.step = step.id AND s.name = ?2 AND r.pipeline = ?3)
      """
    return try Int64.fetchAll(
      db,
      sql: """
        SELECT id FROM step WHERE input IS NOT NULL AND fingerprint IN (SELECT value FROM json_each(?1))
        AND (?2 IS NULL OR \(answers)) ORDER BY id DESC LIMIT 1000
        """,
      arguments: [JSON.array(prints.map { .int($0) }).text, asked?.stage, asked?.pipeline])
  }

  /// - Parameter others: the pipeline's other stages.
  private static func measure(
    _ steps: [Int64], isOlder: Bool, beside others: [String], _ db: Database
  ) throws -> StageMeasure {
    let list = "(" + steps.map(String.init).joined(separator: ",") + ")"
    let counts = { (sql: String) -> StageMeasure.Spread in
      let found = try GRDB.Row.fetchAll(db, sql: sql).map { (try $0.at(0) as Int64, try $0.at(1) as Int) }
      let known = Dictionary(found) { first, _ in first }
      return .init(of: steps.map { Double(known[$0] ?? 0) })
    }
    let out = try counts(
      "SELECT step, count(\"row\") FROM emission WHERE step IN \(list) GROUP BY step")
    // Of the run that made it: others may have been given the same set.
    let given = try counts(
      """
      SELECT t.step, count(*) FROM taken t JOIN step s ON s.id = t.step AND s.run = t.run
      WHERE t.step IN \(list) GROUP BY t.step
      """)
    let bytes = try Double.fetchOne(
      db,
      sql: """
        SELECT avg(length(json)) FROM (SELECT r.json FROM emission e JOIN "row" r ON r.id = e."row"
          WHERE e.step IN \(list) LIMIT 1000)
        """)
    let calls = try GRDB.Row.fetchAll(
      db,
      sql: """
        SELECT c.model, sc.step, c.id, \(SQL.count("c.prompt_tokens")), \(SQL.count("c.completion_tokens")),
          \(SQL.count("c.cached_tokens")), coalesce(\(SQL.amount("c.seconds")), 0),
          coalesce(c.stage IN (SELECT value FROM json_each(?)), FALSE)
        FROM step_call sc JOIN reply c ON c.id = sc.reply WHERE sc.step IN \(list) ORDER BY sc.step, sc.seq
        """, arguments: [JSON.array(others.map { .string($0) }).text]
    ).map {
      let call = StageMeasure.Call(
        step: try $0.at(1), reply: try $0.at(2), prompt: try $0.at(3), completion: try $0.at(4),
        cached: try $0.at(5), seconds: try $0.at(6), isForeign: try $0.at(7))
      return (model: try $0.at(0) as String, call: call)
    }
    return StageMeasure(
      steps: steps.count, isOlder: isOlder, out: out, given: given, rowBytes: bytes ?? 0,
      models: Dictionary(grouping: calls, by: \.model).mapValues { .init($0.map(\.call), of: steps) })
  }
}
