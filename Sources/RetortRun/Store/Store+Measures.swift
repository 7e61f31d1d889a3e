internal import Foundation
internal import GRDB
internal import OrderedCollections
internal import RetortCore

extension Store {
  /// What the newest 1000 steps of each stage of a pipeline took, whatever its configuration was then.
  package func measures(of pipeline: Pipeline) async throws -> [String: StageMeasure] {
    var found: [String: StageMeasure] = [:]
    for stage in pipeline.stages {
      let (name, stage) = (pipeline.name, stage.name)
      found[stage] = try await read { try Self.measure(stage, of: name, $0) }
    }
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
        SELECT c.model, count(*), total(\(Self.count("c.prompt_tokens"))),
          total(\(Self.count("c.completion_tokens"))), total(\(Self.count("c.cached_tokens"))),
          total(\(Self.amount("c.seconds")))
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

extension Forecast {
  /// What a plan's calls will take. Readers that were never read are read here, to count their rows; no model is
  /// called. One that cannot be read counts as empty: the run will say why.
  package static func make(
    _ plan: Plan, of pipeline: Pipeline, store: Store, limit: Int? = nil
  ) async throws -> Forecast {
    var sources: [String: Source] = [:]
    for entry in plan.stages where entry.todo > 0 {
      guard let stage = pipeline[entry.stage], stage.from.isEmpty else { continue }
      let feeds = pipeline.stages.contains { $0.from.contains(stage.name) }
      sources[entry.stage] = try? await count(stage, in: pipeline, limit: feeds ? limit : nil)
    }
    return Forecast(plan, of: pipeline, measures: try await store.measures(of: pipeline), sources: sources)
  }

  private static func count(_ stage: PipelineStage, in pipeline: Pipeline, limit: Int?) async throws -> Source
  {
    let bound = try stage.configured.bind(Workspace(folder: pipeline.folder, models: InertModels()))
    guard case .set(let process) = bound.shape else { return Source(rows: 0, bytes: 0) }
    let counter = RowCounter()
    try await process(RowSet([])) { await counter.take($0) }
    let (rows, bytes) = await (counter.rows, counter.bytes)
    guard let limit, rows > limit else { return Source(rows: rows, bytes: bytes) }
    return Source(rows: limit, bytes: bytes / rows * limit)
  }
}

private actor RowCounter {
  private(set) var rows = 0
  private(set) var bytes = 0

  func take(_ answer: SetAnswer) {
    guard case .make(let columns, _) = answer else { return }
    rows += 1
    bytes += JSON.object(columns).text.utf8.count
  }
}
