import Foundation
import OrderedCollections
import RetortCore
import RetortStages
import RetortStore
import RetortTestSupport
import Synchronization
import Testing

@testable import RetortRun

/// Pictures from a file to a model and to an export.
@Suite struct ImageRunTests {
  private final class Project: Sendable {
    let folder: URL
    let store: Store
    private let bodies = Mutex<[String]>([])

    init() throws {
      folder = try Bench.folder()
      store = try Store(path: folder.appending(path: "store.sqlite").path)
      try Data(
        """
        models: { eyes: { endpoint: "http://127.0.0.1:9/v1", name: m, retries: 0, price: { input: 1, output: 1 } } }
        stages:
          rows: { uses: read-jsonl, with: { file: rows.jsonl, images: [picture] } }
          seen: { uses: generate, from: rows, with: { model: eyes, template: "{{question}}", images: [picture] } }
          out: { uses: export-jsonl, from: seen, with: { file: out/seen.jsonl } }

        """.utf8
      ).write(to: folder.appending(path: "p.yaml"))
      try draw(shade: 0)
      try Data(
        """
        {"question": "What?", "picture": "a.png"}
        {"question": "And?", "picture": "gone.png"}
        {"question": "No picture?", "picture": null}

        """.utf8
      ).write(to: folder.appending(path: "rows.jsonl"))
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func draw(shade: UInt8) throws {
      try Drawn.png(560, 280, shade: shade).write(to: folder.appending(path: "a.png"))
    }

    var asked: [String] { bodies.withLock { $0 } }

    func pipeline() throws -> Pipeline {
      try Pipeline.read(folder.appending(path: "p.yaml"), catalog: .standard, environment: [:])
    }

    func run() async throws -> RunSummary {
      let pipeline = try pipeline()
      let models = ModelStack(
        models: Array(pipeline.models.values),
        transport: ScriptedTransport { [self] request, _ in
          bodies.withLock { $0.append(String(decoding: request.body ?? [], as: UTF8.self)) }
          return HTTPResponse(status: 200, body: Array(#"{"choices":[{"message":{"content":"red"}}]}"#.utf8))
        }, memory: store.replies, clock: JumpingClock(), environment: [:], images: store.images)
      return try await Engine(pipeline, store: store, models: models, now: { 0 }).run()
    }
  }

  @Test func onlyTheWireHasBytesAndNothingIsAskedTwice() async throws {
    let project = try Project()
    let plan = try await Plan.make(project.pipeline(), store: project.store)
    #expect(plan.stages.map(\.todo) == [1, 2, 0])
    let summary = try await project.run()
    #expect(summary.status == .complete)
    #expect(summary.stages["rows"]?.dropped == 1)
    #expect(project.asked.count == 2)
    #expect(project.asked.contains { $0.contains("data:image/png;base64,") })
    for (table, column) in [("prompt", "json"), ("row", "json"), ("reply", "parameters")] {
      let found = try await project.store.inspector.query(
        "SELECT 1 FROM \"\(table)\" WHERE instr(\"\(column)\", 'base64')")
      #expect(found == [], "\(table)")
    }
    let dropped = try await project.store.inspector.query("SELECT reason FROM dropped")
    #expect(dropped == [["reason": "image missing"]])
    #expect(try await project.run().calls.made == 0)
    // 560 x 280 pixels are 20 x 10 tokens.
    let tokens = try await project.store.inspector.query(
      "SELECT prompt_tokens AS n FROM calls ORDER BY n DESC")
    #expect((tokens.first?["n"]?.int ?? 0) > 200)
    #expect((tokens.last?["n"]?.int ?? 0) < 20)
  }

  @Test func anImageThatChangedIsReadAndAskedAboutAgain() async throws {
    let project = try Project()
    _ = try await project.run()
    try project.draw(shade: 7)
    #expect(try await Plan.make(project.pipeline(), store: project.store).stages.first?.todo == 1)
    #expect(try await project.run().calls.made == 1)
    #expect(project.asked.count == 3)
    try project.draw(shade: 0)
    #expect(try await project.run().calls.made == 0)
  }

  @Test func collectionKeepsWhatRowsAndRepliesName() async throws {
    let project = try Project()
    _ = try await project.run()
    try project.draw(shade: 7)
    _ = try await project.run()
    func images() -> Int {
      (try? FileManager.default.contentsOfDirectory(
        atPath: project.folder.appending(path: "store.sqlite.images").path
      ).count) ?? 0
    }
    #expect(images() == 2)
    // The reply about the first one stays, and was paid for.
    _ = try await project.store.collect(keepRuns: 1)
    #expect(images() == 2)
    _ = try await project.store.collect(keepRuns: 1, replies: true)
    #expect(images() == 1)
  }
}
