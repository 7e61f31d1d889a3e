internal import Foundation
internal import OrderedCollections
internal import RetortCore
internal import RetortStages
internal import Synchronization

/// One run of an engine. The loop owns every decision; child tasks perform steps and commit them.
actor Performance {
  /// Discarding: a step that has ended takes no memory, however long the loop takes to hear of it.
  typealias Steps = ThrowingDiscardingTaskGroup<any Error>

  /// A child task's last word.
  struct Finished: Sendable {
    enum End: Sendable {
      case done(RunEvent.Answered)
      /// - refused: by the endpoint and for good.
      case failed(refused: Bool)
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

  struct StageState {
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
  struct Begun: Sendable {
    let stage: PipelineStage
    let place: StagePlace
    let bound: BoundStage
    /// Under which its new steps are kept.
    let fingerprint: Int64
    /// Under which steps answer its rows, in this order.
    let fingerprints: [Int64]
    /// Without the take's number.
    let identity: JSON.Object
    let take: Take
    var unfinishedRedo: UnfinishedRedo?
    /// Steps to be passed over, by their input, with the endpoint's words.
    let refused: [Data: ModelError]
  }

  let engine: Engine
  let run: Int64
  /// Stages that the runs which this one goes on with have begun.
  let begunBefore: Set<String>
  let tell: @Sendable (RunEvent) -> Void
  /// Remembers the files that this run writes.
  let ledger: StoreLedger
  var states: [StageState]
  var stop: RunStatus?
  /// Rows that an endpoint refused for good, and those of them that were not asked for again.
  var refusals = (rows: 0, passedOver: 0)
  /// The last words that the loop has not heard yet. It takes them all at once, so that a burst of finished steps
  /// costs one round and not one for each.
  private let outbox = Mutex<[Finished]>([])
  /// Rung after each last word; strokes that nobody heard yet are one.
  private let (strokes, bell) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

  var store: Store { engine.store }
  static let pageSize = 500

  init(
    _ engine: Engine, run: Int64, begunBefore: Set<String>, tell: @escaping @Sendable (RunEvent) -> Void
  ) {
    self.engine = engine
    self.run = run
    self.begunBefore = begunBefore
    self.tell = tell
    ledger = StoreLedger(engine.store, folder: engine.pipeline.folder)
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
  func start(
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

  func mayStart(_ index: Int) -> Bool {
    !engine.interruption.isRequested && (stop == nil || states[index].stage.models.isEmpty)
  }

  /// Binds a stage to its models and sets, once. Nil when it cannot be: the whole stage has failed.
  func begin(_ index: Int) async throws -> Begun? {
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
    guard var identity = state.stage.identity.object else { return nil }
    if !digests.isEmpty { identity["using"] = .object(digests) }
    if state.stage.entry.exports, !suffix.isEmpty { identity["export_suffix"] = .string(suffix) }
    let (base, name) = (identity, state.stage.name)
    let redo = engine.options.redo(of: name, begunBefore: begunBefore)
    let take = try await store.write { try Store.take(base, redo: redo, $0) }
    let origin = CallOrigin(run: run, stage: name, depth: state.depth, take: take.number)
    let bound: BoundStage
    do {
      bound = try state.stage.configured.bind(
        Workspace(
          folder: engine.pipeline.folder, models: engine.models.asked(by: origin), sets: sets,
          exportSuffix: suffix, branches: state.stage.from.count, isGrouped: state.stage.per != nil,
          pipeline: engine.pipeline.fingerprint, ledger: ledger))
    } catch {
      try await fail([nil], index, error, calls: [])
      return nil
    }
    // A reader's one step is found under the run's own fingerprint, and an export's file is that of its newest take.
    let fallsBack = !state.stage.from.isEmpty && !state.stage.entry.exports
    let (place, redaction) = (state.place, engine.pipeline.redaction)
    let retry = engine.options.retryRefused
    let begun = try await store.write { db in
      let identity = Store.identity(base, take: take.number)
      let fingerprint = try Store.fingerprint(
        identity, shown: redaction.values(identity), kind: bound.kind, version: bound.version, db)
      try Store.note(fingerprint, of: place, db)
      if retry { try Store.forgetRefusals(of: fingerprint, db) }
      let earlier = try fallsBack ? Store.earlierPrints(base, before: take, db) : []
      return Begun(
        stage: state.stage, place: place, bound: bound, fingerprint: fingerprint,
        fingerprints: [fingerprint] + earlier, identity: base, take: take,
        unfinishedRedo: try take.leavesRedo ? Store.unfinishedRedo(of: name, base, db) : nil,
        refused: try Store.refusedSteps(of: fingerprint, db))
    }
    if let redo = begun.unfinishedRedo { tell(.leavingRedo(redo)) }
    states[index].begun = begun
    return begun
  }

  func ordinals(of names: Set<String>) -> [Int] {
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
    case .failed(let refused):
      if refused { refusals.rows += 1 + (finished.row.flatMap { states[index].waiting[$0]?.count } ?? 0) }
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

  func finish(_ index: Int, settled: Bool) async throws -> Bool {
    states[index].finished = true
    states[index].settled = settled
    if settled, let begun = states[index].begun, begun.take.isRedo {
      try await store.write { try Store.finishRedo(of: begun.identity, $0) }
    }
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

  static func stop(_ error: any Error) -> Finished.End? {
    (error as? Halt).map { .stopped(RunStatus($0.reason), "\($0)") }
  }

  /// - Parameter step: what failed, by its key; noted where the endpoint has just refused it for good.
  func fail(
    _ occurrences: [Int64?], _ index: Int, _ error: any Error, calls: [UsedCall] = [],
    step: (fingerprint: Int64, input: Data)? = nil
  ) async throws {
    let (stage, place, time) = (states[index].stage, states[index].place, engine.now())
    let kind = (error as? ModelError)?.kind.rawValue ?? "\(type(of: error))"
    let message = "\(error)"
    tell(.failed(stage: stage.name, kind: kind, message: message))
    try await store.write { db in
      try Store.fail(
        occurrences, place: place, kind: kind, message: message, calls: calls.map(\.reply), at: time,
        drop: stage.onFailure == .drop, db)
      if let step, let error = error as? ModelError, error.isForGood, error.wasSent {
        try Store.refuse(step.fingerprint, step.input, error, db)
      }
    }
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
      seconds: seconds, exports: exports, refused: refusals.rows, passedOver: refusals.passedOver,
      kept: ledger.kept)
  }
}

/// A reply that a step used, by its number in the store, and the sample it was used for; nil for all of them.
struct UsedCall: Hashable, Sendable {
  let reply: Int64
  let sample: Int?
}

/// The calls that a step used, in order.
final class CallList: Sendable {
  private let calls = Mutex<[UsedCall]>([])
  func append(_ call: Int64) {
    let used = UsedCall(reply: call, sample: StepContext.sample)
    calls.withLock { $0.append(used) }
  }
  var list: [UsedCall] { calls.withLock { $0 } }
}
