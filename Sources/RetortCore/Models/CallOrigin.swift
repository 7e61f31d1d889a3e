/// On whose behalf a model is called: known when a stage is bound to its models, and carried by each of its requests.
package struct CallOrigin: Hashable, Sendable {
  /// The run that calls are booked to; nil outside a run.
  package var run: Int64?
  package var stage: String?
  /// Distance from the sources; calls of later stages go first, so that finished rows appear early.
  package var depth: Int
  /// How often `--redo` asked for fresh answers of the stage; part of a request's digest.
  package var take: Int
  /// Of the rounds of a pipeline, where its stage draws samples; part of a request's digest from the second on.
  package var round: Int

  package init(run: Int64? = nil, stage: String? = nil, depth: Int = 0, take: Int = 0, round: Int = 1) {
    self.run = run
    self.stage = stage
    self.depth = depth
    self.take = take
    self.round = round
  }

  /// That of what the stage's tools ask for themselves: whose answers are the same for whoever asks, whenever.
  package var ofTools: CallOrigin { CallOrigin(run: run, stage: stage, depth: depth) }
}
