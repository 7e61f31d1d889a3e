internal import OrderedCollections
internal import RetortCore
internal import RetortStore

/// Decides what a pipeline does next: which stage begins, which rows and sets are looked up, which steps are performed,
/// and when a stage and the run have ended.
///
/// A pure value, and the only one that decides. It has no clock, no store and no model. Whoever drives it asks for the
/// ``next()`` action, does it in a way of its own, and tells by ``handle(_:)`` what came of it. The engine performs steps
/// and says when they have ended; a plan says of each that it is ``StepEnd/pending``, and so goes over the same ground
/// without a call.
///
/// An action costs O(1), amortised over the rows; looking for work after steps have ended costs O(stages).
struct Scheduler: Sendable {
  /// Rows that are looked up at a time.
  let pageSize: Int
  /// By their place in the file.
  var stages: [StageState]
  /// The stages furthest from the sources first, so that finished rows appear early.
  private let order: [Int]
  /// The one of ``order`` that is asked next for work.
  private var position = 0
  /// Whether something came about, since the first of ``order`` was asked, that other stages may wait for.
  var progressed = false
  /// Actions that follow from what was heard; they come before all others.
  var consequences: ArraySlice<Action> = []
  private var stepsInFlight = 0
  /// Why nothing new is started that calls a model, or nothing at all when it is `interrupted`.
  private(set) var halt: RunStatus?
  /// Whether rows wait for an answer from outside.
  private var hasWaitingRows = false
  /// Whether failed rows were dropped: the run is not complete, though all stages have settled.
  var hasLostRows = false

  init(_ nodes: [Node], pageSize: Int = 500) {
    self.pageSize = pageSize
    stages = nodes.map { StageState(node: $0) }
    order = nodes.indices.sorted { (nodes[$1].depth, $1) < (nodes[$0].depth, $0) }
  }

  /// What is to be done next. A look-up is to be answered before the next action is asked for; a step may end at any
  /// later time.
  mutating func next() -> Action {
    if let action = consequences.popFirst() { return action }
    while halt != .interrupted {
      while position < order.count {
        if let action = advance(order[position]) { return action }
        position += 1
      }
      position = 0
      guard progressed else { break }
      progressed = false
    }
    position = 0
    return stepsInFlight > 0 ? .wait : .end(status)
  }

  mutating func handle(_ event: Event) {
    switch event {
    case .begun(let stage): stages[stage].hasBegun = true
    case .couldNotBegin(let stage): consequences.append(finish(stage, settled: false))
    case .heldUp(let stage, let status, let message):
      consequences.append(finish(stage, settled: false))
      stop(status, message)
    case .rows(let stage, let upstream, let page): receive(page, of: upstream, at: stage)
    case .groups(let stage, let upstream, let page): receive(page, of: upstream, at: stage)
    case .allGroups(let stage, let groups): stages[stage].groups.close(with: groups)
    case .checked(let stage, let checks): stages[stage].sets += stages[stage].groups.checked(checks)
    case .set(let stage, let found): receive(found, at: stage)
    case .ended(let stage, let step, let end): settle(step, of: stage, end)
    case .decided(let stage, let goesOn): stages[stage].goesOn = goesOn
    case .interrupted:
      // What has finished cannot be interrupted any more.
      if stages.contains(where: { $0.node.isNeeded && !$0.isFinished }) { halt = .interrupted }
    }
  }

  private var status: RunStatus {
    if let halt { return halt }
    if hasWaitingRows { return .waiting }
    let hasSettled = stages.allSatisfy { !$0.node.isNeeded || $0.isSettled }
    return hasSettled && !hasLostRows ? .complete : .incomplete
  }

  // MARK: Stages

  /// The next action for one stage; nil while it waits for others or for its own steps.
  private mutating func advance(_ stage: Int) -> Action? {
    guard stages[stage].node.isNeeded, !stages[stage].isFinished else { return nil }
    if let gate = stages[stage].node.gate {
      switch passage(of: gate) {
      case .open: break
      case .undecided: return nil
      case .held: return finish(stage, settled: false)
      case .closed: return skip(stage)
      }
    }
    for set in stages[stage].node.using + stages[stage].node.after {
      guard stages[set].isFinished else { return nil }
      guard stages[set].isSettled else { return finish(stage, settled: false) }
    }
    return stages[stage].node.isSet ? advanceSet(stage) : advanceRows(stage)
  }

  mutating func finish(_ stage: Int, settled: Bool) -> Action {
    stages[stage].isFinished = true
    stages[stage].isSettled = settled
    progressed = true
    if settled, stages[stage].node.decides { consequences.append(.decide(stage: stage)) }
    return .finish(stage: stage, settled: settled)
  }

  func hasFinishedUpstream(of stage: Int) -> Bool {
    stages[stage].node.from.allSatisfy { stages[$0].isFinished }
  }

  func hasSettledUpstream(of stage: Int) -> Bool {
    stages[stage].node.from.allSatisfy { stages[$0].isSettled }
  }

  /// The next upstream stage that has rows which were not looked at, and the last one that was; nil when there is none.
  /// They count as looked at from now on.
  mutating func nextIntake(of stage: Int) -> (upstream: Int, after: Int64)? {
    for slot in stages[stage].intakes.indices {
      let upstream = stages[stage].node.from[slot]
      let arrivals = stages[upstream].arrivals
      guard stages[stage].intakes[slot].seen < arrivals else { continue }
      stages[stage].intakes[slot].seen = arrivals
      return (upstream, stages[stage].intakes[slot].last)
    }
    return nil
  }

  /// Notes how far a page has come.
  mutating func note(rows: Int, last: Int64, of upstream: Int, at stage: Int) {
    for slot in stages[stage].intakes.indices where stages[stage].node.from[slot] == upstream {
      if rows > 0 { stages[stage].intakes[slot].last = last }
      // A full page says nothing of what comes behind it.
      if rows >= pageSize { stages[stage].intakes[slot].seen = 0 }
    }
  }

  // MARK: Steps

  func mayStart(_ stage: Int) -> Bool {
    switch halt {
    case nil: true
    case .interrupted: false
    default: !stages[stage].node.callsModels
    }
  }

  mutating func start(_ stage: Int) {
    stages[stage].inFlight += 1
    stepsInFlight += 1
  }

  private mutating func settle(_ step: StepInput, of stage: Int, _ end: StepEnd) {
    stages[stage].inFlight -= 1
    stepsInFlight -= 1
    // A stage that was asked before may have waited for this one.
    if position > 0 { progressed = true }
    switch step {
    case .row(let row): settleRow(row, of: stage, end)
    case .set(let input): settleSet(input, of: stage, end)
    }
    guard case .halted(let status, let message) = end else { return }
    if status == .waiting { hasWaitingRows = true }
    guard status != .waiting else { return }
    stop(status, message)
  }

  private mutating func stop(_ status: RunStatus, _ message: String) {
    guard halt == nil else { return }
    halt = status
    // Whoever interrupted knows.
    if status != .interrupted { consequences.append(.announce(status, message: message)) }
  }
}
