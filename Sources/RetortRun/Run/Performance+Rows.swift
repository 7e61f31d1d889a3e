internal import OrderedCollections
internal import RetortCore
internal import RetortStages

/// Stages that answer one row at a time.
extension Performance {
  func advanceRows(_ index: Int, _ group: inout Steps) async throws -> Bool {
    guard let begun = try await begin(index) else { return try await finish(index, settled: false) }
    var progressed = false
    while true {
      while states[index].inFlight < states[index].window, mayStart(index),
        let arrival = states[index].ready.popFirst()
      {
        startRow(arrival, index, begun, &group)
      }
      guard states[index].ready.count < states[index].window else { return progressed }
      guard try await pull(index, begun) else { break }
      progressed = true
    }
    guard states[index].inFlight == 0, states[index].ready.isEmpty,
      states[index].place.from.allSatisfy({ states[$0].finished })
    else { return progressed }
    let upstream = states[index].place.from.allSatisfy { states[$0].settled }
    return try await finish(index, settled: upstream && states[index].failures == 0)
  }

  /// Looks up the next page of one upstream stage; false when none has more.
  func pull(_ index: Int, _ begun: Begun) async throws -> Bool {
    for (slot, upstream) in states[index].place.from.enumerated() {
      let arrivals = states[upstream].arrivals
      guard states[index].seen[slot] < arrivals else { continue }
      let (place, cursor) = (states[index].place, states[index].cursors[slot])
      let page = try await store.write { db in
        try Store.answer(
          place, upstream: upstream, fingerprints: begun.fingerprints, after: cursor, limit: Self.pageSize,
          db)
      }
      if page.rows < Self.pageSize { states[index].seen[slot] = arrivals }
      guard page.rows > 0 else { continue }
      states[index].cursors[slot] = page.last
      if page.hits.rows > 0 {
        states[index].arrivals += 1
        tell(.reused(stage: states[index].stage.name, page.hits))
      }
      let (over, misses) = (
        page.misses.filter { begun.refused[$0.digest] != nil },
        page.misses.filter { begun.refused[$0.digest] == nil }
      )
      try await passOver(over, index, begun)
      for miss in misses {
        if states[index].waiting[miss.row] != nil {
          states[index].waiting[miss.row]?.append(miss.id)
        } else {
          states[index].waiting[miss.row] = []
          states[index].ready.append(miss)
        }
      }
      return true
    }
    return false
  }

  /// Fails rows whose step an endpoint has refused for good before, without asking again.
  private func passOver(_ rows: [Arrival], _ index: Int, _ begun: Begun) async throws {
    for (error, rows) in OrderedDictionary(grouping: rows, by: { begun.refused[$0.digest] }) {
      guard let error else { continue }
      try await fail(rows.map(\.id), index, error)
      refusals = (refusals.rows + rows.count, refusals.passedOver + rows.count)
      if states[index].stage.onFailure == .fail { states[index].failures += rows.count }
    }
  }

  func startRow(_ arrival: Arrival, _ index: Int, _ begun: Begun, _ group: inout Steps) {
    guard case .row(let process) = begun.bound.shape else { return }
    start(index, row: arrival.row, &group) { try await self.perform(arrival, index, begun, process) }
  }

  /// One step of a row stage, from the row's text to the commit.
  nonisolated func perform(
    _ arrival: Arrival, _ index: Int, _ begun: Begun,
    _ process: @Sendable (Row) async throws -> Outcome<Columns>
  ) async throws -> Finished.End {
    let (stage, place) = (begun.stage, begun.place)
    let calls = CallList()
    let context = StepContext { calls.append($0) }
    let outcome: Outcome<PackedRow>
    do {
      let row = try Row(text: arrival.text)
      outcome = try await StepContext.$current.withValue(context) {
        try await process(row).map { PackedRow(try stage.output($0.values, addedTo: row)) }
      }
    } catch let error as ModelError where error.kind == .filtered {
      outcome = .drop(reason: ReplyEnd.refused.flaw ?? "", detail: error.description)
    } catch {
      if Task.isCancelled { throw CancellationError() }
      // Going on would pay for replies that cannot be kept.
      if error is StoreError { throw error }
      if let stopped = Self.stop(error) { return stopped }
      try await fail(
        [arrival.id], index, error, calls: calls.list, step: (begun.fingerprint, arrival.digest))
      return .failed(refused: (error as? ModelError)?.isForGood ?? false)
    }
    let time = engine.now()
    try await engine.store.write { db in
      try Store.commit(
        outcome, of: arrival, place: place, fingerprint: begun.fingerprint, calls: calls.list, at: time, db)
    }
    return .done(outcome.answered)
  }
}

extension Outcome {
  /// What one input row became.
  fileprivate var answered: RunEvent.Answered {
    switch self {
    case .drop: .init(rows: 1, dropped: 1, out: 0)
    case .emit(let rows): .init(rows: 1, out: rows.count)
    case .samples(let samples):
      .init(rows: 1, out: samples.count { if case .output = $0 { true } else { false } })
    }
  }
}
