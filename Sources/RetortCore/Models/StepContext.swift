/// On whose behalf a model is called: the step that is being performed. The wrapped models read it, so that a call
/// is booked to its stage and row without passing through every signature.
package struct StepContext: Sendable {
  @TaskLocal package static var current: StepContext?
  /// Which of several samples of the row, from 0, calls are made for, where each is an output row of its own or left
  /// out; nil where they serve all that the step emits.
  @TaskLocal package static var sample: Int?

  package let stage: String
  /// Distance from the sources; calls of later stages go first, so that finished rows appear early.
  package let depth: Int
  /// How often `--redo` asked for fresh answers of this stage.
  package let take: Int
  /// Told the store's number of each call that the step used, remembered or not.
  package let used: @Sendable (_ call: Int64) -> Void

  package init(stage: String, depth: Int, take: Int, used: @escaping @Sendable (_ call: Int64) -> Void) {
    self.stage = stage
    self.depth = depth
    self.take = take
    self.used = used
  }
}
