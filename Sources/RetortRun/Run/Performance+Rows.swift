internal import OrderedCollections
internal import RetortCore
internal import RetortStore

/// Stages that answer one row at a time.
extension Performance {
  func lookUpRows(of upstream: Int, at index: Int, after cursor: Int64, _ limit: Int) async throws
    -> Scheduler.RowPage
  {
    guard let begun = begun[index] else { return .init(rows: 0, last: cursor) }
    var page = try await steps.answerPage(
      lookup.places[index], upstream: upstream, under: begun.record.fingerprints, after: cursor, limit: limit)
    if page.hits.rows > 0 { tell(.reused(stage: stage(index).name, page.hits)) }
    var refused = 0
    if !begun.record.refused.isEmpty {
      let over = page.misses.filter { begun.record.refused[$0.digest] != nil }
      page.misses.removeAll { begun.record.refused[$0.digest] != nil }
      refused = over.count
      try await passOver(over, of: index, begun)
    }
    return .init(
      rows: page.rows, last: page.last, hits: page.hits.rows, refused: refused, misses: page.misses)
  }

  /// Fails rows whose step an endpoint has refused for good before, without asking again.
  private func passOver(_ rows: [Arrival], of index: Int, _ begun: Begun) async throws {
    for (error, rows) in OrderedDictionary(grouping: rows, by: { begun.record.refused[$0.digest] }) {
      guard let error else { continue }
      try await fail(rows.map(\.id), of: index, error)
      refusals = (refusals.rows + rows.count, refusals.passedOver + rows.count)
    }
  }

  func startRow(_ arrival: Arrival, of index: Int, _ group: inout Steps) {
    guard let begun = begun[index], case .row(let process) = begun.bound.shape else { return }
    start(index, .row(arrival.row), &group) { try await self.perform(arrival, of: index, begun, process) }
  }

  /// One step of a row stage, from the row's text to the commit.
  private nonisolated func perform(
    _ arrival: Arrival, of index: Int, _ begun: Begun,
    _ process: @Sendable (Row) async throws -> Outcome<Columns>
  ) async throws -> Scheduler.StepEnd {
    let stage = engine.pipeline.stages[index]
    let calls = CallList()
    let outcome: Outcome<PackedRow>
    do {
      let row = try Row(text: arrival.text)
      outcome = try await StepContext.$current.withValue(calls.context) {
        try await process(row).map { PackedRow(try stage.output($0.values, addedTo: row)) }
      }
    } catch let error as ModelError where error.kind == .filtered {
      outcome = .drop(reason: ReplyEnd.refused.flaw ?? "", detail: error.description)
    } catch {
      if Task.isCancelled { throw CancellationError() }
      // Given up with what it waited for, by no fault of its own.
      if error is CancellationError { return .pending }
      // Going on would pay for replies that cannot be kept.
      if error is StoreError { throw error }
      if let halted = Self.halt(error) { return halted }
      try await fail(
        [arrival.id], of: index, error, calls: calls.list,
        step: StepKey(fingerprint: begun.fingerprint, input: arrival.digest))
      return .failed(isRefused: (error as? ModelError)?.isForGood ?? false)
    }
    try await engine.store.steps.commitStep(
      outcome, of: arrival, place: lookup.places[index], fingerprint: begun.fingerprint, calls: calls.list,
      at: engine.now())
    return .done(outcome.answered)
  }

  /// Tells how a row's step ended, and lets the later occurrences of the row share it.
  func settle(_ row: Int64, of index: Int, _ end: Scheduler.StepEnd, _ followers: [Int64]) async throws {
    let (place, count) = (lookup.places[index], 1 + followers.count)
    switch end {
    case .done(let one):
      tell(
        .performed(
          stage: stage(index).name, .init(rows: count, dropped: count * one.dropped, out: count * one.out)))
      guard let begun = begun[index], !followers.isEmpty else { return }
      try await steps.answerWaiting(followers, row: row, place: place, fingerprint: begun.fingerprint)
    case .failed(let isRefused):
      if isRefused { refusals.rows += count }
      guard !followers.isEmpty else { return }
      try await steps.failWaiting(followers, row: row, place: place, drop: stage(index).onFailure == .drop)
    case .halted(.waiting, let message): waiting.add(count, of: stage(index).name, for: message)
    case .pending, .halted: break
    }
  }
}

extension Outcome {
  /// What one input row became.
  fileprivate var answered: AnsweredRows {
    switch self {
    case .drop: .init(rows: 1, dropped: 1, out: 0)
    case .emit(let rows): .init(rows: 1, out: rows.count)
    case .samples(let samples):
      .init(rows: 1, out: samples.count { if case .output = $0 { true } else { false } })
    }
  }
}
