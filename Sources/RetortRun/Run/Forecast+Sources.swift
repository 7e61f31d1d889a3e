internal import OrderedCollections
internal import RetortCore
package import RetortStore

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
    return Forecast(
      plan, of: pipeline,
      measures: try await store.inspector.measures(of: pipeline.stages.map(\.name), in: pipeline.name),
      sources: sources)
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
