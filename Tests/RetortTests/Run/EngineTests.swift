import Foundation
import OrderedCollections
import Retort
import RetortTestSupport
import Synchronization
import Testing

@Suite struct EngineTests {
  @Test func rowsFlowFromAReaderThroughARowStageToASet() async throws {
    let lab = try Lab(records: ["a", "b", "c"])
    let summary = try await lab.run()
    #expect(summary.status == .complete)
    #expect(summary.stages["read"] == Books(in: 3, emitted: 3, rows: 3))
    #expect(summary.stages["shout"] == Books(in: 3, emitted: 3, rows: 3))
    #expect(summary.stages["gather"] == Books(in: 3, emitted: 3, rows: 1))
    #expect(lab.gathered == [["A", "B", "C"]])
  }

  @Test func aSecondRunMakesNoStep() async throws {
    let lab = try Lab(records: ["a", "b", "a"])
    _ = try await lab.run()
    let performed = lab.performed
    let summary = try await lab.run()
    #expect(lab.performed == performed)
    #expect(summary.stages["shout"] == Books(in: 3, emitted: 3, reused: 3, rows: 3))
    #expect(summary.stages["gather"] == Books(in: 3, emitted: 3, reused: 3, rows: 1))
  }

  @Test func equalRowsShareAStepAndKeepTheirMultiplicity() async throws {
    let lab = try Lab(records: ["a", "b", "a", "a"])
    let summary = try await lab.run()
    #expect(lab.performed.sorted() == ["a", "b"])
    #expect(summary.stages["shout"] == Books(in: 4, emitted: 4, rows: 4))
    #expect(lab.gathered == [["A", "B", "A", "A"]])
  }

  @Test func resumingMakesOnlyWhatIsMissing() async throws {
    let lab = try Lab(records: ["a", "b", "c"])
    lab.refuse("b")
    let first = try await lab.run()
    #expect(first.status == .incomplete)
    #expect(first.stages["shout"] == Books(in: 3, emitted: 2, failed: 1, rows: 2))
    #expect(first.stages["gather"] == Books(in: 2, pending: 2))
    #expect(lab.gathered.isEmpty)
    lab.refuse(nil)
    lab.forgetPerformed()
    let second = try await lab.run()
    #expect(second.status == .complete)
    #expect(lab.performed == ["b"])
    #expect(second.stages["shout"] == Books(in: 3, emitted: 3, reused: 2, rows: 3))
    #expect(lab.gathered == [["A", "B", "C"]])
  }

  @Test func aFailureTurnedIntoADropLeavesTheSetIncomplete() async throws {
    let lab = try Lab(records: ["a", "b", "b"], onFailure: .drop)
    lab.refuse("b")
    let summary = try await lab.run()
    #expect(summary.status == .incomplete)
    #expect(summary.stages["shout"] == Books(in: 3, emitted: 1, dropped: 2, rows: 1))
    #expect(lab.gathered == [["A"]])
  }

  @Test func outputsKeepTheOrderOfTheSourceWhateverFinishesFirst() async throws {
    let lab = try Lab(records: ["a", "b", "c", "d"], reversed: true)
    _ = try await lab.run()
    #expect(lab.performed == ["d", "c", "b", "a"])
    #expect(lab.gathered == [["A", "B", "C", "D"]])
  }

  @Test func droppedRowsAreCounted() async throws {
    let lab = try Lab(records: ["a", "", "b", ""])
    let summary = try await lab.run()
    #expect(summary.stages["shout"] == Books(in: 4, emitted: 2, dropped: 2, rows: 2))
    #expect(lab.gathered == [["A", "B"]])
  }

  @Test func aLimitTakesTheFirstRowsOfASource() async throws {
    let lab = try Lab(records: ["a", "b", "c"])
    let summary = try await lab.run(RunOptions(limit: 2))
    #expect(summary.stages["shout"] == Books(in: 2, emitted: 2, rows: 2))
    #expect(lab.gathered == [["A", "B"]])
  }

  @Test func onlyRunsAStageAndItsAncestors() async throws {
    let lab = try Lab(records: ["a"])
    let summary = try await lab.run(RunOptions(only: "shout"))
    #expect(summary.status == .complete)
    #expect(summary.stages.list.map(\.stage) == ["read", "shout"])
    #expect(lab.gathered.isEmpty)
  }

  @Test func redoPerformsAStageAfresh() async throws {
    let lab = try Lab(records: ["a", "b"])
    _ = try await lab.run()
    lab.forgetPerformed()
    _ = try await lab.run(RunOptions(redo: ["shout"]))
    #expect(lab.performed.sorted() == ["a", "b"])
    lab.forgetPerformed()
    _ = try await lab.run()
    #expect(lab.performed.isEmpty)
    #expect(lab.gathered.count == 1)
  }

  @Test func aParkedEndpointLeavesTheRestPending() async throws {
    let lab = try Lab(records: ["a", "b", "c"], models: ["teacher"])
    lab.park("b")
    let summary = try await lab.run()
    #expect(summary.status == .parked)
    #expect(summary.stages["shout"]?.balance == true)
    #expect(summary.stages["shout"]?.failed == 0)
    #expect(lab.gathered.isEmpty)
    lab.park(nil)
    #expect(try await lab.run().status == .complete)
    #expect(lab.gathered == [["A", "B", "C"]])
  }

  @Test func aReaderThatFailsIsAFailure() async throws {
    let lab = try Lab(records: ["broken"])
    let summary = try await lab.run()
    #expect(summary.status == .incomplete)
    #expect(summary.stages["read"] == Books(in: 1, failed: 1))
  }

  @Test func aThousandRowsAndMoreFlow() async throws {
    let records = (0..<1200).map { "r\($0)" }
    let lab = try Lab(records: records)
    let summary = try await lab.run()
    #expect(summary.stages["shout"] == Books(in: 1200, emitted: 1200, rows: 1200))
    #expect(lab.gathered == [records.map { $0.uppercased() }])
  }
}

/// read -> shout -> gather, over records held in memory and a store in a folder of its own.
private final class Lab: Sendable {
  struct Notes: Sendable {
    var performed: [String] = []
    var gathered: [[String]] = []
    var refused: String?
    var parked: String?
  }

  let store: Store
  let pipeline: Pipeline
  private let notes: Notebook
  private let folder: URL

  init(
    records: [String], reversed: Bool = false, onFailure: PipelineStage.OnFailure = .fail,
    models: [String] = []
  ) throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "retort-\(UUID())")
    store = try Store(path: folder.appending(path: "store.sqlite").path)
    let notes = Notebook(turns: reversed ? records.reversed() : nil)
    self.notes = notes
    let reader = StageEntry(Read.self)
    pipeline = Pipeline(
      name: "lab", file: folder.appending(path: "lab.yaml"), models: [:],
      stages: [
        PipelineStage(
          name: "read", entry: reader,
          configured: ConfiguredStage(config: .array(records.map { .string($0) })) { _ in
            try BoundStage(Read(records: records), config: Read.Config())
          }, columns: ["word"]),
        PipelineStage(
          name: "shout", entry: StageEntry(Shout.self), from: ["read"], onFailure: onFailure,
          configured: ConfiguredStage(config: [:]) { _ in
            try BoundStage(Shout(notes: notes), config: Shout.Config())
          }, columns: ["word", "loud"], models: models),
        PipelineStage(
          name: "gather", entry: StageEntry(Gather.self), from: ["shout"],
          configured: ConfiguredStage(config: [:]) { _ in
            try BoundStage(Gather(notes: notes), config: Gather.Config())
          }, columns: ["words"]),
      ])
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func run(_ options: RunOptions = .init()) async throws -> RunSummary {
    try await Engine(
      pipeline, store: store, models: ScriptedProvider(), options: options, cores: 4, now: { 0 }
    ).run()
  }

  var performed: [String] { notes.value.withLock { $0.performed } }
  var gathered: [[String]] { notes.value.withLock { $0.gathered } }
  func refuse(_ word: String?) { notes.value.withLock { $0.refused = word } }
  func park(_ word: String?) { notes.value.withLock { $0.parked = word } }
  func forgetPerformed() { notes.value.withLock { $0.performed = [] } }
}

private final class Notebook: Sendable {
  let value = Mutex(Lab.Notes())
  /// The order in which steps may finish; nil for any.
  let turns: [String]?
  init(turns: [String]?) { self.turns = turns }
}

private struct Read: SetStage {
  struct Config: Codable, Sendable {}
  typealias Input = NoColumns
  struct Output: Codable, Sendable { let word: String }
  static let name = "test-read"
  static let version = 1
  static let summary = "Read words."
  static let keys: [String: String] = [:]
  var records: [String] = []

  init(records: [String]) { self.records = records }
  init(_ config: Config, in workspace: Workspace) {}

  func process(_ rows: RowSet<NoColumns>, into sink: SetSink<Output>) async throws {
    for record in records {
      if record == "broken" { throw StageFault("expected words, found 'broken'") }
      try await sink.make(Output(word: record))
    }
  }
}

private struct Shout: Stage {
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
      while notes.value.withLock({ turns[$0.performed.count] != input.word }) { await Task.yield() }
    }
    let word = input.word
    let (refused, parked) = notes.value.withLock { notes in
      notes.performed.append(word)
      return (notes.refused == word, notes.parked == word)
    }
    if refused { throw StageFault("refuses \(word)") }
    if parked { throw ModelError(.parked, "kept refusing") }
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

  func process(_ rows: RowSet<Input>, into sink: SetSink<Output>) async throws {
    let elements = try await rows.all()
    let words = elements.map(\.value.loud)
    notes.value.withLock { $0.gathered.append(words) }
    try await sink.make(Output(words: words), from: elements.map(\.ordinal))
  }
}
