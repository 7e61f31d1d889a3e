internal import Foundation
internal import OrderedCollections
internal import RetortCore
internal import RetortStore

/// Thinks a run through: answers what a ``Scheduler`` asks for from a sketch of the store, and counts the steps that it
/// would have performed.
struct Planner {
  /// What is found of a stage.
  private struct Entry {
    var plan: Plan.Stage
    var record: StageRecord?
    /// Rows whose step was asked for.
    var rows: Set<Int64> = []
    /// Whether a step was asked for.
    var isMissing = false
    /// How many of those rows the store does not have.
    var freshRows = 0
    /// Occurrences whose step is to be made and tells nothing yet.
    var pending: [Int64] = []
    /// Groups of which the same holds; nil for the whole set.
    var pendingGroups: [String?] = []
    /// Of a row that is known to come out, on average.
    var rowBytes = 0.0
    /// Performs its steps here and now; nil where only a run can.
    var foresight: Foresight?
    /// Of what it answered in an earlier run, the share that will come again; nil where no set upstream is to be made
    /// anew, so that all its rows are known.
    var again: Double?
    /// Whether a step exists whose file does not.
    var lacksFile = false
  }

  let sketch: Sketch
  let lookup: PipelineLookup
  private var scheduler: Scheduler
  private var entries: [Entry]
  /// Stages whose rows are all known.
  private var settled: Set<String> = []

  init(_ pipeline: Pipeline, _ options: RunOptions, _ sketch: Sketch) async throws {
    var begunBefore: Set<String> = []
    if let origin = options.origin { begunBefore = try await sketch.begunStages(since: origin) }
    self.sketch = sketch
    let takes = try await sketch.toolTakes(
      of: pipeline.toolDigests, redo: options.redoTools, origin: options.origin)
    lookup = PipelineLookup(
      pipeline, options: options, run: Sketch.run, steps: sketch, begunBefore: begunBefore, toolTakes: takes)
    // Steps end at once here, so that a window bounds nothing.
    scheduler = Scheduler(pipeline, only: options.only, cores: 1)
    entries = pipeline.stages.map {
      Entry(
        plan: .init(stage: $0.name, done: 0, todo: 0, waits: false, reason: "done"),
        foresight: Foresight($0, in: pipeline))
    }
  }

  mutating func plan() async throws -> Plan {
    while true {
      switch scheduler.next() {
      // No step is ever in flight.
      case .wait, .end: return outcome
      case let action: if let event = try await answer(action) { scheduler.handle(event) }
      }
    }
  }

  private var outcome: Plan {
    let needed = entries.indices.filter { scheduler.stages[$0].node.isNeeded }
    var plan = Plan(stages: needed.map { entries[$0].plan })
    plan.fingerprints = Dictionary(
      uniqueKeysWithValues: needed.map { (entries[$0].plan.stage, entries[$0].record?.fingerprints ?? []) })
    plan.rowBytes = Dictionary(
      uniqueKeysWithValues: needed.map { (entries[$0].plan.stage, entries[$0].rowBytes) })
    plan.unfinishedRedos = needed.sorted {
      (scheduler.stages[$0].node.depth, $0) < (scheduler.stages[$1].node.depth, $1)
    }.compactMap { entries[$0].record?.unfinishedRedo }
    return plan
  }

  private mutating func answer(_ action: Scheduler.Action) async throws -> Scheduler.Event? {
    switch action {
    case .begin(let stage):
      try await begin(stage)
      return .begun(stage: stage)
    case .lookUpRows(let stage, let upstream, let after, let limit):
      return .rows(stage: stage, upstream: upstream, try await lookUpRows(stage, upstream, after, limit))
    case .lookUpGroups(let stage, let upstream, let after, _):
      // Whether a group is whole is asked once all rows are known.
      return .groups(stage: stage, upstream: upstream, .init(rows: 0, last: after))
    case .lookUpAllGroups(let stage): return .allGroups(stage: stage, try await wholeGroups(of: stage))
    case .checkGroups(let stage, let groups):
      return .checked(stage: stage, groups.map { GroupCheck(group: $0, isWhole: true) })
    case .lookUpSet(let stage, let group): return .set(stage: stage, try await lookUpSet(stage, group))
    case .performRow(let stage, let arrival):
      return .ended(stage: stage, .row(arrival.row), try await perform(arrival, stage))
    case .performSet(let stage, let group, let input):
      return .ended(stage: stage, .set(input.digest), try await perform(group, input, stage))
    case .settleRow(let stage, _, .done, let followers): try await follow(followers, stage)
    case .settleRow(let stage, _, _, let followers): entries[stage].pending += followers
    case .finish(let stage, let isSettled): try await finish(stage, isSettled)
    case .skip(let stage): skip(stage)
    case .decide(let stage):
      return try await lookup.decision(of: stage).map { .decided(stage: stage, goesOn: $0.goesOn) }
    case .passOverSet, .settleSet, .announce, .wait, .end: break
    }
    return nil
  }

  private mutating func begin(_ stage: Int) async throws {
    let key = lookup.key(of: stage, try await lookup.sets(of: stage))
    entries[stage].record = try await lookup.begin(stage, key)
  }

  private mutating func lookUpRows(_ stage: Int, _ upstream: Int, _ after: Int64, _ limit: Int) async throws
    -> Scheduler.RowPage
  {
    let page = try await sketch.answerPage(
      lookup.places[stage], upstream: upstream, under: entries[stage].record?.fingerprints ?? [],
      after: after, limit: limit)
    entries[stage].plan.done += page.hits.rows
    return .init(rows: page.rows, last: page.last, hits: page.hits.rows, misses: page.misses)
  }

  private mutating func lookUpSet(_ stage: Int, _ group: String?) async throws -> Scheduler.SetLookUp {
    guard let record = entries[stage].record else { return .empty }
    let input = try await lookup.findSet(stage, group, record)
    if group != nil, input.count == 0 { return .empty }
    guard let step = input.step else { return .missing(input) }
    guard lookup.hasFiles(of: input, stage) else {
      entries[stage].lacksFile = true
      return .missing(input)
    }
    _ = try await sketch.answerSet(lookup.place(stage, group), from: step, lookup.selection(of: stage))
    // A reader's set has no rows, and is one all the same.
    entries[stage].plan.done += group == nil ? max(1, input.count) : input.count
    return .known
  }

  // MARK: Steps to be made

  private mutating func perform(_ arrival: Arrival, _ stage: Int) async throws -> Scheduler.StepEnd {
    // A row that has come before has its step already.
    let isNew = entries[stage].rows.insert(arrival.row).inserted
    if isNew, arrival.row < 0 { entries[stage].freshRows += 1 }
    guard !isNew || count(stage, arrival.digest, rows: 1), let foresight = entries[stage].foresight,
      let rows = try? await foresight.rows(of: arrival)
    else {
      entries[stage].pending.append(arrival.id)
      return .pending
    }
    if isNew { entries[stage].plan.foreseen += 1 }
    entries[stage].foresight?.last = rows
    try await sketch.note(
      rows.enumerated().map { .init(parent: arrival.id, nth: $0, row: $1) }, of: lookup.places[stage])
    return .done(.init(rows: 1, out: rows.count))
  }

  /// Gives further occurrences of the last row what was made of it.
  private mutating func follow(_ occurrences: [Int64], _ stage: Int) async throws {
    let rows = entries[stage].foresight?.last ?? []
    for occurrence in occurrences {
      try await sketch.note(
        rows.enumerated().map { .init(parent: occurrence, nth: $0, row: $1) }, of: lookup.places[stage])
    }
  }

  private mutating func perform(_ group: String?, _ input: SetInput, _ stage: Int) async throws
    -> Scheduler.StepEnd
  {
    // Its row is for people; what it decides is asked for once more.
    if isGate(stage), count(stage, Data(input.digest.bytes), rows: 1) {
      entries[stage].plan.foreseen += 1
      return .done(.init(rows: 1, out: 1))
    }
    guard count(stage, Data(input.digest.bytes), rows: input.count), let foresight = entries[stage].foresight,
      let out = try? await foresight.note(
        lookup.place(stage, group), count: input.count, lookup.selection(of: stage), in: sketch)
    else {
      entries[stage].pendingGroups.append(group)
      return .pending
    }
    entries[stage].plan.foreseen += 1
    return .done(.init(rows: input.count, out: out))
  }

  /// Counts a step that is to be made, or the rows of one that an endpoint has refused for good; whether it is to be
  /// made.
  private mutating func count(_ stage: Int, _ input: Data, rows: Int) -> Bool {
    entries[stage].isMissing = true
    if entries[stage].lacksFile || entries[stage].record?.refused[input] == nil {
      entries[stage].plan.todo += 1
      return true
    }
    entries[stage].plan.passedOver += rows
    return false
  }

  /// The groups of a stage to which no row comes any more: those of which a step is still to be made on the way, and
  /// tells nothing yet, are left out.
  private func wholeGroups(of stage: Int) async throws -> [String] {
    guard let (ancestor, passing) = lookup.grouping(of: stage) else { return [] }
    var (occurrences, open): ([Int64], Set<String>) = ([], [])
    for place in passing where !scheduler.stages[place.ordinal].isSkipped {
      let entry = entries[place.ordinal]
      // It has not begun, or answers one set.
      guard entry.record != nil, !entry.pendingGroups.contains(nil) else { return [] }
      occurrences += entry.pending
      open.formUnion(entry.pendingGroups.compactMap(\.self))
    }
    if !occurrences.isEmpty { open.formUnion(try await sketch.groups(of: occurrences, per: ancestor)) }
    return try await lookup.groups(of: stage).filter { !open.contains($0) }
  }

  private mutating func finish(_ stage: Int, _ isSettled: Bool) async throws {
    if isSettled { settled.insert(lookup.pipeline.stages[stage].name) }
    let (waits, reason) = try await reason(stage, isSettled)
    entries[stage].plan.waits = waits
    entries[stage].plan.reason = reason
    let place = StagePlace(run: Sketch.run, ordinal: stage, from: [])
    entries[stage].plan.rows = try await sketch.books(place, reader: nil).rows
    entries[stage].rowBytes = try await sketch.rowBytes(place)
    try await noteEarlier(stage)
  }

  /// Rows that do not come before a set upstream is made anew may all the same be done, unless a stage on their way has
  /// changed, or they come from others.
  private mutating func noteEarlier(_ stage: Int) async throws {
    let (subject, entry, pipeline) = (lookup.pipeline.stages[stage], entries[stage], lookup.pipeline.name)
    let prints = entry.record?.fingerprints ?? []
    let upstream = lookup.places[stage].from.compactMap { entries[$0].again }.min()
    if subject.entry.isReader { return }
    guard !prints.isEmpty else {
      entries[stage].again = 0
      return
    }
    guard entry.plan.waits, upstream != 0 else {
      entries[stage].again = upstream
      return
    }
    if subject.entry.isSet {
      let share = try await sketch.shareOfEarlier(subject.name, of: pipeline, at: lookup.places[stage])
      entries[stage].again = (upstream ?? 1) * share
      return
    }
    entries[stage].again = upstream
    guard let upstream, entry.plan.done == 0, entry.plan.todo == 0 else { return }
    let before = try await sketch.answeredBefore(subject.name, of: pipeline, under: prints)
    entries[stage].plan.done = Int((Double(before) * upstream).rounded())
  }

  private mutating func reason(_ stage: Int, _ isSettled: Bool) async throws -> (waits: Bool, String) {
    let subject = lookup.pipeline.stages[stage]
    let unsettled = { [settled] (names: [String]) in names.filter { !settled.contains($0) } }
    if let round = openRound(before: stage) {
      let isOwn = isGate(stage) && subject.round?.number == round
      return (true, isOwn ? "waits for round \(round)" : "unknown until round \(round) has settled")
    }
    let (using, from) = (unsettled(Array(subject.using.values)), unsettled(subject.from))
    guard using.isEmpty else { return (true, "waits for \(lookup.pipeline.words(for: using))") }
    // A set that waits has not begun, and may leave a redo all the same.
    if entries[stage].record == nil { try await begin(stage) }
    if subject.entry.isSet, !from.isEmpty { return (true, "waits for \(lookup.pipeline.words(for: from))") }
    let waits = !from.isEmpty
    guard entries[stage].isMissing else { return (waits, isSettled ? "done" : "waits for rows upstream") }
    if entries[stage].lacksFile { return (waits, "file missing or changed") }
    guard let record = entries[stage].record, record.take?.isRedo == false else { return (waits, "forced") }
    return (waits, try await comparison(stage, record.identity))
  }

  // MARK: Rounds

  private func isGate(_ stage: Int) -> Bool { scheduler.stages[stage].node.decides }

  /// The round that must settle before it is known what a stage does; nil where that is known.
  private func openRound(before stage: Int) -> Int? {
    let (node, place) = (scheduler.stages[stage].node, lookup.pipeline.stages[stage].round)
    if let gate = node.gate, case .held = scheduler.passage(of: gate) {
      return lookup.pipeline.stages[gate.stage].round?.number
    }
    return node.after.allSatisfy { scheduler.stages[$0].isSettled } ? nil : place?.number
  }

  private mutating func skip(_ stage: Int) {
    settled.insert(lookup.pipeline.stages[stage].name)
    let isOfLast = scheduler.stages[stage].node.gate?.goesOn == false
    entries[stage].plan.reason =
      isOfLast ? "another round is the last" : "not played: an earlier round is the last"
    entries[stage].again = 0
  }

  /// Compares with the stage of this name in the pipeline's last run.
  private func comparison(_ stage: Int, _ identity: JSON) async throws -> String {
    let (name, entry) = (lookup.pipeline.stages[stage].name, entries[stage])
    guard let last = try await sketch.last(name, of: lookup.pipeline.name) else { return "never run" }
    let shown = lookup.pipeline.redaction.values(identity)
    let changed = Difference.between(last.identity, shown).map(\.place)
    guard changed.isEmpty else { return "changed: \(changed.joined(separator: ", "))" }
    // What the store has never seen cannot have failed.
    if let failure = last.failure, entry.freshRows < entry.rows.count || entry.rows.isEmpty {
      return "failed before: \(failure)"
    }
    let count = entry.rows.count
    return count == 0 ? "new rows" : count == 1 ? "1 new row" : "\(count) new rows"
  }
}
