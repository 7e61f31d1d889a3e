internal import OrderedCollections
internal import RetortCore
internal import RetortStore

extension Scheduler {
  /// - Parameters:
  ///   - only: the stage that is performed with its ancestors; nil for all.
  ///   - cores: steps in flight of a stage that calls no model.
  init(_ pipeline: Pipeline, only: String?, cores: Int) {
    let ordinals = pipeline.ordinals
    let depths = pipeline.depths
    let needed = only.map { pipeline.ancestry(of: $0) }
    self.init(
      pipeline.stages.map { stage in
        Node(
          from: stage.from.compactMap { ordinals[$0] }, using: stage.using.values.compactMap { ordinals[$0] },
          after: stage.round?.after.compactMap { ordinals[$0] } ?? [],
          gate: stage.round?.entrance.flatMap { entrance in
            ordinals[entrance.gate].map { .init(stage: $0, goesOn: entrance.goesOn) }
          },
          decides: stage.round?.decides ?? false,
          depth: depths[stage.name] ?? 0, isSet: stage.entry.isSet, isGrouped: stage.per != nil,
          window: max(
            1,
            stage.models.compactMap { pipeline.models[$0]?.concurrency }.max() ?? stage.configured.inFlight
              ?? cores),
          callsModels: !stage.models.isEmpty, dropsFailures: stage.onFailure == .drop,
          isNeeded: needed?.contains(stage.name) ?? true)
      })
  }
}
