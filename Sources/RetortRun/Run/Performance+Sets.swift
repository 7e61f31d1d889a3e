internal import Foundation
internal import OrderedCollections
internal import RetortCore
internal import RetortStages

/// Stages that answer a whole set, or each group of one.
extension Performance {
  func advanceSet(_ index: Int, _ group: inout Steps) async throws -> Bool {
    let state = states[index]
    let over = state.place.from.allSatisfy { states[$0].finished }
    guard over || state.stage.per != nil else { return false }
    let upstream = over && state.place.from.allSatisfy { states[$0].settled }
    guard upstream || state.stage.per != nil else { return try await finish(index, settled: false) }
    guard let begun = try await begin(index) else { return try await finish(index, settled: false) }
    if !state.hasAllGroups {
      let groups = try await over ? lastGroups(of: index) : wholeGroups(of: index)
      states[index].groups += groups
      states[index].hasAllGroups = over
    }
    var progressed = false
    while states[index].inFlight < state.window, let place = states[index].groups.popFirst() {
      let input = try await look(up: place, index, begun)
      if place.scope != nil, input.count == 0 { continue }
      if let step = input.step,
        !state.stage.entry.exports || Engine.areOnDisk(input.files, in: engine.pipeline.folder)
      {
        let limit = limit(of: index)
        let out = try await store.write { db in
          try Store.takeMembers(place, step: step, db)
          return try Store.emitSet(place, step: step, limit: limit, db)
        }
        states[index].setStep = step
        tell(.reused(stage: state.stage.name, .init(rows: input.count, out: out)))
        states[index].arrivals += 1
        progressed = true
        continue
      }
      guard mayStart(index), !states[index].setInputs.contains(input.digest) else {
        // Parked, or an equal group is being made: this one will find its step.
        states[index].groups = [place] + states[index].groups
        return progressed
      }
      if let error = begun.refused[Data(input.digest.bytes)] {
        refusals = (refusals.rows + input.count, refusals.passedOver + input.count)
        switch try await failSet(place, input, index, begun, error) {
        case .done: states[index].arrivals += 1
        default: states[index].failures += 1
        }
        progressed = true
        continue
      }
      let time = engine.now()
      let step = try await store.write {
        try Store.beginSet(place, fingerprint: begun.fingerprint, at: time, $0)
      }
      states[index].setStep = step
      states[index].setInputs.insert(input.digest)
      startSet(step, place, input, limit: limit(of: index), index, begun, &group)
    }
    guard over, states[index].inFlight == 0, states[index].groups.isEmpty else { return progressed }
    return try await finish(index, settled: upstream && states[index].failures == 0)
  }

  /// The ancestor stage whose rows delimit the groups of a stage, and the stages that rows pass from there.
  func grouping(of index: Int) -> (ancestor: Int, passing: [StagePlace])? {
    let (stage, pipeline) = (states[index].stage, engine.pipeline)
    guard let per = stage.per, let ancestor = pipeline.stages.firstIndex(where: { $0.name == per }) else {
      return nil
    }
    let between = pipeline.ancestry(of: stage.name).subtracting(pipeline.ancestry(of: per))
      .subtracting([stage.name])
    return (ancestor, ordinals(of: between).map { states[$0].place })
  }

  /// Once upstream has finished: the one set, or under `per:` the groups that have all their rows and were not met.
  func lastGroups(of index: Int) async throws -> [StagePlace] {
    let (place, met) = (states[index].place, states[index].metGroups)
    guard let (ancestor, passing) = grouping(of: index) else { return [place] }
    return try await store.read { db in
      try Store.groups(run: place.run, per: ancestor, db).filter { !met.contains($0) }.map(place.group)
        .filter { try Store.isWhole($0, passing: passing, db) }
    }
  }

  /// While upstream is at work: groups that have all their rows, among those of the rows that came since the last look
  /// and some that were met before. A group whose last rows were dropped is found by a later look.
  func wholeGroups(of index: Int) async throws -> [StagePlace] {
    guard let (ancestor, passing) = grouping(of: index) else { return [] }
    let place = states[index].place
    var candidates: OrderedSet<String> = []
    for (slot, upstream) in place.from.enumerated() {
      let cursor = states[index].cursors[slot]
      let found = try await store.read { db in
        try Store.groups(
          of: upstream, run: place.run, after: cursor, limit: Self.pageSize, per: ancestor, db)
      }
      states[index].cursors[slot] = found.cursor
      candidates.formUnion(found.scopes)
    }
    // A row may have come between the look at its branch and the one that found its group whole.
    candidates.subtract(states[index].metGroups)
    guard !candidates.isEmpty else { return [] }
    for scope in states[index].openGroups.prefix(64) { candidates.append(scope) }
    let found = try await store.read { [candidates] db in
      try candidates.map { (scope: $0, whole: try Store.isWhole(place.group($0), passing: passing, db)) }
    }
    for (scope, whole) in found {
      states[index].openGroups.remove(scope)
      if whole { states[index].metGroups.insert(scope) } else { states[index].openGroups.append(scope) }
    }
    return found.filter(\.whole).map { place.group($0.scope) }
  }

  func look(up place: StagePlace, _ index: Int, _ begun: Begun) async throws -> SetInput {
    let name = states[index].stage.name
    let ancestry = ordinals(of: engine.pipeline.ancestry(of: name).subtracting([name]))
    let isExport = states[index].stage.entry.exports
    return try await store.read { db in
      let lost = try Store.lostRows(run: place.run, stages: ancestry, within: place, db)
      let (digest, count) = try Store.setDigest(place, complete: !lost, db)
      let step = try Store.doneSet(fingerprints: begun.fingerprints, input: digest, db)
      return SetInput(
        digest: digest, count: count, complete: !lost, step: step,
        files: isExport ? try step.map { try Store.rows(of: $0, db) } ?? [] : [])
    }
  }

  func limit(of index: Int) -> Int? {
    let state = states[index]
    let feeds = engine.pipeline.stages.contains { $0.from.contains(state.stage.name) }
    return state.place.from.isEmpty && feeds ? engine.options.limit : nil
  }

  struct SetInput: Sendable {
    let digest: Digest
    let count: Int
    let complete: Bool
    let step: Int64?
    /// What an export's step emitted before.
    let files: [JSON]
  }

  func startSet(
    _ step: Int64, _ place: StagePlace, _ input: SetInput, limit: Int?, _ index: Int, _ begun: Begun,
    _ group: inout Steps
  ) {
    guard case .set(let process) = begun.bound.shape else { return }
    start(index, input: input.digest, &group) {
      try await self.performSet(step, place, input, limit: limit, index, begun, process)
    }
  }

  /// One step of a set stage, from its rows to the commit.
  nonisolated func performSet(
    _ step: Int64, _ place: StagePlace, _ input: SetInput, limit: Int?, _ index: Int, _ begun: Begun,
    _ process: @Sendable (RowSet<Columns>, SetSink<Columns>) async throws -> Void
  ) async throws -> Finished.End {
    let (store, stage) = (engine.store, begun.stage)
    let calls = CallList()
    let context = StepContext { calls.append($0) }
    let recorder = SetRecorder(store: store, stage: stage, place: place, step: step, count: input.count)
    let rows = store.rowSet(place, count: input.count, complete: input.complete)
    do {
      try await StepContext.$current.withValue(context) {
        try await process(rows, SetSink { try await recorder.accept($0) })
      }
      try await recorder.finish()
    } catch {
      if error is StoreError { throw error }
      try await store.write { try Store.forget(step: step, $0) }
      if Task.isCancelled { throw CancellationError() }
      if let stopped = Self.stop(error) { return stopped }
      return try await failSet(place, input, index, begun, error, calls: calls.list)
    }
    let out = try await store.write { db in
      try Store.finishSet(step, fingerprint: begun.fingerprint, input: input.digest, calls: calls.list, db)
      return try Store.emitSet(place, step: step, limit: limit, db)
    }
    return .done(.init(rows: input.count, out: out))
  }

  /// The failure is that of each row, when it costs only them: their group, or a set that is dropped with them.
  private nonisolated func failSet(
    _ place: StagePlace, _ input: SetInput, _ index: Int, _ begun: Begun, _ error: any Error,
    calls: [UsedCall] = []
  ) async throws -> Finished.End {
    var failed: [Int64?] = []
    if place.scope != nil || begun.stage.onFailure == .drop {
      failed = try await engine.store.read { try Store.members(place, $0) }
    }
    try await fail(
      failed.isEmpty ? [nil] : failed, index, error, calls: calls,
      step: (begun.fingerprint, Data(input.digest.bytes)))
    if begun.stage.onFailure == .drop, !failed.isEmpty {
      return .done(.init(rows: input.count, dropped: input.count, out: 0))
    }
    return .failed(refused: (error as? ModelError)?.isForGood ?? false)
  }
}
