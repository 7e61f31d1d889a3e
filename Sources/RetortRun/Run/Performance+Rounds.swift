internal import Foundation
internal import RetortCore
internal import RetortStore

/// Rounds that are played, and those that are not.
extension Performance {
  func decide(_ gate: Int) async throws -> Scheduler.Event? {
    guard let decision = try await lookup.decision(of: gate) else { return nil }
    if !decision.goesOn { tell(.noted(stage: stage(gate).name, "the last round: \(decision.because)")) }
    return .decided(stage: gate, goesOn: decision.goesOn)
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
