import Foundation
import OrderedCollections
import RetortCore
import RetortStages
import RetortStore
import RetortTestSupport
import Synchronization
import Testing

@testable import RetortRun

/// Runs that cannot call a model as things are.
@Suite struct ParkedTests {
  private func run(
    _ store: Store, _ folder: URL, environment: [String: String], _ log: Log = Log()
  ) async throws -> RunSummary {
    var spec = ModelSpec(alias: "teacher", name: "m")
    spec.endpoint = "http://h/v1"
    spec.apiKeyEnv = "TEACHER_KEY"
    let config = Generate.Config(model: ModelRef(spec), template: "{{word}}")
    let asked = PipelineStage(
      name: "asked", entry: StageEntry(Generate.self), from: ["read"],
      configured: ConfiguredStage(config: try JSON(encoding: config)) { workspace in
        try BoundStage(Generate(config, in: workspace))
      }, columns: ["word", "reply"], models: ["teacher"])
    let pipeline = Pipeline(
      name: "p", file: folder.appending(path: "p.yaml"), models: ["teacher": spec],
      stages: [Lab.reader("read", ["a", "b", "c"]), asked])
    let transport = ScriptedTransport { _, _ in
      HTTPResponse(status: 200, body: Array(#"{"choices":[{"message":{"content":"ok"}}]}"#.utf8))
    }
    let models = ModelStack(
      models: [spec], transport: transport, memory: store.replies, environment: environment)
    return try await Engine(pipeline, store: store, models: models, now: { 0 }).run { log.add($0) }
  }

  private final class Log: Sendable {
    let events = Mutex<[RunEvent]>([])
    func add(_ event: RunEvent) { events.withLock { $0.append(event) } }
  }

  @Test func aKeyThatIsNotSetParksTheRunOnceAndLosesNothing() async throws {
    let folder = try Bench.folder()
    let store = try Store(path: folder.appending(path: "store.sqlite").path)
    let log = Log()
    let parked = try await run(store, folder, environment: ["TEACHER_KEY": ""], log)
    #expect(parked.status == .parked)
    #expect(parked.stages["asked"] == Books(in: 3, pending: 3))
    #expect(parked.calls == CallTally())
    let stops = log.events.withLock { $0.filter { if case .stopping = $0 { true } else { false } } }
    #expect(
      stops == [
        .stopping(
          .parked,
          message:
            "parked: expected the key of model 'teacher' in the environment variable TEACHER_KEY, found "
            + "it empty; set it, then resume")
      ])
    let set = try await run(store, folder, environment: ["TEACHER_KEY": "k"])
    #expect(set.status == .complete)
    #expect(set.stages["asked"] == Books(in: 3, emitted: 3, rows: 3))
    // Nothing is to be called.
    #expect(try await run(store, folder, environment: [:]).status == .complete)
  }
}
