internal import RetortCore
internal import RetortStore

/// Stages that answer a whole set, or each group of one.
extension Scheduler {
  mutating func advanceSet(_ stage: Int) -> Action? {
    let node = stages[stage].node
    let isOver = hasFinishedUpstream(of: stage)
    guard isOver || node.isGrouped else { return nil }
    guard node.isGrouped || hasSettledUpstream(of: stage) else { return finish(stage, settled: false) }
    guard stages[stage].hasBegun else { return .begin(stage: stage) }
    if stages[stage].inFlight < node.window, let action = nextSet(of: stage) ?? search(stage, isOver: isOver)
    {
      return action
    }
    guard isOver, stages[stage].groups.isClosed, stages[stage].sets.isEmpty, stages[stage].inFlight == 0
    else {
      return nil
    }
    return finish(stage, settled: hasSettledUpstream(of: stage) && !stages[stage].isHeld)
  }

  /// Looks the first set up, and performs its step when it has none.
  private mutating func nextSet(of stage: Int) -> Action? {
    guard let group = stages[stage].sets.first else { return nil }
    guard let input = stages[stage].missing else { return .lookUpSet(stage: stage, group: group) }
    // Halted, or an equal set is in flight: when that has ended, this one finds its step.
    guard mayStart(stage), stages[stage].setsInFlight[input.digest] == nil else { return nil }
    stages[stage].missing = nil
    stages[stage].sets.removeFirst()
    if stages[stage].isRefused {
      progressed = true
      _ = fail(stage, rows: input.count)
      return .passOverSet(stage: stage, group: group, input)
    }
    start(stage)
    stages[stage].setsInFlight[input.digest] = input.count
    return .performSet(stage: stage, group: group, input)
  }

  /// Finds sets once those that were found are under way.
  private mutating func search(_ stage: Int, isOver: Bool) -> Action? {
    guard stages[stage].sets.isEmpty else { return nil }
    guard stages[stage].node.isGrouped else {
      guard !stages[stage].groups.isClosed else { return nil }
      stages[stage].groups.close(with: [])
      stages[stage].sets = [nil]
      return nextSet(of: stage)
    }
    if isOver, !stages[stage].groups.isClosed { return .lookUpAllGroups(stage: stage) }
    if !isOver, stages[stage].groups.candidates < pageSize, let (upstream, last) = nextIntake(of: stage) {
      return .lookUpGroups(stage: stage, upstream: upstream, after: last, limit: pageSize)
    }
    return stages[stage].groups.takeCandidates().map { .checkGroups(stage: stage, $0) }
  }

  mutating func receive(_ page: GroupPage, of upstream: Int, at stage: Int) {
    note(rows: page.rows, last: page.last, of: upstream, at: stage)
    stages[stage].groups.add(page.groups)
  }

  mutating func receive(_ found: SetLookUp, at stage: Int) {
    switch found {
    case .missing(let input):
      (stages[stage].missing, stages[stage].isRefused) = (input, false)
      return
    case .refused(let input):
      (stages[stage].missing, stages[stage].isRefused) = (input, true)
      return
    case .known:
      stages[stage].arrivals += 1
      progressed = true
    case .empty: break
    }
    stages[stage].sets.removeFirst()
  }

  mutating func settleSet(_ input: Digest, of stage: Int, _ end: StepEnd) {
    let count = stages[stage].setsInFlight.removeValue(forKey: input) ?? 0
    if stages[stage].missing?.digest == input { stages[stage].missing = nil }
    var end = end
    switch end {
    case .done: stages[stage].arrivals += 1
    case .failed:
      if fail(stage, rows: count) { end = .done(.init(rows: count, dropped: count, out: 0)) }
    case .pending, .halted: stages[stage].isHeld = true
    }
    consequences.append(.settleSet(stage: stage, end))
  }

  /// Whether a failed set is dropped with its rows. Without rows there is nothing to drop.
  private mutating func fail(_ stage: Int, rows: Int) -> Bool {
    guard stages[stage].node.dropsFailures, rows > 0 else {
      stages[stage].isHeld = true
      return false
    }
    stages[stage].arrivals += 1
    hasLostRows = true
    return true
  }
}
