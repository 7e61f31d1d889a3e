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
    /// Whether a step exists whose file does not.
    var lacksFile = false
  }

  private let sketch: Sketch
  private let lookup: PipelineLookup
  private var scheduler: Scheduler
  private var entries: [Entry]
  /// Stages whose rows are all known.
  private var settled: Set<String> = []

  init(_ pipeline: Pipeline, _ options: RunOptions, _ sketch: Sketch) async throws {
    var begunBefore: Set<String> = []
    if let origin = options.origin { begunBefore = try await sketch.begunStages(since: origin) }
    self.sketch = sketch
    lookup = PipelineLookup(
      pipeline, options: options, run: Sketch.run, steps: sketch, begunBefore: begunBefore)
    // Steps end at once here, so that a window bounds nothing.
    scheduler = Scheduler(pipeline, only: options.only, cores: 1)
    entries = pipeline.stages.map {
      Entry(plan: .init(stage: $0.name, done: 0, todo: 0, waits: false, reason: "done"))
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
    case .lookUpAllGroups(let stage):
      let isKnown = lookup.pipeline.stages[stage].from.allSatisfy(settled.contains)
      return .allGroups(stage: stage, isKnown ? try await lookup.groups(of: stage) : [])
    case .checkGroups(let stage, let groups):
      return .checked(stage: stage, groups.map { GroupCheck(group: $0, isWhole: true) })
    case .lookUpSet(let stage, let group): return .set(stage: stage, try await lookUpSet(stage, group))
    case .performRow(let stage, let arrival):
      if entries[stage].rows.insert(arrival.row).inserted { count(stage, arrival.digest, rows: 1) }
      return .ended(stage: stage, .row(arrival.row), .pending)
    case .performSet(let stage, _, let input):
      count(stage, Data(input.digest.bytes), rows: input.count)
      return .ended(stage: stage, .set(input.digest), .pending)
    case .finish(let stage, let isSettled): try await finish(stage, isSettled)
    case .passOverSet, .settleRow, .settleSet, .announce, .wait, .end: break
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
    _ = try await sketch.answerSet(lookup.place(stage, group), from: step, limit: lookup.limit(of: stage))
    // A reader's set has no rows, and is one all the same.
    entries[stage].plan.done += group == nil ? max(1, input.count) : input.count
    return .known
  }

  /// Counts a step that is to be made, or the rows of one that an endpoint has refused for good.
  private mutating func count(_ stage: Int, _ input: Data, rows: Int) {
    entries[stage].isMissing = true
    if entries[stage].lacksFile || entries[stage].record?.refused[input] == nil {
      entries[stage].plan.todo += 1
    } else {
      entries[stage].plan.passedOver += rows
    }
  }

  private mutating func finish(_ stage: Int, _ isSettled: Bool) async throws {
    if isSettled { settled.insert(lookup.pipeline.stages[stage].name) }
    let (waits, reason) = try await reason(stage, isSettled)
    entries[stage].plan.waits = waits
    entries[stage].plan.reason = reason
    let place = StagePlace(run: Sketch.run, ordinal: stage, from: [])
    entries[stage].plan.rows = try await sketch.books(place, reader: nil).rows
  }

  private mutating func reason(_ stage: Int, _ isSettled: Bool) async throws -> (waits: Bool, String) {
    let subject = lookup.pipeline.stages[stage]
    let unsettled = { [settled] (names: [String]) in names.filter { !settled.contains($0) } }
    let (using, from) = (unsettled(Array(subject.using.values)), unsettled(subject.from))
    guard using.isEmpty else { return (true, "waits for \(using.joined(separator: ", "))") }
    // A set that waits has not begun, and may leave a redo all the same.
    if entries[stage].record == nil { try await begin(stage) }
    if subject.entry.isSet, !from.isEmpty { return (true, "waits for \(from.joined(separator: ", "))") }
    let waits = !from.isEmpty
    guard entries[stage].isMissing else { return (waits, isSettled ? "done" : "waits for rows upstream") }
    if entries[stage].lacksFile { return (waits, "file missing or changed") }
    guard let record = entries[stage].record, record.take?.isRedo == false else { return (waits, "forced") }
    return (waits, try await comparison(subject, record.identity))
  }

  /// Compares with the stage of this name in the pipeline's last run.
  private func comparison(_ stage: PipelineStage, _ identity: JSON) async throws -> String {
    guard let last = try await sketch.last(stage.name, of: lookup.pipeline.name) else { return "never run" }
    let shown = lookup.pipeline.redaction.values(identity)
    let changed = Difference.between(last.identity, shown).map(\.path)
    guard changed.isEmpty else { return "changed: \(changed.joined(separator: ", "))" }
    return last.failure.map { "failed before: \($0)" } ?? "new rows"
  }
}
