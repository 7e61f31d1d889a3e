/// On whose behalf a model is called: known when a stage is bound to its models, and carried by each of its requests.
package struct CallOrigin: Hashable, Sendable {
  /// The run that calls are booked to; nil outside a run.
  package var run: Int64?
  package var stage: String?
  /// Distance from the sources; calls of later stages go first, so that finished rows appear early.
  package var depth: Int
  /// How often `--redo` asked for fresh answers of the stage; part of a request's digest.
  package var take: Int

  package init(run: Int64? = nil, stage: String? = nil, depth: Int = 0, take: Int = 0) {
    self.run = run
    self.stage = stage
    self.depth = depth
    self.take = take
  }

  /// For what a tool asks itself: what it looks into is no answer of the stage, and is not drawn afresh with that.
  package var withoutTake: CallOrigin { CallOrigin(run: run, stage: stage, depth: depth) }
}
