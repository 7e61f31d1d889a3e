internal import Foundation
internal import GRDB
internal import RetortCore

extension Store {
  /// Forgets the replies that today's checks refuse, with the steps that used them, so that they are asked for again.
  ///
  /// - Parameter dryRun: says what would be forgotten, and undoes it.
  /// Errors: as of ``collect(keepRuns:replies:dryRun:)``.
  package func collectUnusable(dryRun: Bool = false) async throws -> Freed {
    try await collecting(dryRun: dryRun) { db in
      let replies = try Self.unusable(db)
      var freed = Freed()
      for reply in replies {
        let steps = try Int64.fetchAll(
          db, sql: "SELECT DISTINCT step FROM step_call WHERE reply = ?", arguments: [reply])
        for step in steps { try StepTables.forget(step: step, db) }
        try db.execute(sql: "DELETE FROM reply WHERE id = ?", arguments: [reply])
        freed.steps += steps.count
      }
      freed.replies = replies.count
      try db.execute(sql: "DELETE FROM prompt WHERE id NOT IN (SELECT prompt FROM reply)")
      return freed
    }
  }

  private static func unusable(_ db: Database) throws -> [Int64] {
    // The steps that found no log-probabilities failed, and say so: other stages do without.
    let refused = try Int64.fetchSet(
      db,
      sql: """
        SELECT DISTINCT c.value FROM failure f, json_each(CASE WHEN json_valid(f.calls) THEN f.calls ELSE '[]' END) c
        WHERE f.kind = 'unsupported' AND f.message LIKE '%expected log-probabilities in the reply%'
          AND typeof(c.value) = 'integer' AND c.value NOT IN (SELECT reply FROM step_call)
        """)
    var found: [Int64] = []
    var lengths: [[String]: [Int: [Int64]]] = [:]
    let rows = try GRDB.Row.fetchCursor(
      db,
      sql: """
        SELECT r.id, CAST(r.body AS TEXT), CAST(r.parameters AS TEXT), CAST(p.json AS TEXT), CAST(r.model AS TEXT)
        FROM reply r LEFT JOIN prompt p ON p.id = r.prompt ORDER BY r.id
        """)
    while let row = try rows.next() {
      let (id, body, parameters): (Int64, String, String) = (row[0], row[1] ?? "", row[2] ?? "")
      let asked = (try? JSON(parsing: parameters)) ?? .null
      let prompt = (row[3] as String?).flatMap { try? JSON(parsing: $0) } ?? .null
      if refused.contains(id) || StoredReply.fault(body: body, parameters: asked, prompt: prompt) != nil {
        found.append(id)
      } else if asked["encoding_format"] != nil, let vector = try? Embeddings.lists(body, count: 1).first {
        lengths[[row[4] ?? "", parameters], default: [:]][vector.count, default: []].append(id)
      }
    }
    return found + lengths.values.flatMap(Self.strays)
  }

  /// Vectors of another length than nearly all of the same model, asked in the same way.
  private static func strays(_ byLength: [Int: [Int64]]) -> [Int64] {
    let most = byLength.values.map(\.count).max() ?? 0
    return byLength.values.filter { $0.count * 10 <= most }.flatMap(\.self)
  }
}
