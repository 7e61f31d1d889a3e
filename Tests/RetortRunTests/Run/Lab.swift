import Foundation
import OrderedCollections
import RetortCore
import RetortStages
import RetortStore
import RetortTestSupport
import Synchronization

@testable import RetortRun

/// read -> shout -> gather, over records held in memory and a store in a folder of its own.
final class Lab: Sendable {
  struct Notes: Sendable {
    var performed: [String] = []
    var gathered: [[String]] = []
    var refused: String?
    var refusesSets = false
    var held: (word: String, until: Int)?
    var parked: String?
    var interrupts: (word: String, interruption: Interruption)?
  }

  let store: Store
  let pipeline: Pipeline
  private let notes: Notebook
  private let folder: URL

  init(
    records: [String], reversed: Bool = false, onFailure: PipelineStage.OnFailure = .fail,
    setOnFailure: PipelineStage.OnFailure = .fail, models: [String] = [],
    per: String? = nil, export: String? = nil
  ) throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "retort-\(UUID())")
    store = try Store(path: folder.appending(path: "store.sqlite").path)
    let notes = Notebook(turns: reversed ? records.reversed() : nil)
    self.notes = notes
    var stages = [
      Lab.reader("read", records),
      PipelineStage(
        name: "shout", entry: StageEntry(Shout.self), from: ["read"], onFailure: onFailure,
        configured: ConfiguredStage(config: [:]) { _ in
          BoundStage(Shout(notes: notes))
        }, columns: ["word", "loud"], models: models),
      PipelineStage(
        name: "gather", entry: StageEntry(Gather.self), from: ["shout"], per: per, onFailure: setOnFailure,
        configured: ConfiguredStage(config: [:]) { _ in
          BoundStage(Gather(notes: notes))
        }, columns: ["words"]),
    ]
    if let export {
      let config = ExportJSONL.Config(file: export)
      stages.append(
        PipelineStage(
          name: "out", entry: StageEntry(ExportJSONL.self), from: ["shout"],
          configured: ConfiguredStage(config: try JSON(encoding: config)) { workspace in
            try BoundStage(ExportJSONL(config, in: workspace))
          }, columns: ["path", "sha256", "rows"]))
    }
    pipeline = Pipeline(
      name: "lab", file: folder.appending(path: "lab.yaml"),
      models: .init(uniqueKeysWithValues: models.map { ($0, ModelSpec(alias: $0, name: $0)) }), stages: stages
    )
  }

  static func reader(_ name: String, _ records: [String]) -> PipelineStage {
    PipelineStage(
      name: name, entry: StageEntry(Read.self),
      configured: ConfiguredStage(config: .array(records.map { .string($0) })) { _ in
        BoundStage(Read(records: records))
      }, columns: ["word"])
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func run(
    _ options: RunOptions = .init(), interruption: Interruption = Interruption(), cores: Int = 4
  ) async throws -> RunSummary {
    try await Engine(
      pipeline, store: store, models: ScriptedProvider(), options: options, interruption: interruption,
      cores: cores, now: { 0 }
    ).run()
  }

  var performed: [String] { notes.value.withLock { $0.performed } }
  var gathered: [[String]] { notes.value.withLock { $0.gathered } }
  func refuse(_ word: String?) { notes.value.withLock { $0.refused = word } }
  /// Lets a word's step wait until so many sets are gathered.
  func hold(_ word: String, untilGathered count: Int) { notes.value.withLock { $0.held = (word, count) } }
  func refuseSets(_ refuses: Bool) { notes.value.withLock { $0.refusesSets = refuses } }
  func park(_ word: String?) { notes.value.withLock { $0.parked = word } }
  /// Lets a word's step interrupt the run.
  func interrupt(at word: String, _ interruption: Interruption) {
    notes.value.withLock { $0.interrupts = (word, interruption) }
  }
  func forgetPerformed() { notes.value.withLock { $0.performed = [] } }
}

final class Notebook: Sendable {
  let value = Mutex(Lab.Notes())
  /// The order in which steps may finish; nil for any.
  let turns: [String]?
  init(turns: [String]?) { self.turns = turns }
}

private struct Read: Reader {
  struct Config: Codable, Sendable {}
  struct Output: Codable, Sendable { let word: String }
  static let name = "test-read"
  static let version = 1
  static let summary = "Read words."
  static let keys: [String: String] = [:]
  var records: [String] = []

  init(records: [String]) { self.records = records }
  init(_ config: Config, in workspace: Workspace) {}

  func read(into sink: ReaderSink<Output>) async throws {
    for record in records {
      if record == "broken" { throw StageFault("expected words, found 'broken'") }
      try await sink.make(Output(word: record))
    }
  }
}

private struct Shout: RowStage {
  struct Config: Codable, Sendable {}
  struct Input: Codable, Sendable { let word: String }
  struct Output: Codable, Sendable { let loud: String }
  static let name = "test-shout"
  static let version = 1
  static let summary = "Shout words."
  static let keys: [String: String] = [:]
  let notes: Notebook

  init(notes: Notebook) { self.notes = notes }
  init(_ config: Config, in workspace: Workspace) { notes = Notebook(turns: nil) }

  func process(_ input: Input) async throws -> Outcome<Output> {
    if let turns = notes.turns {
      while notes.value.withLock({ turns[$0.performed.count] != input.word }) {
        try Task.checkCancellation()
        await Task.yield()
      }
    }
    let word = input.word
    while notes.value.withLock({ $0.held?.word == word && $0.gathered.count < $0.held?.until ?? 0 }) {
      try Task.checkCancellation()
      await Task.yield()
    }
    notes.value.withLock { if $0.interrupts?.word == word { $0.interrupts?.interruption.request() } }
    let (refused, parked) = notes.value.withLock { notes in
      notes.performed.append(word)
      return (notes.refused == word, notes.parked == word)
    }
    if refused { throw StageFault("refuses \(word)") }
    if parked { throw Halt(.parked, "kept refusing") }
    return word.isEmpty ? .drop(reason: "empty") : .emit([Output(loud: word.uppercased())])
  }
}

private struct Gather: SetStage {
  struct Config: Codable, Sendable {}
  struct Input: Codable, Sendable { let loud: String }
  struct Output: Codable, Sendable { let words: [String] }
  static let name = "test-gather"
  static let version = 1
  static let summary = "Gather words."
  static let keys: [String: String] = [:]
  let notes: Notebook

  init(notes: Notebook) { self.notes = notes }
  init(_ config: Config, in workspace: Workspace) { notes = Notebook(turns: nil) }

  func process(_ rows: RowSet<Input>, into sink: MakingSink<Output>) async throws {
    let elements = try await rows.all()
    let words = elements.map(\.value.loud)
    if notes.value.withLock({ $0.refusesSets }) { throw StageFault("refuses sets") }
    notes.value.withLock { $0.gathered.append(words) }
    try await sink.make(Output(words: words), from: elements.map(\.ordinal))
  }
}
