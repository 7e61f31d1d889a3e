import Foundation
import OrderedCollections
import RetortCore
import RetortStages
import RetortStore
import RetortTestSupport
import Synchronization
import Testing

@testable import RetortRun

/// Runs whose endpoint refuses some of what it is asked.
@Suite struct RefusedTests {
  /// read (a, b, c) -> asked -> out, over a scripted endpoint.
  private final class Bench: Sendable {
    let store: Store
    let folder: URL
    let answers = Mutex<[String: HTTPResponse]>([:])
    let asked = Mutex<[String]>([])

    init() throws {
      folder = FileManager.default.temporaryDirectory.appending(path: "retort-\(UUID())")
      store = try Store(path: folder.appending(path: "store.sqlite").path)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func pipeline(_ template: String = "{{word}}", onFailure: PipelineStage.OnFailure = .fail) throws
      -> Pipeline
    {
      var spec = ModelSpec(alias: "teacher", name: "m")
      spec.endpoint = "http://h/v1"
      spec.concurrency = 1
      spec.retries = 1
      spec.price = .init(input: 1_000_000, output: 0)
      let config = Generate.Config(model: ModelRef(spec), template: template)
      let asked = PipelineStage(
        name: "asked", entry: StageEntry(Generate.self), from: ["read"], onFailure: onFailure,
        configured: ConfiguredStage(config: try JSON(encoding: config)) { workspace in
          try BoundStage(Generate(config, in: workspace))
        }, columns: ["word", "reply"], models: ["teacher"])
      return Pipeline(
        name: "p", file: folder.appending(path: "p.yaml"), models: ["teacher": spec],
        stages: [Lab.reader("read", ["a", "b", "c"]), asked])
    }

    func run(_ pipeline: Pipeline, _ options: RunOptions = .init(), budget: Budget = Budget()) async throws
      -> RunSummary
    {
      let transport = ScriptedTransport { [self] request, _ in
        let body = try JSON(parsing: request.body ?? [])
        let text = body["messages"]?.array?.last?["content"]?.string ?? ""
        asked.withLock { $0.append(text) }
        return answers.withLock { $0[text] ?? $0["*"] }
          ?? HTTPResponse(status: 200, body: Array(#"{"choices":[{"message":{"content":"ok"}}]}"#.utf8))
      }
      let models = ModelStack(
        models: Array(pipeline.models.values), transport: transport, memory: store.replies, budget: budget,
        clock: JumpingClock(), environment: [:])
      return try await Engine(pipeline, store: store, models: models, options: options, now: { 0 }).run()
    }

    /// What was asked since this was asked last.
    func asks() -> [String] {
      asked.withLock { asked in
        defer { asked = [] }
        return asked
      }
    }

    func answer(_ text: String, _ status: Int, _ body: String = "no") {
      answers.withLock { $0[text] = HTTPResponse(status: status, body: Array(body.utf8)) }
    }
    func mend() { answers.withLock { $0 = [:] } }
  }

  @Test func whatIsRefusedForGoodIsPassedOverUntilAskedFor() async throws {
    let bench = try Bench()
    bench.answer("b", 413)
    let pipeline = try bench.pipeline()
    var summary = try await bench.run(pipeline)
    #expect(summary.status == .incomplete)
    #expect((summary.refused, summary.passedOver) == (1, 0))
    #expect(bench.asks() == ["a", "b", "c"])

    bench.mend()
    for _ in 0..<2 {
      summary = try await bench.run(pipeline)
      #expect(summary.stages["asked"] == Books(in: 3, emitted: 2, failed: 1, reused: 2, rows: 2))
      #expect((summary.refused, summary.passedOver) == (1, 1))
      #expect(bench.asks() == [])
    }
    let plan = try await Plan.make(pipeline, store: bench.store)
    #expect(plan.stages[1].passedOver == 1 && plan.stages[1].todo == 0)
    let asking = try await Plan.make(pipeline, store: bench.store, options: RunOptions(retryRefused: true))
    #expect(asking.stages[1].passedOver == 0 && asking.stages[1].todo == 1)

    summary = try await bench.run(pipeline, RunOptions(retryRefused: true))
    #expect(summary.status == .complete)
    #expect(bench.asks() == ["b"])
  }

  @Test func anotherRequestIsAskedAgain() async throws {
    let bench = try Bench()
    bench.answer("b", 400)
    _ = try await bench.run(try bench.pipeline())
    _ = bench.asks()
    #expect(try await bench.run(try bench.pipeline("{{word}}!")).status == .complete)
    #expect(bench.asks() == ["a!", "b!", "c!"])
    bench.mend()
    #expect(try await bench.run(try bench.pipeline(), RunOptions(redo: ["asked"])).status == .complete)
  }

  @Test func aRefusedRowHoldsNothingUnderDrop() async throws {
    let bench = try Bench()
    bench.answer("b", 422)
    let pipeline = try bench.pipeline(onFailure: .drop)
    for passedOver in 0..<2 {
      let summary = try await bench.run(pipeline)
      #expect(summary.stages["asked"]?.dropped == 1)
      #expect(summary.passedOver == passedOver)
    }
    #expect(bench.asks() == ["a", "b", "c"])
  }

  @Test func aContentFilterDropsTheRow() async throws {
    let bench = try Bench()
    bench.answer("b", 400, #"{"error":{"code":"content_filter","message":"filtered"}}"#)
    let summary = try await bench.run(try bench.pipeline())
    #expect(summary.status == .complete)
    #expect(summary.stages["asked"] == Books(in: 3, emitted: 2, dropped: 1, rows: 2))
    #expect(
      try await bench.store.inspector.drops(of: summary.run) == [
        Losses(stage: "asked", reason: "reply refused", rows: 1)
      ])
    _ = bench.asks()
    _ = try await bench.run(try bench.pipeline())
    #expect(bench.asks() == [])
  }

  @Test(arguments: [401, 402, 403, 404]) func aRefusedModelParksAtOnce(status: Int) async throws {
    let bench = try Bench()
    bench.answer("*", status)
    let summary = try await bench.run(try bench.pipeline())
    #expect(summary.status == .parked)
    #expect(summary.stages["asked"] == Books(in: 3, pending: 3))
    #expect(summary.calls.failed == 1)
    #expect(bench.asks() == ["a"])
    bench.mend()
    #expect(try await bench.run(try bench.pipeline()).status == .complete)
  }

  @Test func whatFailedTriesMayHaveCostIsBooked() async throws {
    let bench = try Bench()
    bench.answer("a", 502)
    bench.answer("b", 429)
    bench.answer("c", 413)
    let budget = Budget()
    let summary = try await bench.run(try bench.pipeline(), budget: budget)
    // Two tries of a: 4 and 1 tokens of prompt, and the usual reply's 1024.
    #expect(budget.spent.tokens == 2 * (5 + 1024))
    #expect((summary.calls.promptTokens, summary.calls.completionTokens) == (10, 2048))
    #expect(try await bench.store.replies.spent(since: summary.run) == budget.spent)
    #expect(summary.calls.usd == 10)
  }
}
