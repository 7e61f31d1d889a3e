import GRDB
import RetortTestSupport
import Synchronization
import Testing

@testable import RetortRun
@testable import RetortStore

/// A run whose process was killed is told of by the next one, once.
@Suite struct DeadRunTests {
  private func told(by lab: Lab) async throws -> [RunEvent] {
    let events = Mutex<[RunEvent]>([])
    let engine = Engine(lab.pipeline, store: lab.store, models: ScriptedProvider(), now: { 0 })
    _ = try await engine.run { event in events.withLock { $0.append(event) } }
    return events.withLock { $0 }.filter { if case .foundDead = $0 { true } else { false } }
  }

  @Test func theNextRunTellsOfIt() async throws {
    let lab = try Lab(records: ["a"])
    #expect(try await told(by: lab).isEmpty)
    try await lab.store.write { try $0.execute(sql: "UPDATE run SET status = 'running'") }
    #expect(try await told(by: lab) == [.foundDead(run: 1, pipeline: lab.pipeline.name)])
    #expect(try await told(by: lab).isEmpty)
  }
}
