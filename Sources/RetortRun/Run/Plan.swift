internal import Foundation
internal import GRDB
internal import OrderedCollections
internal import RetortCore
internal import RetortStages

/// What a run would do, and why: the engine's own look-ups without the engine.
package struct Plan: Codable, Hashable, Sendable {
  package struct Stage: Codable, Hashable, Sendable {
    package var stage: String
    /// Input rows whose step exists.
    package var done: Int
    /// Steps to be made for the input rows that are known now.
    package var todo: Int
    /// Input rows that an endpoint has refused for good: no run asks for them unless it is told to.
    package var passedOver: Int
    /// More rows, or the whole set, wait for steps upstream.
    package var waits: Bool
    /// Rows that come out of what is done.
    package var rows: Int
    /// `done`, `never run`, `changed: with.prompt`, `failed before`, `new rows`, `file missing`, `forced`…
    package var reason: String

    package init(
      stage: String, done: Int, todo: Int, passedOver: Int = 0, waits: Bool, rows: Int = 0, reason: String
    ) {
      self.stage = stage
      self.done = done
      self.todo = todo
      self.passedOver = passedOver
      self.waits = waits
      self.rows = rows
      self.reason = reason
    }

    enum CodingKeys: String, CodingKey {
      case stage, done, todo, waits, rows, reason
      case passedOver = "passed_over"
    }
  }

  /// In file order.
  package var stages: [Stage]
  /// Redos that a run would leave as they are.
  package var unfinishedRedos: [UnfinishedRedo] = []

  package init(stages: [Stage]) { self.stages = stages }

  /// Looks every key up, in the store as it is at one moment. Nothing is written to it: the rows that a run would pass
  /// on are noted beside it, so that a live run is not in the way, and has none in its way.
  package static func make(
    _ pipeline: Pipeline, store: Store, options: RunOptions = .init()
  ) async throws -> Plan {
    try await store.sketch { db in
      var planner = Planner(pipeline: pipeline, options: options)
      return try planner.plan(db)
    }
  }
}

private struct Planner {
  let pipeline: Pipeline
  let options: RunOptions
  /// A sketch has rows of no other run.
  let run: Int64 = 0
  /// Stages whose rows are all known.
  private var whole: Set<String> = []
  private var begunBefore: Set<String> = []
  private var unfinishedRedos: [UnfinishedRedo] = []

  init(pipeline: Pipeline, options: RunOptions) {
    self.pipeline = pipeline
    self.options = options
  }

  mutating func plan(_ db: Database) throws -> Plan {
    begunBefore = try options.origin.map { try Store.begunStages(since: $0, db) } ?? []
    let needed = options.only.map { pipeline.ancestry(of: $0) }
    let order = pipeline.stages.indices.sorted {
      (pipeline.depth(of: pipeline.stages[$0].name), $0) < (pipeline.depth(of: pipeline.stages[$1].name), $1)
    }
    var found: [Int: Plan.Stage] = [:]
    for ordinal in order where needed?.contains(pipeline.stages[ordinal].name) ?? true {
      var entry = try plan(ordinal, db)
      entry.rows = try Store.books(StagePlace(run: run, ordinal: ordinal, from: []), reader: nil, db).rows
      found[ordinal] = entry
    }
    var plan = Plan(stages: pipeline.stages.indices.compactMap { found[$0] })
    plan.unfinishedRedos = unfinishedRedos
    return plan
  }

  private mutating func plan(_ ordinal: Int, _ db: Database) throws -> Plan.Stage {
    let stage = pipeline.stages[ordinal]
    let from = stage.from.compactMap { name in pipeline.stages.firstIndex { $0.name == name } }
    let place = StagePlace(run: run, ordinal: ordinal, from: from)
    var entry = Plan.Stage(stage: stage.name, done: 0, todo: 0, waits: false, reason: "done")
    let upstream = stage.from.allSatisfy(whole.contains)
    guard stage.using.values.allSatisfy(whole.contains) else {
      entry.waits = true
      entry.reason = "waits for \(stage.using.values.filter { !whole.contains($0) }.joined(separator: ", "))"
      return entry
    }
    let base = try identity(of: stage, db)
    let redo = options.redo(of: stage.name, begunBefore: begunBefore)
    let take = try Store.knownTake(base, redo: redo, db)
    if let take, take.leavesRedo {
      unfinishedRedos.append(try Store.unfinishedRedo(of: stage.name, base, db))
    }
    let forced = take == nil || take?.isRedo == true
    let identity = Store.identity(base, take: take?.number ?? 0)
    let known = try take.flatMap { _ in try Store.knownFingerprint(identity, db) }
    let refused = try known.map { try options.retryRefused ? [:] : Store.refusedSteps(of: $0, db) } ?? [:]
    var fingerprints = known.map { [$0] } ?? []
    if let take, !stage.from.isEmpty, !stage.entry.exports {
      fingerprints += try Store.earlierPrints(base, before: take, db)
    }
    if stage.entry.isSet {
      guard upstream else {
        entry.waits = true
        entry.reason = "waits for \(stage.from.filter { !whole.contains($0) }.joined(separator: ", "))"
        return entry
      }
      if let per = stage.per, let ancestor = pipeline.stages.firstIndex(where: { $0.name == per }) {
        for scope in try Store.groups(run: run, per: ancestor, db) {
          var group = place
          group.scope = scope
          let (input, count) = try Store.setDigest(group, complete: true, db)
          guard count > 0 else { continue }
          if let step = try Store.setStep(fingerprints: fingerprints, input: input, db) {
            try Store.takeMembers(group, step: step, db)
            try Store.emitSet(group, step: step, limit: nil, db)
            entry.done += count
          } else if refused[Data(input.bytes)] != nil {
            entry.passedOver += count
          } else {
            entry.todo += 1
          }
        }
        if entry.todo == 0, entry.passedOver == 0 {
          whole.insert(stage.name)
        } else {
          entry.reason = forced ? "forced" : try reason(stage, identity, db)
        }
        return entry
      }
      let (input, count) = try Store.setDigest(place, complete: true, db)
      if let step = try Store.doneSet(fingerprints: fingerprints, input: input, db) {
        guard try !stage.entry.exports || Engine.areOnDisk(Store.rows(of: step, db), in: pipeline.folder)
        else {
          entry.todo = 1
          entry.reason = "file missing or changed"
          return entry
        }
        let limited = from.isEmpty && pipeline.stages.contains { $0.from.contains(stage.name) }
        try Store.takeMembers(place, step: step, db)
        try Store.emitSet(place, step: step, limit: limited ? options.limit : nil, db)
        entry.done = max(1, count)
        whole.insert(stage.name)
        return entry
      }
      if refused[Data(input.bytes)] != nil { entry.passedOver = count } else { entry.todo = 1 }
    } else {
      entry.waits = !upstream
      var missing: Set<Int64> = []
      var passedOver: Set<Int64> = []
      for source in from {
        var cursor: Int64 = 0
        while true {
          let page = try Store.answer(
            place, upstream: source, fingerprints: fingerprints, after: cursor, limit: 1000, db)
          guard page.rows > 0 else { break }
          cursor = page.last
          entry.done += page.hits.rows
          for miss in page.misses {
            if refused[miss.digest] == nil { missing.insert(miss.row) } else { passedOver.insert(miss.row) }
          }
        }
      }
      entry.todo = missing.count
      entry.passedOver = passedOver.count
      if missing.isEmpty, passedOver.isEmpty {
        if upstream { whole.insert(stage.name) } else { entry.reason = "waits for rows upstream" }
        return entry
      }
    }
    entry.reason = forced ? "forced" : try reason(stage, identity, db)
    return entry
  }

  /// As ``Performance`` makes it, without its take.
  private func identity(of stage: PipelineStage, _ db: Database) throws -> JSON.Object {
    var fields = stage.identity.object ?? [:]
    var sets: JSON.Object = [:]
    for (role, name) in stage.using {
      guard let ordinal = pipeline.stages.firstIndex(where: { $0.name == name }) else { continue }
      sets[role] = .string(
        try Store.setDigest(StagePlace(run: run, ordinal: ordinal, from: [ordinal]), complete: true, db)
          .digest.description)
    }
    if !sets.isEmpty { fields["using"] = .object(sets) }
    if stage.entry.exports, !options.exportSuffix.isEmpty {
      fields["export_suffix"] = .string(options.exportSuffix)
    }
    return fields
  }

  /// Compares with the stage of this name in the pipeline's last run.
  private func reason(_ stage: PipelineStage, _ identity: JSON, _ db: Database) throws -> String {
    let last = try GRDB.Row.fetchOne(
      db,
      sql: """
        SELECT f.config, s.run, s.stage FROM run_stage s JOIN run r ON r.id = s.run
        JOIN fingerprint f ON f.id = s.fingerprint
        WHERE r.pipeline = ? AND s.name = ? ORDER BY r.id DESC LIMIT 1
        """, arguments: [pipeline.name, stage.name])
    guard let last else { return "never run" }
    let changed = Difference.between(try last.json(0), pipeline.redaction.values(identity)).map(\.path)
    guard changed.isEmpty else { return "changed: \(changed.joined(separator: ", "))" }
    let message = try String.fetchOne(
      db, sql: "SELECT message FROM failure WHERE run = ? AND stage = ? ORDER BY id DESC LIMIT 1",
      arguments: [try last.at(1) as Int64, try last.at(2) as Int])
    return message.map { "failed before: \($0)" } ?? "new rows"
  }
}

extension Plan {
  /// Models without a price that a run would call, in the order of the file.
  package func unpriced(_ pipeline: Pipeline) -> [String] {
    let called = stages.filter { $0.todo > 0 || $0.waits }.flatMap { pipeline[$0.stage]?.models ?? [] }
    return pipeline.models.values.filter { $0.price == nil && called.contains($0.alias) }.map(\.alias)
  }
}
