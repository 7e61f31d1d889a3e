import Foundation
import OrderedCollections
import RetortCore
import RetortReport
import RetortStages
import RetortStore
import RetortTestSupport
import Testing

@testable import RetortRun

@Suite struct CollectTests {
  /// Two runs: of a and b, then of a alone.
  private func lab() async throws -> (Lab, Pipeline) {
    let lab = try Lab(records: ["a", "b"])
    _ = try await lab.run()
    return (lab, lab.reading(["a"]))
  }

  private func run(_ pipeline: Pipeline, _ lab: Lab, _ options: RunOptions = .init()) async throws
    -> RunSummary
  {
    try await Engine(pipeline, store: lab.store, models: ScriptedProvider(), options: options, now: { 0 })
      .run()
  }

  private func counts(_ lab: Lab) async throws -> [Int64] {
    try await lab.store.inspector.table(
      """
      SELECT (SELECT count(*) FROM run), (SELECT count(*) FROM step), (SELECT count(*) FROM "row"),
        (SELECT count(*) FROM reply), (SELECT count(*) FROM emission), (SELECT count(*) FROM fingerprint)
      """
    ).rows[0].compactMap(\.int)
  }

  @Test func whatAKeptRunNeedsStays() async throws {
    let (lab, smaller) = try await lab()
    _ = try await run(smaller, lab)
    lab.forgetPerformed()
    let before = try await counts(lab)
    let dry = try await lab.store.collect(keepRuns: 1, dryRun: true)
    #expect(try await counts(lab) == before)
    let freed = try await lab.store.collect(keepRuns: 1)
    // The reader of two words, the shout of b and the gathering of both; b, B and [A, B].
    #expect((freed.runs, freed.steps, freed.rows) == (1, 3, 3))
    #expect((dry.runs, dry.steps, dry.rows, dry.replies) == (1, 3, 3, 0))
    #expect(try await counts(lab) == [1, 3, 3, 0, 3, 3])
    let again = try await run(smaller, lab)
    #expect(again.run == 3)
    #expect(again.stages.list.map(\.books.reused) == [1, 1, 1])
    #expect(lab.performed.isEmpty)
  }

  @Test func aRunKeepsThoseItResumed() async throws {
    let (lab, smaller) = try await lab()
    _ = try await run(smaller, lab, RunOptions(origin: 1))
    #expect(try await lab.store.collect(keepRuns: 1).runs == 0)
  }

  @Test func paidRepliesStayUnlessAskedFor() async throws {
    let (lab, smaller) = try await lab()
    let call = ModelRequest(
      model: ModelSpec(alias: "m", name: "m"), origin: CallOrigin(run: 1), path: "x", body: ["prompt": "p"],
      identity: ["a": 1])
    _ = try await lab.store.replies.remember(call, RawReply(body: "{}"))
    _ = try await run(smaller, lab)
    #expect(try await lab.store.collect(keepRuns: 1).replies == 0)
    #expect(try await lab.store.replies.recall(call.digest) != nil)
    #expect(try await lab.store.collect(keepRuns: 1, replies: true).replies == 1)
    #expect(try await lab.store.replies.recall(call.digest) == nil)
  }

  @Test func aRunUnderWayIsLeftAlone() async throws {
    let lab = try Lab(records: ["a"])
    _ = try await lab.run()
    let path = lab.pipeline.folder.appending(path: "store.sqlite").path
    let live = try Store(path: path)
    let gate = Gate()
    let other = lab.waiting(at: gate)
    let run = Task { try await Engine(other, store: live, models: ScriptedProvider(), now: { 0 }).run() }
    while try await lab.store.inspector.newestRun() != 2 { await Task.yield() }
    await #expect(throws: StoreError.self) { try await lab.store.collect(keepRuns: 1) }
    gate.open()
    #expect(try await run.value.status == .complete)
    #expect(try await lab.store.collect(keepRuns: 1).runs == 1)
  }
}

extension Lab {
  /// The same pipeline, whose first stage waits at a gate.
  func waiting(at gate: Gate) -> Pipeline {
    let reader = PipelineStage(
      name: "read", entry: StageEntry(Waiting.self),
      configured: ConfiguredStage(config: "waiting") { _ in
        BoundStage(Waiting(gate: gate))
      }, columns: ["word"])
    return Pipeline(
      name: pipeline.name, file: pipeline.file, models: [:], stages: [reader] + pipeline.stages.dropFirst())
  }
}

private struct Waiting: Reader {
  struct Config: Codable, Sendable {}
  struct Output: Codable, Sendable { let word: String }
  static let name = "test-waiting"
  static let version = 1
  static let summary = "Read a word when a gate opens."
  static let keys: [String: String] = [:]
  var gate: Gate

  init(gate: Gate) { self.gate = gate }
  init(_ config: Config, in workspace: Workspace) { gate = Gate() }

  func read(into sink: ReaderSink<Output>) async throws {
    await gate.pass()
    try await sink.make(Output(word: "late"))
  }
}
