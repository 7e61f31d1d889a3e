internal import Foundation
internal import RetortCore
internal import RetortStore

/// Stages that answer a whole set, or each group of one.
extension Performance {
  func lookUpGroups(of upstream: Int, at index: Int, after cursor: Int64, _ limit: Int) async throws
    -> Scheduler.GroupPage
  {
    guard let (ancestor, _) = lookup.grouping(of: index) else { return .init(rows: 0, last: cursor) }
    let found = try await steps.groupsOfArrivals(
      from: upstream, run: run, after: cursor, limit: limit, per: ancestor)
    return .init(rows: found.scopes.count, last: found.cursor, groups: found.scopes)
  }

  func check(_ groups: [String], of index: Int) async throws -> [GroupCheck] {
    guard let (_, passing) = lookup.grouping(of: index) else { return [] }
    return try await steps.wholeGroups(
      groups, of: lookup.places[index], passing: passing.filter { !isSkipped($0.ordinal) }
    ).map {
      GroupCheck(group: $0.scope, isWhole: $0.whole)
    }
  }

  func lookUpSet(_ index: Int, _ group: String?) async throws -> Scheduler.SetLookUp {
    guard let begun = begun[index] else { return .empty }
    let input = try await lookup.findSet(index, group, begun.record)
    if group != nil, input.count == 0 { return .empty }
    if let step = input.step, lookup.hasFiles(of: input, index) {
      let out = try await steps.answerSet(
        lookup.place(index, group), from: step, lookup.selection(of: index))
      setSteps[index] = step
      foundSets.insert(index)
      tell(.reused(stage: stage(index).name, .init(rows: input.count, out: out)))
      return .known
    }
    return begun.record.refused[Data(input.digest.bytes)] == nil ? .missing(input) : .refused(input)
  }

  /// Fails a set whose step an endpoint has refused for good before, without asking again.
  func passOver(_ place: StagePlace, _ input: SetInput, of index: Int) async throws {
    guard let begun = begun[index], let error = begun.record.refused[Data(input.digest.bytes)] else { return }
    refusals = (refusals.rows + input.count, refusals.passedOver + input.count)
    try await failSet(place, input, of: index, begun, error)
  }

  func startSet(_ place: StagePlace, _ input: SetInput, of index: Int, _ group: inout Steps) async throws {
    guard let begun = begun[index], case .set(let process) = begun.bound.shape else { return }
    let step = try await steps.beginSet(place, fingerprint: begun.fingerprint, at: engine.now())
    setSteps[index] = step
    start(index, .set(input.digest), &group) {
      try await self.perform(step, place, input, of: index, begun, process)
    }
  }

  /// One step of a set stage, from its rows to the commit.
  private nonisolated func perform(
    _ step: Int64, _ place: StagePlace, _ input: SetInput, of index: Int, _ begun: Begun,
    _ process: @Sendable (RowSet<Columns>, @escaping SetAnswer.Accept) async throws -> Void
  ) async throws -> Scheduler.StepEnd {
    let steps = engine.store.steps
    let calls = CallList()
    let recorder = SetRecorder(
      steps: steps, stage: engine.pipeline.stages[index], place: place, step: step, count: input.count)
    let rows = steps.rowSet(place, count: input.count, complete: input.complete)
    do {
      try await StepContext.$current.withValue(calls.context) {
        try await process(rows) { try await recorder.accept($0) }
      }
      try await recorder.finish()
    } catch {
      if error is StoreError { throw error }
      try await steps.abandonSet(step)
      if Task.isCancelled { throw CancellationError() }
      if error is CancellationError { return .pending }
      if let halted = Self.halt(error) { return halted }
      try await failSet(place, input, of: index, begun, error, calls: calls.list)
      return .failed(isRefused: (error as? ModelError)?.isForGood ?? false)
    }
    let out = try await steps.finishSet(
      step, place, fingerprint: begun.fingerprint, input: input.digest, calls: calls.list,
      lookup.selection(of: index))
    return .done(.init(rows: input.count, out: out))
  }

  /// The failure is that of each row, when it costs only them: their group, or a set that is dropped with them.
  private nonisolated func failSet(
    _ place: StagePlace, _ input: SetInput, of index: Int, _ begun: Begun, _ error: any Error,
    calls: [UsedCall] = []
  ) async throws {
    var failed: [Int64?] = []
    if place.scope != nil || engine.pipeline.stages[index].onFailure == .drop {
      failed = try await engine.store.steps.members(place)
    }
    try await fail(
      failed.isEmpty ? [nil] : failed, of: index, error, calls: calls,
      step: StepKey(fingerprint: begun.fingerprint, input: Data(input.digest.bytes)))
  }

  func settle(_ index: Int, _ end: Scheduler.StepEnd) {
    switch end {
    case .done(let answered): tell(.performed(stage: stage(index).name, answered))
    case .failed(let isRefused): if isRefused { refusals.rows += 1 }
    case .halted(.waiting, let message): waiting.add(1, of: stage(index).name, for: message)
    case .pending, .halted: break
    }
  }
}
