internal import Foundation
internal import OrderedCollections
internal import RetortCore
internal import RetortStore

/// Rounds that are played, and those that are not.
extension Performance {
  func decide(_ gate: Int) async throws -> Scheduler.Event? {
    guard let decision = try await lookup.decision(of: gate) else { return nil }
    if !decision.goesOn { tell(.noted(stage: stage(gate).name, "the last round: \(decision.because)")) }
    return .decided(stage: gate, goesOn: decision.goesOn)
  }

  /// The models that a stage asks, with those that the round before made in their places.
  ///
  /// Errors: ``StageError`` where that round made none.
  func models(of stage: PipelineStage) async throws -> any ModelProvider {
    let aliases = stage.models.filter { stage.using[RoundModel.role(of: $0)] != nil }
    guard !aliases.isEmpty else { return engine.models }
    var carried: [String: ModelSpec] = [:]
    for alias in aliases {
      guard var spec = engine.pipeline.models[alias], let name = stage.using[RoundModel.role(of: alias)],
        let source = lookup.source(of: name),
        let row = try await steps.rowSet(source, count: 1, complete: true).all().first
      else {
        throw StageError("expected a row that says what the model '\(alias)' is in this round, found none")
      }
      let trained = try JSON.object(row.value.values).decode(RoundModel.Input.self)
      (spec.name, spec.revision) = (trained.name, trained.revision)
      if let path = trained.path {
        spec.launch? += [URL(filePath: path, relativeTo: engine.pipeline.folder).standardizedFileURL.path]
      }
      carried[alias] = spec
    }
    return CarriedModels(models: engine.models, carried: carried)
  }

  func skip(_ index: Int) async throws {
    try await steps.skipStage(lookup.places[index])
    close(index)
    for path in try await leftovers(of: index) {
      tell(.noted(stage: stage(index).name, "not played, so \(path) is still that of an earlier run"))
    }
  }

  /// The files that an export wrote in an earlier run.
  private func leftovers(of index: Int) async throws -> [String] {
    guard stage(index).entry.exports else { return [] }
    var found: [String] = []
    let pipeline = engine.pipeline
    for target in (try? pipeline.targets(of: stage(index), suffix: engine.options.exportSuffix)) ?? []
    where target.role == .data && FileManager.default.fileExists(atPath: target.url.path) {
      if try await !ledger.hashes(of: target).isEmpty {
        found.append(Workspace.relative(target.url.path, to: pipeline.folder))
      }
    }
    return found
  }
}
