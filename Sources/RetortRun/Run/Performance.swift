internal import Foundation
internal import OrderedCollections
internal import RetortCore
internal import RetortStore
internal import Synchronization

/// One run of an engine: does what a ``Scheduler`` asks for. Look-ups are answered one after the other; steps are
/// performed and committed by child tasks, and the loop hears of their ends.
actor Performance {
  /// Discarding: a step that has ended takes no memory, however long the loop takes to hear of it.
  typealias Steps = ThrowingDiscardingTaskGroup<any Error>

  /// A child task's last word. The run cannot go on after an error, which is the store's or a cancellation.
  struct Finished: Sendable {
    let stage: Int
    let input: Scheduler.StepInput
    let end: Result<Scheduler.StepEnd, any Error>
  }

  /// A stage that is bound, with what its steps need to know of it.
  struct Begun: Sendable {
    let bound: BoundStage
    let key: StageKey
    let take: Take
    /// Under which its new steps are kept.
    let fingerprint: Int64
    let record: StageRecord
  }

  let engine: Engine
  let lookup: PipelineLookup
  let tell: @Sendable (RunEvent) -> Void
  /// Remembers the files that this run writes.
  let ledger: StoreLedger
  private var scheduler: Scheduler
  var begun: [Int: Begun] = [:]
  /// The last step of each set stage: a reader's or an export's only one.
  var setSteps: [Int: Int64] = [:]
  /// Stages whose set's step the store had.
  var foundSets: Set<Int> = []
  /// The counts of stages that have finished.
  private var books: [Int: Books] = [:]
  private var settled: Set<Int> = []
  /// Rows that an endpoint refused for good, and those of them that were not asked for again.
  var refusals = (rows: 0, passedOver: 0)
  /// Why the run stops before its end, where it says so.
  private var stopped: String?
  /// What rows wait for, with their number, in the order in which it was heard.
  var waiting = WaitingRows()
  private var failures = FailureTally()
  /// The last words that the loop has not heard yet. It takes them all at once, so that a burst of finished steps
  /// costs one round and not one for each.
  private let outbox = Mutex<[Finished]>([])
  /// Rung after each last word; strokes that nobody heard yet are one.
  private let (strokes, bell) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

  var steps: StepLog { engine.store.steps }
  var run: Int64 { lookup.run }

  init(
    _ engine: Engine, run: Int64, begunBefore: Set<String>, toolTakes: [String: Int],
    tell: @escaping @Sendable (RunEvent) -> Void
  ) {
    self.engine = engine
    self.tell = tell
    lookup = PipelineLookup(
      engine.pipeline, options: engine.options, run: run, steps: engine.store.steps, begunBefore: begunBefore,
      toolTakes: toolTakes)
    ledger = StoreLedger(
      engine.store, folder: engine.pipeline.folder, exports: engine.pipeline.catalog.exports)
    scheduler = Scheduler(engine.pipeline, only: engine.options.only, cores: engine.cores)
  }

  func perform() async throws -> RunStatus {
    var strokes = strokes.makeAsyncIterator()
    let status = try await withThrowingDiscardingTaskGroup { group in
      while true {
        if engine.interruption.isRequested { scheduler.handle(.interrupted) }
        switch scheduler.next() {
        case .end(let status): return status
        case .wait:
          // Nothing when this task is cancelled.
          guard await strokes.next(isolation: self) != nil else { throw CancellationError() }
          for finished in lastWords() {
            scheduler.handle(.ended(stage: finished.stage, finished.input, try finished.end.get()))
          }
        case let action:
          if let event = try await perform(action, &group) { scheduler.handle(event) }
        }
      }
    }
    return Task.isCancelled ? .interrupted : status
  }

  private func lastWords() -> [Finished] {
    outbox.withLock { outbox in
      defer { outbox = [] }
      return outbox
    }
  }

  /// Does what was asked for; answers what came of it, unless that is heard later or is nothing.
  private func perform(_ action: Scheduler.Action, _ group: inout Steps) async throws -> Scheduler.Event? {
    switch action {
    case .begin(let stage): return try await begin(stage)
    case .lookUpRows(let stage, let upstream, let after, let limit):
      return .rows(
        stage: stage, upstream: upstream, try await lookUpRows(of: upstream, at: stage, after: after, limit))
    case .lookUpGroups(let stage, let upstream, let after, let limit):
      return .groups(
        stage: stage, upstream: upstream, try await lookUpGroups(of: upstream, at: stage, after: after, limit)
      )
    case .lookUpAllGroups(let stage):
      return .allGroups(stage: stage, try await lookup.groups(of: stage))
    case .checkGroups(let stage, let groups):
      return .checked(stage: stage, try await check(groups, of: stage))
    case .lookUpSet(let stage, let group): return .set(stage: stage, try await lookUpSet(stage, group))
    case .performRow(let stage, let arrival): startRow(arrival, of: stage, &group)
    case .performSet(let stage, let place, let input):
      try await startSet(lookup.place(stage, place), input, of: stage, &group)
    case .passOverSet(let stage, let place, let input):
      try await passOver(lookup.place(stage, place), input, of: stage)
    case .settleRow(let stage, let row, let end, let followers):
      try await settle(row, of: stage, end, followers)
    case .settleSet(let stage, let end): settle(stage, end)
    case .skip(let stage): try await skip(stage)
    case .decide(let stage): return try await decide(stage)
    case .announce(let status, let message):
      stopped = message
      tell(.stopping(status, message: message))
    case .finish(let stage, let settled): try await finish(stage, settled)
    case .wait, .end: break
    }
    return nil
  }

  // MARK: Stages

  func stage(_ index: Int) -> PipelineStage { engine.pipeline.stages[index] }

  /// Binds a stage to its models and sets. When it cannot be bound the whole stage has failed.
  private func begin(_ index: Int) async throws -> Scheduler.Event {
    let stage = stage(index)
    let sets = try await lookup.sets(of: index)
    let key = lookup.key(of: index, sets)
    let origin = CallOrigin(
      run: run, stage: stage.name, depth: scheduler.stages[index].node.depth,
      take: try await steps.takeNumber(of: key, redo: try await lookup.redo(of: index, key)),
      round: stage.drawnRound)
    let bound: BoundStage
    do {
      let offers = try await engine.offers(of: stage.tools, takes: lookup.toolTakes, for: origin)
      bound = try stage.configured.bind(
        Workspace(
          folder: engine.pipeline.folder, models: try await models(of: stage).asked(by: origin),
          sets: Dictionary(
            uniqueKeysWithValues: sets.map { role, set in
              (role, steps.rowSet(set.place, count: set.input.count, complete: set.input.complete))
            }),
          exportSuffix: engine.options.exportSuffix, branches: stage.branches,
          isGrouped: stage.per != nil, round: stage.round?.number ?? 1, pipeline: engine.pipeline.fingerprint,
          ledger: ledger,
          databases: DatabaseReader(),
          surroundings: ProgramSurroundings(
            engine.environment, models: Array(engine.pipeline.models.values)),
          tools: ToolServices(
            memory: engine.store.tools, library: engine.store.texts, images: engine.store.images,
            models: engine.models.asked(by: origin.ofTools), origin: origin,
            digests: Dictionary(uniqueKeysWithValues: sets.map { ($0, $1.input.digest) }),
            takes: lookup.toolTakes, servers: engine.servers, offers: offers),
          say: { [tell] in tell(.noted(stage: stage.name, $0)) }))
    } catch let halt as Halt {
      return .heldUp(stage: index, RunStatus(halt.reason), message: "\(halt)")
    } catch {
      try await fail([nil], of: index, error)
      return .couldNotBegin(stage: index)
    }
    let record = try await lookup.begin(index, key)
    guard let fingerprint = record.fingerprint, let take = record.take else {
      return .couldNotBegin(stage: index)
    }
    if let redo = record.unfinishedRedo { tell(.leavingRedo(redo)) }
    begun[index] = Begun(bound: bound, key: key, take: take, fingerprint: fingerprint, record: record)
    return .begun(stage: index)
  }

  private func finish(_ index: Int, _ isSettled: Bool) async throws {
    if isSettled {
      settled.insert(index)
      if let begun = begun[index], begun.take.isRedo {
        try await steps.settleRedo(of: begun.key)
      }
    }
    // Programs that it started end with it, and not with the run.
    begun[index] = nil
    // Only now can the view of a reader that could not tell its columns spell them out.
    if stage(index).columns == nil { try await steps.refreshViews() }
    let books = try await books(of: index)
    // Rows that were under way may still come to one that has not settled, and wait there.
    if isSettled { self.books[index] = books }
    tell(.finished(stage: stage(index).name, books))
  }

  /// Whether the stage's round is not played.
  func isSkipped(_ index: Int) -> Bool { scheduler.stages[index].isSkipped }

  /// Closes the books of a stage that has done nothing.
  func close(_ index: Int) {
    settled.insert(index)
    books[index] = Books()
    tell(.skipped(stage: stage(index).name))
  }

  private func books(of index: Int) async throws -> Books {
    if let books = books[index] { return books }
    return try await steps.books(lookup.places[index], reader: setSteps[index])
  }

  // MARK: Steps

  /// Makes a step in a task of its own.
  func start(
    _ index: Int, _ input: Scheduler.StepInput, _ group: inout Steps,
    _ perform: @escaping @Sendable () async throws -> Scheduler.StepEnd
  ) {
    tell(.began(stage: stage(index).name))
    group.addTask { [self] in
      let end: Result<Scheduler.StepEnd, any Error>
      do { end = .success(try await perform()) } catch { end = .failure(error) }
      outbox.withLock { $0.append(Finished(stage: index, input: input, end: end)) }
      bell.yield()
    }
  }

  /// How a step ends that cannot be made as things are, and no other step either; nil for what is its own failure.
  static func halt(_ error: any Error) -> Scheduler.StepEnd? {
    (error as? Halt).map {
      .halted(RunStatus($0.reason), message: $0.reason == .waiting ? $0.message : "\($0)")
    }
  }

  /// - Parameter step: what failed, by its key; noted where the endpoint has just refused it for good.
  func fail(
    _ occurrences: [Int64?], of index: Int, _ error: any Error, calls: [UsedCall] = [], step: StepKey? = nil
  ) async throws {
    let stage = stage(index)
    let kind = error.failureKind
    let message = "\(error)"
    failures.add(error)
    tell(.failed(stage: stage.name, kind: kind, message: message, rows: occurrences.count))
    var failure = StepFailure(kind: kind, message: message, calls: calls.compactMap(\.reply))
    if let step, let error = error as? ModelError, error.isForGood, error.wasSent {
      failure.refused = .init(step, error: error)
    }
    try await steps.noteFailure(
      failure, of: occurrences, place: lookup.places[index], drop: stage.onFailure == .drop, at: engine.now())
  }

  // MARK: The end

  func summary(_ status: RunStatus, seconds: Double) async throws -> RunSummary {
    var books: [OrderedBooks.Entry] = []
    var exports: [RunSummary.Export] = []
    for index in lookup.places.indices where scheduler.stages[index].node.isNeeded {
      books.append(.init(stage(index).name, try await self.books(of: index)))
      if stage(index).entry.exports, settled.contains(index) { exports += try await self.exports(of: index) }
    }
    let calls = try await steps.calls(of: run)
    return RunSummary(
      run: run, pipeline: engine.pipeline.name, status: status, stages: OrderedBooks(books), calls: calls,
      seconds: seconds, exports: exports, refused: refusals.rows, passedOver: refusals.passedOver,
      kept: ledger.kept, waitsForEdit: failures.waitForEdit,
      stopped: stopped ?? (status == .waiting ? waiting.words : nil),
      skipped: lookup.places.indices.filter(isSkipped).map { stage($0).name })
  }

  private func exports(of index: Int) async throws -> [RunSummary.Export] {
    guard let step = setSteps[index] else { return [] }
    let (rows, lost) = try await steps.emitted(
      by: step, passing: lookup.ancestors[index] + [index], run: run)
    return rows.map { row in
      RunSummary.Export(
        stage: stage(index).name,
        path: URL(filePath: row["path"]?.string ?? "", relativeTo: engine.pipeline.folder)
          .standardizedFileURL.path,
        rows: Int(row["rows"]?.int ?? 0), sha256: row["sha256"]?.string ?? "", complete: !lost,
        unchanged: foundSets.contains(index) ? true : nil)
    }
  }
}

/// What failed in a run, by what helps.
private struct FailureTally {
  private var all = 0
  private var forEdit = 0

  mutating func add(_ error: any Error) {
    all += 1
    if (error as? StageError)?.needsEdit == true { forEdit += 1 }
  }

  var waitForEdit: Bool { all > 0 && all == forEdit }
}
