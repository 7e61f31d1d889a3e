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
  }
}
