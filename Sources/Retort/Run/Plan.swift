internal import Foundation
internal import OrderedCollections

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
    var planner = Planner(pipeline: pipeline, options: options, sketch: try await store.sketch())
    return try await planner.plan()
  }
}

private struct Planner {
  let pipeline: Pipeline
  let options: RunOptions
  let sketch: Sketch
  /// Stages whose rows are all known.
  private var whole: Set<String> = []
  private var begunBefore: Set<String> = []
  private var unfinishedRedos: [UnfinishedRedo] = []

  init(pipeline: Pipeline, options: RunOptions, sketch: Sketch) {
    self.pipeline = pipeline
    self.options = options
    self.sketch = sketch
  }

  mutating func plan() async throws -> Plan {
    if let origin = options.origin { begunBefore = try await sketch.begunStages(since: origin) }
    let needed = options.only.map { pipeline.ancestry(of: $0) }
    let order = pipeline.stages.indices.sorted {
      (pipeline.depth(of: pipeline.stages[$0].name), $0) < (pipeline.depth(of: pipeline.stages[$1].name), $1)
    }
    var found: [Int: Plan.Stage] = [:]
    for ordinal in order where needed?.contains(pipeline.stages[ordinal].name) ?? true {
      var entry = try await plan(ordinal)
      let place = StagePlace(run: Sketch.run, ordinal: ordinal, from: [])
      entry.rows = try await sketch.books(place, reader: nil).rows
      found[ordinal] = entry
    }
    var plan = Plan(stages: pipeline.stages.indices.compactMap { found[$0] })
    plan.unfinishedRedos = unfinishedRedos
    return plan
  }

  private mutating func plan(_ ordinal: Int) async throws -> Plan.Stage {
    let stage = pipeline.stages[ordinal]
    let from = stage.from.compactMap { name in pipeline.stages.firstIndex { $0.name == name } }
    let place = StagePlace(run: Sketch.run, ordinal: ordinal, from: from)
    var entry = Plan.Stage(stage: stage.name, done: 0, todo: 0, waits: false, reason: "done")
    let upstream = stage.from.allSatisfy(whole.contains)
    guard stage.using.values.allSatisfy(whole.contains) else {
      entry.waits = true
      entry.reason = "waits for \(stage.using.values.filter { !whole.contains($0) }.joined(separator: ", "))"
      return entry
    }
    let record = try await sketch.begin(
      StageRequest(
        name: stage.name, place: place, kind: stage.entry.name, version: stage.entry.version,
        identity: try await identity(of: stage), shown: pipeline.redaction.values,
        redo: options.redo(of: stage.name, begunBefore: begunBefore),
        fallsBack: !stage.from.isEmpty && !stage.entry.exports, retriesRefused: options.retryRefused))
    if let redo = record.unfinishedRedo { unfinishedRedos.append(redo) }
    let forced = record.take?.isRedo ?? true
    if stage.entry.isSet {
      guard upstream else {
        entry.waits = true
        entry.reason = "waits for \(stage.from.filter { !whole.contains($0) }.joined(separator: ", "))"
        return entry
      }
      if let per = stage.per, let ancestor = pipeline.stages.firstIndex(where: { $0.name == per }) {
        for group in try await sketch.groups(of: place, per: ancestor, passing: [], without: []) {
          let input = try await sketch.findSet(
            group, passing: [], under: record.fingerprints, withFiles: false)
          guard input.count > 0 else { continue }
          if let step = input.step {
            _ = try await sketch.answerSet(group, from: step, limit: nil)
            entry.done += input.count
          } else if record.refused[Data(input.digest.bytes)] != nil {
            entry.passedOver += input.count
          } else {
            entry.todo += 1
          }
        }
        if entry.todo == 0, entry.passedOver == 0 {
          whole.insert(stage.name)
        } else {
          entry.reason = forced ? "forced" : try await reason(stage, record.identity)
        }
        return entry
      }
      let input = try await sketch.findSet(
        place, passing: [], under: record.fingerprints, withFiles: stage.entry.exports)
      if let step = input.step {
        guard !stage.entry.exports || Engine.areOnDisk(input.files, in: pipeline.folder) else {
          entry.todo = 1
          entry.reason = "file missing or changed"
          return entry
        }
        let limited = from.isEmpty && pipeline.stages.contains { $0.from.contains(stage.name) }
        _ = try await sketch.answerSet(place, from: step, limit: limited ? options.limit : nil)
        entry.done = max(1, input.count)
        whole.insert(stage.name)
        return entry
      }
      if record.refused[Data(input.digest.bytes)] != nil {
        entry.passedOver = input.count
      } else {
        entry.todo = 1
      }
    } else {
      entry.waits = !upstream
      var missing: Set<Int64> = []
      var passedOver: Set<Int64> = []
      for source in from {
        var cursor: Int64 = 0
        while true {
          let page = try await sketch.answerPage(
            place, upstream: source, under: record.fingerprints, after: cursor, limit: 1000)
          guard page.rows > 0 else { break }
          cursor = page.last
          entry.done += page.hits.rows
          for miss in page.misses {
            if record.refused[miss.digest] == nil {
              missing.insert(miss.row)
            } else {
              passedOver.insert(miss.row)
            }
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
    entry.reason = forced ? "forced" : try await reason(stage, record.identity)
    return entry
  }

  /// As ``Performance`` makes it, without its take.
  private func identity(of stage: PipelineStage) async throws -> JSON.Object {
    var fields = stage.identity.object ?? [:]
    var sets: JSON.Object = [:]
    for (role, name) in stage.using {
      guard let ordinal = pipeline.stages.firstIndex(where: { $0.name == name }) else { continue }
      let rows = StagePlace(run: Sketch.run, ordinal: ordinal, from: [ordinal])
      sets[role] = .string(try await sketch.set(rows, passing: []).digest.description)
    }
    if !sets.isEmpty { fields["using"] = .object(sets) }
    if stage.entry.exports, !options.exportSuffix.isEmpty {
      fields["export_suffix"] = .string(options.exportSuffix)
    }
    return fields
  }

  /// Compares with the stage of this name in the pipeline's last run.
  private func reason(_ stage: PipelineStage, _ identity: JSON) async throws -> String {
    guard let last = try await sketch.last(stage.name, of: pipeline.name) else { return "never run" }
    let changed = Difference.between(last.identity, pipeline.redaction.values(identity)).map(\.path)
    guard changed.isEmpty else { return "changed: \(changed.joined(separator: ", "))" }
    return last.failure.map { "failed before: \($0)" } ?? "new rows"
  }
}

extension Plan {
  /// Models without a price that a run would call, in the order of the file.
  package func unpriced(_ pipeline: Pipeline) -> [String] {
    let called = stages.filter { $0.todo > 0 || $0.waits }.flatMap { pipeline[$0.stage]?.models ?? [] }
    return pipeline.models.values.filter { $0.price == nil && called.contains($0.alias) }.map(\.alias)
  }
}
