import Foundation
import OrderedCollections
import RetortCore
import RetortStages
import RetortStore
import RetortTestSupport
import Testing

@testable import RetortRun

@Suite struct SpentTests {
  private func call(_ words: String, run: Int64 = 1) -> ModelRequest {
    var model = ModelSpec(alias: "m", name: "m")
    model.price = .init(input: 1_000_000, output: 0)
    return ModelRequest(
      model: model, origin: CallOrigin(run: run), path: "x", body: ["prompt": .string(words)],
      identity: [.string(words)])
  }

  /// A run in which the store is told of one reply and one failed try.
  private func paid(_ lab: Lab, _ options: RunOptions, _ words: String) async throws -> RunSummary {
    let summary = try await lab.run(options)
    let call = call(words, run: summary.run)
    _ = try await lab.store.replies.remember(
      call, RawReply(body: "{}", usage: Usage(promptTokens: 3)))
    try await lab.store.replies.failed(
      call, #require(FailedCall(ModelError(.malformed, "cut", usage: Usage(promptTokens: 2)))))
    return summary
  }

  @Test func whatARunAndItsResumesPaidIsCountedTogether() async throws {
    let lab = try Lab(records: ["a"])
    #expect(try await paid(lab, RunOptions(), "one").run == 1)
    #expect(try await paid(lab, RunOptions(origin: 1), "two").run == 2)
    #expect(try await paid(lab, RunOptions(), "three").run == 3)
    #expect(try await lab.store.replies.spent(since: 1) == .init(usd: 10, tokens: 10))
    #expect(try await lab.store.replies.spent(since: 3) == .init(usd: 5, tokens: 5))
    let recorded = try #require(try await lab.store.inspector.recordedRun(2))
    #expect((recorded.id, recorded.origin) == (2, 1))
    #expect(recorded.resolved == lab.pipeline.resolved)
    #expect(try await lab.store.inspector.recordedRun(nil)?.origin == 3)
    #expect(try await lab.store.inspector.recordedRun(4) == nil)
  }

  /// What the endpoint did not count is told apart from what it did.
  @Test func anEstimateIsCalledOne() async throws {
    let lab = try Lab(records: ["a"])
    let run = try await paid(lab, RunOptions(), "one").run
    let model = ModelSpec(alias: "m", name: "m")
    let call = ModelRequest(
      model: model, origin: CallOrigin(run: run), path: "x", body: [:], identity: ["late"],
      promptEstimate: 7, completionEstimate: 20)
    try await lab.store.replies.failed(
      call, #require(FailedCall(ModelError(.timeout, "late", usage: call.estimate))))
    let totals = try await lab.store.inspector.callTotals(after: [0, 0]).totals[run]
    let tally = try #require(totals?.values.reduce(into: CallTally()) { $0 += $1 })
    #expect(
      (tally.failed, tally.promptTokens, tally.completionTokens, tally.estimatedTokens) == (2, 12, 20, 27))
    #expect(
      try await lab.store.inspector.query("SELECT message FROM calls WHERE outcome <> 'answered'").map {
        $0["message"]
      }
        == ["cut", "late (its tokens are an estimate)"])
  }

  @Test func aRememberedReplyCostsNothingAgain() async throws {
    let lab = try Lab(records: ["a"])
    let call = call("one")
    _ = try await lab.run()
    for _ in 0..<2 {
      _ = try await lab.store.replies.remember(
        call, RawReply(body: "{}", usage: Usage(promptTokens: 3)))
    }
    #expect(try await lab.store.replies.spent(since: 1) == .init(usd: 3, tokens: 3))
  }

  @Test func whatAnEndpointDoesNotCountIsEstimated() async throws {
    let lab = try Lab(records: ["a"])
    _ = try await lab.run()
    let counted = call("one")
    let call = ModelRequest(
      model: counted.model, origin: counted.origin, path: counted.path, body: counted.body,
      identity: counted.identity, promptEstimate: 4, completionEstimate: 6)
    _ = try await lab.store.replies.remember(call, RawReply(body: "{}"))
    #expect(try await lab.store.replies.spent(since: 1) == .init(usd: 4, tokens: 10))
  }

  @Test func onlyModelsThatWouldBeCalledNeedAPrice() {
    var free = ModelSpec(alias: "free", name: "f")
    free.price = .init(input: 0, output: 0)
    let stages = [("a", ["free", "x"]), ("b", ["y"]), ("c", ["z"])].map { name, models in
      PipelineStage(
        name: name, entry: StageEntry(Sample.self),
        configured: ConfiguredStage(config: [:]) { _ in throw RunError("not bound") }, models: models)
    }
    let pipeline = Pipeline(
      name: "p", file: URL(filePath: "/p.yaml"),
      models: [
        "free": free, "x": .init(alias: "x", name: "x"), "y": .init(alias: "y", name: "y"),
        "z": .init(alias: "z", name: "z"),
      ], stages: stages)
    let plan = Plan(stages: [
      .init(stage: "a", done: 0, todo: 1, waits: false, reason: "new rows"),
      .init(stage: "b", done: 3, todo: 0, waits: false, reason: "done"),
      .init(stage: "c", done: 3, todo: 0, waits: true, reason: "waits"),
    ])
    #expect(plan.unpriced(pipeline) == ["x", "z"])
  }
}
