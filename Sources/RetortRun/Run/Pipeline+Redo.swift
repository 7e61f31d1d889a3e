internal import RetortCore

extension Pipeline {
  /// Whether `--redo` may name this.
  ///
  /// Errors: ``RunError`` where a single round is named of a stage whose steps are the same in all of them.
  package func checkRedo(_ name: String) throws {
    guard let stage = self[name], let round = stage.round, !stage.entry.drawsSamples else { return }
    throw RunError(
      "expected \(round.label) after --redo, since '\(stage.entry.name)' draws no samples and its steps are the same in "
        + "every round, found '\(name)'")
  }
}
