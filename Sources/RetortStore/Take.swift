/// What `--redo` asks of a stage.
package enum Redo: Hashable, Sendable {
  /// Nothing.
  case none
  /// To go on with a redo that was begun; nothing where it has finished.
  case goOn
  /// To go on with a redo that was begun, else to begin one.
  case begin
}

/// Which answers of a stage a run goes by. The first ones are take 0; each `--redo` asks for a further take, which becomes
/// the valid one when the stage has finished.
package struct Take: Hashable, Sendable {
  package var number: Int
  /// Whether it is yet to become the valid one.
  package var isRedo: Bool
  /// Another one was begun and has not finished.
  package var leavesRedo: Bool

  package init(number: Int, isRedo: Bool = false, leavesRedo: Bool = false) {
    self.number = number
    self.isRedo = isRedo
    self.leavesRedo = leavesRedo
  }
}

/// A redo that was begun and has not finished: until it has, the answers from before it stand.
package struct UnfinishedRedo: Codable, Hashable, Sendable, CustomStringConvertible {
  package let stage: String
  /// The newest run that worked on it.
  package let run: Int64?

  package init(stage: String, run: Int64?) {
    self.stage = stage
    self.run = run
  }

  package var description: String {
    let resume = run.map { "`retort resume \($0)` or " } ?? ""
    return "a redo of \(stage) was begun and has not finished: the answers from before it stand; "
      + "\(resume)`--redo \(stage)` goes on with it"
  }
}
