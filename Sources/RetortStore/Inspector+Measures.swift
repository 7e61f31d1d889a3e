internal import Foundation
internal import GRDB
internal import OrderedCollections
internal import RetortCore

extension Inspector {
  /// What the newest 1000 steps of each of some stages of a pipeline took, whatever their configuration was then.
  package func measures(of stages: [String], in pipeline: String) async throws -> [String: StageMeasure] {
    var found: [String: StageMeasure] = [:]
    for stage in stages { found[stage] = try await read { try Self.measure(stage, of: pipeline, $0) } }
    return found
  }

  private static func measure(_ stage: String, of pipeline: String, _ db: Database) throws -> StageMeasure {
    let steps = try Int64.fetchAll(
      db,
      sql: """
        SELECT id FROM step WHERE input IS NOT NULL AND fingerprint IN
          (SELECT s.fingerprint FROM run_stage s JOIN run r ON r.id = s.run WHERE r.pipeline = ? AND s.name = ?)
        ORDER BY id DESC LIMIT 1000
        """, arguments: [pipeline, stage])
    guard !steps.isEmpty else { return StageMeasure() }
    let list = "(" + steps.map(String.init).joined(separator: ",") + ")"
    let flow = try GRDB.Row.fetchOne(
      db,
      sql: """
        SELECT (SELECT count(*) FROM emission WHERE step IN \(list) AND "row" IS NOT NULL),
          (SELECT count(*) FROM taken t JOIN step s ON s.id = t.step AND s.run = t.run WHERE t.step IN \(list)),
          (SELECT avg(length(json)) FROM (SELECT r.json FROM emission e JOIN "row" r ON r.id = e."row"
            WHERE e.step IN \(list) LIMIT 1000))
        """)
    let (out, given): (Int, Int) = (try flow.maybe(0) ?? 0, try flow.maybe(1) ?? 0)
    let calls = try GRDB.Row.fetchAll(
      db,
      sql: """
        SELECT c.model, count(*), total(\(SQL.count("c.prompt_tokens"))),
          total(\(SQL.count("c.completion_tokens"))), total(\(SQL.count("c.cached_tokens"))),
          total(\(SQL.amount("c.seconds")))
        FROM step_call sc JOIN reply c ON c.id = sc.reply WHERE sc.step IN \(list) GROUP BY c.model, sc.step
        """)
    let models = try Dictionary(grouping: calls) { try $0.at(0) as String }.mapValues { perStep in
      let column = { (index: Int) in try perStep.map { try $0.at(index) as Double } }
      let none = [Double](repeating: 0, count: steps.count - perStep.count)
      let (count, prompt) = try (column(1), column(2))
      return StageMeasure.Model(
        calls: .init(of: count + none), prompt: .init(of: prompt + none),
        completion: .init(of: try column(3) + none),
        cachedShare: try column(4).reduce(0, +) / max(1, prompt.reduce(0, +)),
        secondsPerCall: try column(5).reduce(0, +) / max(1, count.reduce(0, +)))
    }
    return StageMeasure(
      steps: steps.count, yield: given > 0 ? Double(out) / Double(given) : nil,
      rowBytes: try flow.maybe(2) ?? 0,
      models: models)
  }
}
