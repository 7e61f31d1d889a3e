internal import Foundation
internal import OrderedCollections
internal import RetortCore
internal import RetortStore

/// What the stages of a pipeline ask about the steps that exist: the same for a run that is made and for one that is only
/// thought through. Stages are named by their place in the file.
struct PipelineLookup: Sendable {
  let pipeline: Pipeline
  let options: RunOptions
  let run: Int64
  let steps: any StepLookup
  /// Stages that the runs which this one goes on with have begun.
  let begunBefore: Set<String>
  /// How often each tool was asked anew.
  let toolTakes: [String: Int]
  let places: [StagePlace]
  /// The stages that each stage takes rows or sets from, directly or not.
  let ancestors: [[Int]]
  private let ordinals: [String: Int]
  /// The stages that `--redo` names.
  private let redone: Set<String>
  /// The sources that the run's selection cuts.
  private let cut: Set<String>

  init(
    _ pipeline: Pipeline, options: RunOptions, run: Int64, steps: any StepLookup, begunBefore: Set<String>,
    toolTakes: [String: Int]
  ) {
    let ordinals = pipeline.ordinals
    self.pipeline = pipeline
    self.options = options
    self.run = run
    self.steps = steps
    self.begunBefore = begunBefore
    self.toolTakes = toolTakes
    self.ordinals = ordinals
    redone = Set(options.redo.flatMap(pipeline.instances))
    cut = options.selection.cuts ? Set(pipeline.cutSources.map(\.name)) : []
    places = pipeline.stages.enumerated().map { ordinal, stage in
      StagePlace(
        run: run, ordinal: ordinal, from: stage.from.compactMap { ordinals[$0] },
        reorders: stage.entry.reorders, unites: stage.unites)
    }
    ancestors = pipeline.stages.map { stage in
      pipeline.ancestry(of: stage.name).subtracting([stage.name]).compactMap { ordinals[$0] }.sorted()
    }
  }

  func place(_ stage: Int, _ group: String?) -> StagePlace {
    group.map { places[stage].group($0) } ?? places[stage]
  }

  // MARK: Keys

  /// A set under `using:`.
  struct UsedSet: Sendable {
    let place: StagePlace
    let input: SetInput
  }

  /// The sets under `using:`, by role.
  func sets(of stage: Int) async throws -> OrderedDictionary<String, UsedSet> {
    var sets: OrderedDictionary<String, UsedSet> = [:]
    for (role, name) in pipeline.stages[stage].using {
      guard let ordinal = ordinals[name] else { continue }
      let place = StagePlace(run: run, ordinal: ordinal, from: [ordinal])
      sets[role] = UsedSet(
        place: place, input: try await steps.set(place, passing: ancestors[ordinal] + [ordinal]))
    }
    return sets
  }

  func key(of stage: Int, _ sets: OrderedDictionary<String, UsedSet>) -> StageKey {
    let (subject, keepsFiles) = (pipeline.stages[stage], pipeline.stages[stage].entry.keepsFiles)
    var identity = subject.identity.object ?? [:]
    var takes: JSON.Object = [:]
    for tool in subject.tools {
      if let take = toolTakes[tool.name], take > 0 { takes[tool.name] = .int(Int64(take)) }
    }
    if !takes.isEmpty { identity["tool_takes"] = .object(takes) }
    return StageKey(
      identity, sets: sets.mapValues(\.input.digest),
      exportSuffix: keepsFiles ? options.exportSuffix : "",
      // A reader's one step is found under the run's own fingerprint, and a file that is kept is that of its newest take.
      fallsBack: !subject.from.isEmpty && !keepsFiles && !sharesRedo(stage))
  }

  /// What is asked of a stage, when these have been begun by the runs that this one goes on with: such a redo has
  /// finished or is gone on with, but is not asked for again.
  func redo(of stage: Int, _ key: StageKey) async throws -> Redo {
    let name = pipeline.stages[stage].name
    guard redone.contains(name) else { return .none }
    guard !begunBefore.contains(name) else { return .goOn }
    // What is the same in all rounds is redone once.
    guard sharesRedo(stage) else { return .begin }
    return try await steps.hasBegunTake(of: key, since: options.origin ?? run) ? .goOn : .begin
  }

  /// Whether other rounds may have the very key of a stage that is redone. Answers from before the redo do not count
  /// there, also once the first of them has finished.
  private func sharesRedo(_ stage: Int) -> Bool {
    let subject = pipeline.stages[stage]
    return subject.round != nil && !subject.entry.drawsSamples && redone.contains(subject.name)
  }

  /// Finds what the steps of a stage are known by.
  func begin(_ stage: Int, _ key: StageKey) async throws -> StageRecord {
    let (entry, name) = (pipeline.stages[stage].entry, pipeline.stages[stage].name)
    return try await steps.begin(
      StageRequest(
        name: name, place: places[stage], kind: entry.name, version: entry.version, key: key,
        shown: pipeline.redaction.values, redo: try await redo(of: stage, key),
        retriesRefused: options.retryRefused))
  }

  // MARK: Sets

  /// A set, or the group at a path, with the step that answered it before.
  func findSet(_ stage: Int, _ group: String?, _ record: StageRecord) async throws -> SetInput {
    try await steps.findSet(
      place(stage, group), passing: ancestors[stage], under: record.fingerprints,
      withFiles: pipeline.stages[stage].entry.keepsFiles)
  }

  /// Whether the files that a stage keeps are there as it left them; true for stages that keep none.
  func hasFiles(of input: SetInput, _ stage: Int) -> Bool {
    guard pipeline.stages[stage].entry.keepsFiles else { return true }
    return input.files.allSatisfy { row in
      guard let path = row["path"]?.string, let expected = row["sha256"]?.string else { return true }
      let url = URL(filePath: path, relativeTo: pipeline.folder)
      let kind = try? FileKind(at: url)
      // A checkpoint is a folder; what an export writes is a file.
      if kind == .folder, !pipeline.stages[stage].entry.exports {
        return (try? FolderDigest.sha256(of: url)) == expected
      }
      guard kind == .regular else { return false }
      if pipeline.stages[stage].entry.leavesEdits { return true }
      return (try? FileReading.sha256(of: url)) == expected
    }
  }

  /// Which of a reader's rows go on.
  func selection(of stage: Int) -> Selection {
    cut.contains(pipeline.stages[stage].name) ? options.selection : .all
  }

  /// What a gate decides, of the sets that it looks at.
  func decision(of gate: Int) async throws -> RoundGate.Output? {
    let config = pipeline.stages[gate].configured.config
    let sets = try await sets(of: gate)
    return try RoundGate.decision(config.decode(RoundGate.Config.self)) { sets[$0]?.input.count ?? 0 }
  }

  /// The rows that a stage takes, as a set.
  func source(of name: String) -> StagePlace? {
    guard let source = pipeline[name]?.from.first, let ordinal = ordinals[source] else { return nil }
    return StagePlace(run: run, ordinal: ordinal, from: [ordinal])
  }

  /// The ancestor stage whose rows delimit the groups of a stage, and the stages that rows pass from there.
  func grouping(of stage: Int) -> (ancestor: Int, passing: [StagePlace])? {
    guard let ancestor = pipeline.stages[stage].per.flatMap({ ordinals[$0] }) else { return nil }
    let before = Set(ancestors[ancestor] + [ancestor])
    return (ancestor, ancestors[stage].filter { !before.contains($0) }.map { places[$0] })
  }

  /// The paths of all groups of a stage.
  func groups(of stage: Int) async throws -> [String] {
    guard let (ancestor, _) = grouping(of: stage) else { return [] }
    return try await steps.groups(run: run, per: ancestor)
  }
}
