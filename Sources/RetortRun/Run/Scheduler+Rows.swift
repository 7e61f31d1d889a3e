internal import RetortCore
internal import RetortStore

/// Stages that answer one row at a time.
extension Scheduler {
  mutating func advanceRows(_ stage: Int) -> Action? {
    guard stages[stage].hasBegun else { return .begin(stage: stage) }
    let window = stages[stage].node.window
    if stages[stage].inFlight < window, mayStart(stage), let arrival = stages[stage].rows.start() {
      start(stage)
      return .performRow(stage: stage, arrival)
    }
    if stages[stage].rows.ready < window, let (upstream, last) = nextIntake(of: stage) {
      return .lookUpRows(stage: stage, upstream: upstream, after: last, limit: pageSize)
    }
    guard stages[stage].inFlight == 0, stages[stage].rows.ready == 0, hasFinishedUpstream(of: stage) else {
      return nil
    }
    return finish(stage, settled: hasSettledUpstream(of: stage) && !stages[stage].isHeld)
  }

  mutating func receive(_ page: RowPage, of upstream: Int, at stage: Int) {
    note(rows: page.rows, last: page.last, of: upstream, at: stage)
    guard page.rows > 0 else { return }
    progressed = true
    if page.hits > 0 { stages[stage].arrivals += 1 }
    if page.refused > 0 { noteFailure(at: stage) }
    stages[stage].rows.add(page.misses)
  }

  mutating func settleRow(_ row: Int64, of stage: Int, _ end: StepEnd) {
    switch end {
    case .done: stages[stage].arrivals += 1
    case .failed: noteFailure(at: stage)
    case .pending, .halted: stages[stage].isHeld = true
    }
    consequences.append(.settleRow(stage: stage, row: row, end, followers: stages[stage].rows.end(row)))
  }

  private mutating func noteFailure(at stage: Int) {
    if stages[stage].node.dropsFailures { hasLostRows = true } else { stages[stage].isHeld = true }
  }
}
