internal import RetortCore
internal import RetortStore

/// The gates at which rounds wait.
extension Scheduler {
  enum Passage {
    case undecided
    case open
    /// The round before has failed or pending rows, so that nobody can tell.
    case held
    case closed
  }

  func passage(of gate: Node.Gate) -> Passage {
    let state = stages[gate.stage]
    guard state.isFinished else { return .undecided }
    guard state.isSettled else { return .held }
    // A gate of a round that is not played leads nowhere.
    guard !state.isSkipped else { return .closed }
    guard let goesOn = state.goesOn else { return .undecided }
    return goesOn == gate.goesOn ? .open : .closed
  }

  mutating func skip(_ stage: Int) -> Action {
    stages[stage].isFinished = true
    stages[stage].isSettled = true
    stages[stage].isSkipped = true
    progressed = true
    return .skip(stage: stage)
  }
}
