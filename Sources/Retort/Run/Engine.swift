internal import Foundation
internal import GRDB
internal import OrderedCollections
internal import Synchronization

/// Performs a pipeline: every step whose key the store lacks, and no other.
package struct Engine: Sendable {
  let pipeline: Pipeline
  let store: Store
  let models: any ModelProvider
  let options: RunOptions
  let interruption: Interruption
  /// Seconds since 1970.
  let now: @Sendable () -> Double
  /// Steps in flight of a stage that calls no model.
  let cores: Int

  package init(
    _ pipeline: Pipeline, store: Store, models: any ModelProvider, options: RunOptions = .init(),
    interruption: Interruption = Interruption(),
    cores: Int = ProcessInfo.processInfo.activeProcessorCount,
    now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
  ) {
    self.pipeline = pipeline
    self.store = store
    self.models = models
    self.options = options
    self.interruption = interruption
    self.cores = cores
    self.now = now
  }

  /// Runs to the end, or to where failures, a budget, a refusing endpoint, an interruption or cancellation stop it;
  /// the summary says which. Interrupted, it begins no step and lets those in flight end as far as they need no further
  /// call; cancelled, it drops them.
  ///
  /// Errors: ``RunError`` when the pipeline cannot run; the store's.
  package func run(_ tell: @escaping @Sendable (RunEvent) -> Void = { _ in }) async throws -> RunSummary {
    try checkNames()
    let began = now()
    let lock = try store.lock(for: pipeline.name, at: began)
    defer { withExtendedLifetime(lock) {} }
    let fingerprint = pipeline.fingerprint
    let run = try await store.write { db in
      try Store.forgetDeadRuns(db)
      let run = try Store.beginRun(
        pipeline, flags: options.flags, origin: options.origin, fingerprint: fingerprint, at: began, db)
      try Store.makeViews(db)
      return run
    }
    store.currentRun = run
    tell(.started(run: run))
    let performance = Performance(self, run: run, tell: tell)
    let status: RunStatus
    do { status = try await performance.perform() } catch {
      guard Task.isCancelled else {
        let time = now()
        // Where the store itself is at fault this fails too, and says less.
        try? await store.write { try Store.finishRun(run, status: "broken", at: time, $0) }
        throw error
      }
      status = .interrupted
    }
    let seconds = now() - began
    // The last words are written even when this task is cancelled.
    let summary = try await Task { [status, self] in
      let summary = try await performance.summary(status, seconds: seconds)
      let time = now()
      try await store.write { db in
        try Store.finishRun(run, status: summary.status.rawValue, at: time, db)
        try Store.makeViews(db)
      }
      return summary
    }.value
    for entry in summary.stages.list where !entry.books.balance {
      throw RunError("the books of stage '\(entry.stage)' do not balance: \(entry.books)")
    }
    return summary
  }

  /// Whether the files that an export's rows name are there with the recorded content.
  static func areOnDisk(_ rows: [JSON], in folder: URL) -> Bool {
    rows.allSatisfy { row in
      guard let path = row["path"]?.string, let expected = row["sha256"]?.string else { return true }
      let url = URL(filePath: path, relativeTo: folder)
      guard let data = try? Data(contentsOf: url, options: .mappedIfSafe) else { return false }
      return Digest(of: data).hex == expected
    }
  }

  private func checkNames() throws {
    for name in [options.only].compactMap({ $0 }) + options.redo.sorted() where pipeline[name] == nil {
      throw RunError(
        "expected a stage of \(pipeline.name) (\(pipeline.stages.map(\.name).joined(separator: ", "))), found '\(name)'"
      )
    }
  }
}

/// One run of an engine. The loop owns every decision; child tasks perform steps and commit them.
actor Performance {
  /// Discarding: a step that has ended takes no memory, however long the loop takes to hear of it.
  private typealias Steps = ThrowingDiscardingTaskGroup<any Error>

  /// A child task's last word.
  private struct Finished: Sendable {
    enum End: Sendable {
      case done(RunEvent.Answered)
      case failed
      case stopped(RunStatus, String)
      /// The run cannot go on: the store's error, or cancellation.
      case broken(any Error)
    }
    let stage: Int
    /// The row of a row step; nil for a set step.
    let row: Int64?
    /// What a set step was given.
    var input: Digest?
    let end: End
  }

  private struct StageState {
    let stage: PipelineStage
    let place: StagePlace
    let using: [Int]
    let window: Int
    let depth: Int
    let needed: Bool
    /// The last occurrence looked at of each upstream stage.
    var cursors: [Int64]
    /// Raised whenever rows may have come out of this stage.
    var arrivals = 0
    /// The `arrivals` of each upstream stage up to which all its rows have been looked at.
    var seen: [Int]
    /// Rows whose step is to be made, with their text: at most one page and a window of them.
    var ready: ArraySlice<Arrival> = []
    /// Rows that are ready or in flight, and the later occurrences of the same row that wait for them.
    var waiting: [Int64: [Int64]] = [:]
    var inFlight = 0
    var begun: Begun?
    var failures = 0
    var finished = false
    /// The counts of a stage that has finished.
    var books: Books?
    /// Finished, and neither it nor anything upstream has failed or pending rows.
    var settled = false
    var setStep: Int64?
    /// Sets still to be looked up.
    var groups: ArraySlice<StagePlace> = []
    /// Whether every set has been in ``groups``: upstream has finished.
    var hasAllGroups = false
    /// Paths of the groups that have been in ``groups``.
    var metGroups: Set<String> = []
    /// Paths of groups of which rows have come, and more may: looked at again in turn.
    var openGroups: OrderedSet<String> = []
    /// Inputs of set steps in flight.
    var setInputs: Set<Digest> = []
  }

  /// A stage that is bound, with what its steps need to know of it.
  private struct Begun: Sendable {
    let stage: PipelineStage
    let place: StagePlace
    let depth: Int
    let bound: BoundStage
    let fingerprint: Int64
    let take: Int
  }

  private let engine: Engine
  private let run: Int64
  private let tell: @Sendable (RunEvent) -> Void
  private var states: [StageState]
  private var stop: RunStatus?
  /// The last words that the loop has not heard yet. It takes them all at once, so that a burst of finished steps
  /// costs one round and not one for each.
  private let outbox = Mutex<[Finished]>([])
  /// Rung after each last word; strokes that nobody heard yet are one.
  private let (strokes, bell) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

  private var store: Store { engine.store }
  private static let pageSize = 500

  init(_ engine: Engine, run: Int64, tell: @escaping @Sendable (RunEvent) -> Void) {
    self.engine = engine
    self.run = run
    self.tell = tell
    let pipeline = engine.pipeline
    let ordinals = Dictionary(uniqueKeysWithValues: pipeline.stages.enumerated().map { ($1.name, $0) })
    let needed = engine.options.only.map { pipeline.ancestry(of: $0) }
    states = pipeline.stages.enumerated().map { ordinal, stage in
      let from = stage.from.compactMap { ordinals[$0] }
      return StageState(
        stage: stage, place: StagePlace(run: run, ordinal: ordinal, from: from),
        using: stage.using.values.compactMap { ordinals[$0] },
        window: max(1, stage.models.compactMap { pipeline.models[$0]?.concurrency }.max() ?? engine.cores),
        depth: pipeline.depth(of: stage.name), needed: needed?.contains(stage.name) ?? true,
        cursors: Array(repeating: 0, count: from.count),
        seen: Array(repeating: 0, count: from.count))
    }
  }

  func perform() async throws -> RunStatus {
    // Pulled first: the stages furthest from the sources, so that finished rows appear early.
    let order = states.indices.sorted { (states[$1].depth, $1) < (states[$0].depth, $0) }
    var strokes = strokes.makeAsyncIterator()
    try await withThrowingDiscardingTaskGroup { group in
      while true {
        if engine.interruption.isRequested, states.contains(where: { $0.needed && !$0.finished }) {
          stop = .interrupted
        }
        var progressed = false
        for index in order where stop != .interrupted {
          if try await advance(index, &group) { progressed = true }
        }
        if progressed { continue }
        guard states.contains(where: { $0.inFlight > 0 }) else { break }
        // Nothing when this task is cancelled.
        guard await strokes.next(isolation: self) != nil else { throw CancellationError() }
        for finished in lastWords() { try await settle(finished) }
      }
    }
    if Task.isCancelled { return .interrupted }
    if let stop { return stop }
    let lost = try await store.read { [run, count = states.count] db in
      try Store.lostRows(run: run, stages: Array(0..<count), db)
    }
    return !lost && states.allSatisfy { !$0.needed || $0.settled } ? .complete : .incomplete
  }

  private func lastWords() -> [Finished] {
    outbox.withLock { outbox in
      defer { outbox = [] }
      return outbox
    }
  }

  /// Makes a step in a task of its own.
  private func start(
    _ index: Int, row: Int64? = nil, input: Digest? = nil, _ group: inout Steps,
    _ perform: @escaping @Sendable () async throws -> Finished.End
  ) {
    states[index].inFlight += 1
    tell(.began(stage: states[index].stage.name))
    group.addTask { [self] in
      let end: Finished.End
      do { end = try await perform() } catch { end = .broken(error) }
      outbox.withLock { $0.append(Finished(stage: index, row: row, input: input, end: end)) }
      bell.yield()
    }
  }

  // MARK: Decisions

  /// Starts what can be started of one stage; answers whether its state changed in a way that others may wait for.
  private func advance(_ index: Int, _ group: inout Steps) async throws -> Bool {
    guard states[index].needed, !states[index].finished else { return false }
    for set in states[index].using {
      guard states[set].finished else { return false }
      guard states[set].settled else { return try await finish(index, settled: false) }
    }
    return states[index].stage.entry.isSet
      ? try await advanceSet(index, &group) : try await advanceRows(index, &group)
  }

  private func advanceRows(_ index: Int, _ group: inout Steps) async throws -> Bool {
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

  private func mayStart(_ index: Int) -> Bool {
    !engine.interruption.isRequested && (stop == nil || states[index].stage.models.isEmpty)
  }

  /// Looks up the next page of one upstream stage; false when none has more.
  private func pull(_ index: Int, _ begun: Begun) async throws -> Bool {
    for (slot, upstream) in states[index].place.from.enumerated() {
      let arrivals = states[upstream].arrivals
      guard states[index].seen[slot] < arrivals else { continue }
      let (place, cursor) = (states[index].place, states[index].cursors[slot])
      let page = try await store.write { db in
        try Store.answer(
          place, upstream: upstream, fingerprint: begun.fingerprint, after: cursor, limit: Self.pageSize, db)
      }
      if page.rows < Self.pageSize { states[index].seen[slot] = arrivals }
      guard page.rows > 0 else { continue }
      states[index].cursors[slot] = page.last
      if page.hits.rows > 0 {
        states[index].arrivals += 1
        tell(.reused(stage: states[index].stage.name, page.hits))
      }
      for miss in page.misses {
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

  /// Binds a stage to its models and sets, once. Nil when it cannot be: the whole stage has failed.
  private func begin(_ index: Int) async throws -> Begun? {
    if let begun = states[index].begun { return begun }
    let state = states[index]
    var sets: [String: RowSet<Columns>] = [:]
    var digests: JSON.Object = [:]
    for (role, name) in state.stage.using {
      guard let ordinal = engine.pipeline.stages.firstIndex(where: { $0.name == name }) else { continue }
      let (run, ancestry) = (run, ordinals(of: engine.pipeline.ancestry(of: name)))
      let rows = StagePlace(run: run, ordinal: ordinal, from: [ordinal])
      let set = try await store.read { db in
        let lost = try Store.lostRows(run: run, stages: ancestry, db)
        let (digest, count) = try Store.setDigest(rows, complete: !lost, db)
        return (digest: digest, count: count, complete: !lost)
      }
      digests[role] = .string(set.digest.description)
      sets[role] = store.rowSet(rows, count: set.count, complete: set.complete)
    }
    let suffix = engine.options.exportSuffix
    let bound: BoundStage
    do {
      bound = try state.stage.configured.bind(
        Workspace(
          folder: engine.pipeline.folder, models: engine.models, sets: sets, exportSuffix: suffix,
          branches: state.stage.from.count, isGrouped: state.stage.per != nil,
          pipeline: engine.pipeline.fingerprint))
    } catch {
      try await fail([nil], index, error, calls: [])
      return nil
    }
    guard var identity = state.stage.identity.object else { return nil }
    if !digests.isEmpty { identity["using"] = .object(digests) }
    if state.stage.entry.exports, !suffix.isEmpty { identity["export_suffix"] = .string(suffix) }
    let (base, redo) = (identity, engine.options.redo.contains(state.stage.name))
    let place = state.place
    let begun = try await store.write { db in
      var identity = base
      let take = try Store.takeNumber(Digest(of: JSON.object(base)), raise: redo, db)
      if take > 0 { identity["take"] = .int(Int64(take)) }
      let fingerprint = try Store.fingerprint(
        .object(identity), kind: bound.kind, version: bound.version, db)
      try db.execute(
        sql: "UPDATE run_stage SET fingerprint = ? WHERE run = ? AND stage = ?",
        arguments: [fingerprint, place.run, place.ordinal])
      return Begun(
        stage: state.stage, place: place, depth: state.depth, bound: bound, fingerprint: fingerprint,
        take: take)
    }
    states[index].begun = begun
    return begun
  }

  private func ordinals(of names: Set<String>) -> [Int] {
    states.indices.filter { names.contains(states[$0].stage.name) }
  }

  private func settle(_ finished: Finished) async throws {
    let index = finished.stage
    states[index].inFlight -= 1
    switch finished.end {
    case .done(var answered):
      states[index].arrivals += 1
      let rows = 1 + (finished.row.flatMap { states[index].waiting[$0]?.count } ?? 0)
      if finished.row != nil {
        answered = .init(rows: rows, dropped: rows * answered.dropped, out: rows * answered.out)
      }
      tell(.performed(stage: states[index].stage.name, answered))
    case .failed: break
    case .stopped(let status, let message):
      if stop == nil {
        stop = status
        // Whoever interrupted knows.
        guard status != .interrupted else { break }
        tell(.stopping(status, message: message))
      }
    case .broken(let error): throw error
    }
    guard let row = finished.row else {
      if let input = finished.input { states[index].setInputs.remove(input) }
      if case .done = finished.end { return }
      states[index].failures += 1
      return
    }
    let others = states[index].waiting.removeValue(forKey: row) ?? []
    let place = states[index].place
    switch finished.end {
    case .done:
      guard let begun = states[index].begun, !others.isEmpty else { return }
      try await store.write { db in
        try Store.takeWaiting(others, row: row, place: place, fingerprint: begun.fingerprint, db)
      }
    case .failed:
      if states[index].stage.onFailure == .fail { states[index].failures += 1 }
      guard !others.isEmpty else { return }
      try await store.write { [drop = states[index].stage.onFailure == .drop] db in
        try Store.repeatFailure(of: row, for: others, place: place, drop: drop, db)
      }
    case .stopped, .broken: states[index].failures += 1
    }
  }

  private func finish(_ index: Int, settled: Bool) async throws -> Bool {
    states[index].finished = true
    states[index].settled = settled
    // Only now can the view of a reader that could not tell its columns spell them out.
    if states[index].stage.columns == nil { try await store.write { try Store.makeViews($0) } }
    let books = try await books(index)
    states[index].books = books
    tell(.finished(stage: states[index].stage.name, books))
    return true
  }

  private func books(_ index: Int) async throws -> Books {
    if let books = states[index].books { return books }
    let (place, step) = (states[index].place, states[index].setStep)
    return try await store.read { try Store.books(place, reader: step, $0) }
  }

  // MARK: Row steps

  private func startRow(_ arrival: Arrival, _ index: Int, _ begun: Begun, _ group: inout Steps) {
    guard case .row(let process) = begun.bound.shape else { return }
    start(index, row: arrival.row, &group) { try await self.perform(arrival, index, begun, process) }
  }

  /// One step of a row stage, from the row's text to the commit.
  private nonisolated func perform(
    _ arrival: Arrival, _ index: Int, _ begun: Begun,
    _ process: @Sendable (Row) async throws -> Outcome<Columns>
  ) async throws -> Finished.End {
    let (stage, place) = (begun.stage, begun.place)
    let calls = CallList()
    let context = StepContext(
      stage: stage.name, depth: begun.depth, take: begun.take, used: { calls.append($0) })
    let outcome: Outcome<PackedRow>
    do {
      let row = try Row(text: arrival.text)
      outcome = try await StepContext.$current.withValue(context) {
        try await process(row).map { PackedRow(try stage.output($0.values, addedTo: row)) }
      }
    } catch {
      if Task.isCancelled { throw CancellationError() }
      // Going on would pay for replies that cannot be kept.
      if error is StoreError { throw error }
      if let stopped = Self.stop(error) { return stopped }
      try await fail([arrival.id], index, error, calls: calls.list)
      return .failed
    }
    let time = engine.now()
    try await engine.store.write { db in
      try Store.commit(
        outcome, of: arrival, place: place, fingerprint: begun.fingerprint, calls: calls.list, at: time, db)
    }
    return .done(outcome.answered)
  }

  private static func stop(_ error: any Error) -> Finished.End? {
    switch (error as? ModelError)?.kind {
    case .budget: .stopped(.budget, "\(error)")
    case .parked: .stopped(.parked, "\(error)")
    case .interrupted: .stopped(.interrupted, "\(error)")
    default: nil
    }
  }

  private func fail(_ occurrences: [Int64?], _ index: Int, _ error: any Error, calls: [Int64]) async throws {
    let (stage, place, time) = (states[index].stage, states[index].place, engine.now())
    let kind = (error as? ModelError)?.kind.rawValue ?? "\(type(of: error))"
    let message = "\(error)"
    tell(.failed(stage: stage.name, kind: kind, message: message))
    try await store.write { db in
      try Store.fail(
        occurrences, place: place, kind: kind, message: message, calls: calls, at: time,
        drop: stage.onFailure == .drop, db)
    }
  }

  // MARK: Set steps

  private func advanceSet(_ index: Int, _ group: inout Steps) async throws -> Bool {
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
  private func grouping(of index: Int) -> (ancestor: Int, passing: [StagePlace])? {
    let (stage, pipeline) = (states[index].stage, engine.pipeline)
    guard let per = stage.per, let ancestor = pipeline.stages.firstIndex(where: { $0.name == per }) else {
      return nil
    }
    let between = pipeline.ancestry(of: stage.name).subtracting(pipeline.ancestry(of: per))
      .subtracting([stage.name])
    return (ancestor, ordinals(of: between).map { states[$0].place })
  }

  /// Once upstream has finished: the one set, or under `per:` the groups that have all their rows and were not met.
  private func lastGroups(of index: Int) async throws -> [StagePlace] {
    let (place, met) = (states[index].place, states[index].metGroups)
    guard let (ancestor, passing) = grouping(of: index) else { return [place] }
    return try await store.read { db in
      try Store.groups(run: place.run, per: ancestor, db).filter { !met.contains($0) }.map(place.group)
        .filter { try Store.isWhole($0, passing: passing, db) }
    }
  }

  /// While upstream is at work: groups that have all their rows, among those of the rows that came since the last look
  /// and some that were met before. A group whose last rows were dropped is found by a later look.
  private func wholeGroups(of index: Int) async throws -> [StagePlace] {
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

  private func look(up place: StagePlace, _ index: Int, _ begun: Begun) async throws -> SetInput {
    let name = states[index].stage.name
    let ancestry = ordinals(of: engine.pipeline.ancestry(of: name).subtracting([name]))
    return try await store.read { db in
      let lost = try Store.lostRows(run: place.run, stages: ancestry, within: place, db)
      let (digest, count) = try Store.setDigest(place, complete: !lost, db)
      let step = try Store.setStep(fingerprint: begun.fingerprint, input: digest, db)
      return SetInput(
        digest: digest, count: count, complete: !lost, step: step,
        files: try step.map { try Store.rows(of: $0, db) } ?? [])
    }
  }

  private func limit(of index: Int) -> Int? {
    let state = states[index]
    let feeds = engine.pipeline.stages.contains { $0.from.contains(state.stage.name) }
    return state.place.from.isEmpty && feeds ? engine.options.limit : nil
  }

  private struct SetInput: Sendable {
    let digest: Digest
    let count: Int
    let complete: Bool
    let step: Int64?
    /// What the step emitted before.
    let files: [JSON]
  }

  private func startSet(
    _ step: Int64, _ place: StagePlace, _ input: SetInput, limit: Int?, _ index: Int, _ begun: Begun,
    _ group: inout Steps
  ) {
    guard case .set(let process) = begun.bound.shape else { return }
    start(index, input: input.digest, &group) {
      try await self.performSet(step, place, input, limit: limit, index, begun, process)
    }
  }

  /// One step of a set stage, from its rows to the commit.
  private nonisolated func performSet(
    _ step: Int64, _ place: StagePlace, _ input: SetInput, limit: Int?, _ index: Int, _ begun: Begun,
    _ process: @Sendable (RowSet<Columns>, SetSink<Columns>) async throws -> Void
  ) async throws -> Finished.End {
    let (store, stage) = (engine.store, begun.stage)
    let calls = CallList()
    let context = StepContext(
      stage: stage.name, depth: begun.depth, take: begun.take, used: { calls.append($0) })
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
      // The failure is that of each row, when it costs only them: their group, or a set that is dropped with them.
      var failed: [Int64?] = []
      if place.scope != nil || stage.onFailure == .drop {
        failed = try await store.read { try Store.members(place, $0) }
      }
      let dropped = stage.onFailure == .drop && !failed.isEmpty
      try await fail(failed.isEmpty ? [nil] : failed, index, error, calls: calls.list)
      return dropped ? .done(.init(rows: input.count, dropped: input.count, out: 0)) : .failed
    }
    let out = try await store.write { db in
      try Store.finishSet(step, fingerprint: begun.fingerprint, input: input.digest, calls: calls.list, db)
      return try Store.emitSet(place, step: step, limit: limit, db)
    }
    return .done(.init(rows: input.count, out: out))
  }

  // MARK: The end

  func summary(_ status: RunStatus, seconds: Double) async throws -> RunSummary {
    var books: [OrderedBooks.Entry] = []
    var exports: [RunSummary.Export] = []
    for index in states.indices where states[index].needed {
      books.append(.init(states[index].stage.name, try await self.books(index)))
      guard states[index].stage.entry.exports, states[index].settled, let step = states[index].setStep else {
        continue
      }
      let ancestry = ordinals(of: engine.pipeline.ancestry(of: states[index].stage.name))
      let (rows, lost) = try await store.read { [run] db in
        (try Store.rows(of: step, db), try Store.lostRows(run: run, stages: ancestry, db))
      }
      for row in rows {
        exports.append(
          .init(
            stage: states[index].stage.name,
            path: URL(filePath: row["path"]?.string ?? "", relativeTo: engine.pipeline.folder)
              .standardizedFileURL.path,
            rows: Int(row["rows"]?.int ?? 0),
            sha256: row["sha256"]?.string ?? "", complete: !lost))
      }
    }
    let calls = try await store.read { [run] in try Store.calls(of: run, $0) }
    return RunSummary(
      run: run, pipeline: engine.pipeline.name, status: status, stages: OrderedBooks(books), calls: calls,
      seconds: seconds, exports: exports)
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

/// The calls that a step used, in order.
private final class CallList: Sendable {
  private let calls = Mutex<[Int64]>([])
  func append(_ call: Int64) { calls.withLock { $0.append(call) } }
  var list: [Int64] { calls.withLock { $0 } }
}

extension Pipeline {
  /// The stage and every stage it takes rows or sets from, directly or not.
  package func ancestry(of name: String) -> Set<String> {
    var found: Set<String> = []
    var next = [name]
    while let name = next.popLast() {
      guard found.insert(name).inserted, let stage = self[name] else { continue }
      next += stage.from + stage.using.values
    }
    return found
  }

  /// Distance from the sources, 0 for a reader.
  func depth(of name: String) -> Int {
    guard let stage = self[name] else { return 0 }
    return (stage.from + stage.using.values).map { depth(of: $0) + 1 }.max() ?? 0
  }
}
