/// What a step learns of the calls that it uses.
///
/// A stage is bound to its models once and performs many steps at a time, in which a call may be several functions and
/// tasks away from the row that it is made for. Which step a reply was used by is therefore the one thing that follows
/// the task and not the parameters; what all calls of a stage have in common is their ``CallOrigin``.
package struct StepContext: Sendable {
  @TaskLocal package static var current: StepContext?
  /// Which of several samples of the row, from 0, calls are made for, where each is an output row of its own or left
  /// out; nil where they serve all that the step emits.
  @TaskLocal package static var sample: Int?

  /// Told the store's number of each call that the step used, remembered or not.
  package let used: @Sendable (_ call: Int64) -> Void

  /// Told the store's number of each tool call that the step used, and the turn of the rollout that it was made in.
  package let usedTool: @Sendable (_ call: Int64, _ turn: Int) -> Void

  package init(
    used: @escaping @Sendable (_ call: Int64) -> Void,
    usedTool: @escaping @Sendable (_ call: Int64, _ turn: Int) -> Void = { _, _ in }
  ) {
    self.used = used
    self.usedTool = usedTool
  }
}
