import Foundation
import OrderedCollections
import RetortCore
import RetortStages
import RetortStore
import RetortTestSupport
import Testing

@testable import RetortRun

@Suite struct ForecastTests {
  /// read -> write (teacher) -> check, written without a store.
  private func pipeline(
    _ workload: Workload = Workload(countKeys: ["samples"]), _ change: (inout ModelSpec) -> Void = { _ in }
  ) -> Pipeline {
    var teacher = ModelSpec(alias: "teacher", name: "gpt")
    teacher.concurrency = 4
    teacher.price = .init(input: 1, output: 10)
    change(&teacher)
    func stage(_ name: String, _ entry: StageEntry, from: [String], _ models: [String] = []) -> PipelineStage
    {
      PipelineStage(
        name: name, entry: entry, from: from,
        configured: ConfiguredStage(config: [:], workload: workload) { _ in throw RunError("not bound") },
        models: models)
    }
    return Pipeline(
      name: "p", file: URL(filePath: "/p.yaml"), models: ["teacher": teacher],
      stages: [
        stage("read", StageEntry(ReadJSONL.self), from: []),
        stage("write", StageEntry(Generate.self), from: ["read"], ["teacher"]),
        stage("check", StageEntry(Generate.self), from: ["write"], ["teacher"]),
      ])
  }

  private func steady(_ calls: Double, _ prompt: Double, _ completion: Double) -> StageMeasure.Model {
    .init(
      calls: .init(mean: calls, deviation: 0), prompt: .init(mean: prompt, deviation: 0),
      completion: .init(mean: completion, deviation: 0), cachedShare: 0, secondsPerCall: 2)
  }

  @Test func whatWasMeasuredIsMultiplied() {
    let plan = Plan(stages: [
      .init(stage: "read", done: 1, todo: 0, waits: false, rows: 12, reason: "done"),
      .init(stage: "write", done: 2, todo: 10, waits: false, rows: 2, reason: "new rows"),
      .init(stage: "check", done: 2, todo: 0, waits: true, rows: 2, reason: "waits for rows upstream"),
    ])
    let forecast = Forecast(
      plan, of: pipeline(),
      measures: [
        "write": StageMeasure(steps: 2, yield: 0.5, models: ["gpt": steady(2, 1000, 100)]),
        "check": StageMeasure(steps: 2, yield: 1, models: ["gpt": steady(1, 500, 10)]),
      ])
    #expect(forecast.stages.map(\.stage) == ["write", "check"])
    #expect(forecast.stages[0].steps == .init(10, 10))
    #expect(
      forecast.stages[0].amount
        == .init(
          calls: .init(20, 20), promptTokens: .init(10_000, 10_000), completionTokens: .init(1000, 1000),
          usd: .init(0.02, 0.02)))
    // Half of what is written goes on; what comes may be what came before.
    #expect(forecast.stages[1].steps == .init(0, 5))
    #expect(forecast.total.calls == .init(20, 25))
    #expect(
      forecast.poles == [
        .init(
          model: "teacher", seconds: .init(10, 12.5), bound: "concurrency", secondsPerCall: 2, measured: true)
      ])
  }

  @Test(arguments: [
    ("changed: with.model.name", Forecast.Range(20, 20)), ("changed: with.samples", .init(10, 20)),
  ])
  func anotherModelIsAskedAsMuchAndOtherSamplesAreNot(reason: String, calls: Forecast.Range) {
    let plan = Plan(stages: [
      .init(stage: "read", done: 1, todo: 0, waits: false, rows: 10, reason: "done"),
      .init(stage: "write", done: 0, todo: 10, waits: false, reason: reason),
      .init(stage: "check", done: 0, todo: 0, waits: false, reason: "done"),
    ])
    let measure = StageMeasure(steps: 2, yield: 0.5, models: ["another": steady(2, 1000, 100)])
    #expect(Forecast(plan, of: pipeline(), measures: ["write": measure]).total.calls == calls)
  }

  @Test func aNewPipelineIsAssumedFromItsRowsAndBounds() {
    let plan = Plan(stages: [
      .init(stage: "read", done: 0, todo: 1, waits: false, reason: "never run"),
      .init(stage: "write", done: 0, todo: 0, waits: true, reason: "waits for rows upstream"),
      .init(stage: "check", done: 0, todo: 0, waits: true, reason: "waits for rows upstream"),
    ])
    let forecast = Forecast(
      plan, of: pipeline(Workload(samples: 2, prompt: "1234", maxTokens: 50)),
      sources: ["read": .init(rows: 10, bytes: 400)])
    #expect(forecast.stages[0].steps == .init(10, 10))
    // Prompts of half to twice 1 token of template and 10 of row.
    #expect(
      forecast.stages[0].amount
        == .init(
          calls: .init(20, 40), promptTokens: .init(110, 880), completionTokens: .init(0, 2000),
          usd: .init(0.00011, 0.02088)))
    #expect(forecast.stages[0].measured == 0)
    #expect(forecast.stages[1].steps == .init(0, 20))
  }

  @Test func aModelWithoutAPriceLeavesTheTotalOpen() {
    let plan = Plan(stages: [.init(stage: "write", done: 0, todo: 1, waits: false, reason: "new rows")])
    #expect(Forecast(plan, of: pipeline { $0.price = nil }).total.usd == nil)
  }

  @Test func theTightestLimitIsTheBound() {
    let plan = Plan(stages: [.init(stage: "write", done: 0, todo: 60, waits: false, reason: "new rows")])
    let measures = ["write": StageMeasure(steps: 9, yield: 1, models: ["gpt": steady(1, 90, 10)])]
    let slow = Forecast(plan, of: pipeline { $0.rpm = 10 }, measures: measures)
    #expect(slow.poles.map(\.bound) == ["rpm"])
    #expect(slow.poles.map(\.seconds) == [.init(360, 360)])
    let scarce = Forecast(plan, of: pipeline { ($0.rpm, $0.tpm) = (10, 600) }, measures: measures)
    #expect(scarce.poles.map(\.bound) == ["tpm"])
    #expect(scarce.poles.map(\.seconds) == [.init(600, 600)])
  }

  @Test func aNewVersionMayFindEveryReplyRemembered() {
    let plan = Plan(stages: [
      .init(stage: "write", done: 0, todo: 6, waits: false, reason: "changed: version")
    ])
    let measures = ["write": StageMeasure(steps: 9, yield: 1, models: ["gpt": steady(1, 90, 10)])]
    #expect(Forecast(plan, of: pipeline(), measures: measures).total.calls == .init(0, 6))
  }

  @Test func aSpreadWidensTheRange() {
    let plan = Plan(stages: [.init(stage: "write", done: 0, todo: 4, waits: false, reason: "new rows")])
    var model = steady(1, 0, 0)
    model.prompt = .init(of: [90, 110, 90, 110])
    let measures = ["write": StageMeasure(steps: 4, yield: 1, models: ["gpt": model])]
    let range = Forecast(plan, of: pipeline(), measures: measures).total.promptTokens
    // 4 x 100 +- 2 x 11.547 x sqrt(4 + 16 / 4)
    #expect(abs(range.low - 334.68) < 0.01)
    #expect(abs(range.high - 465.32) < 0.01)
  }

  @Test func readersAreCountedWithoutARun() async throws {
    let lab = try Lab(records: ["a", "b"])
    let plan = try await Plan.make(lab.pipeline, store: lab.store)
    #expect(try await Forecast.make(plan, of: lab.pipeline, store: lab.store).stages.isEmpty)
    let again = try Lab(records: ["a", "b"], models: ["teacher"])
    let counted = try await Forecast.make(
      Plan.make(again.pipeline, store: again.store), of: again.pipeline, store: again.store)
    #expect(counted.stages.map(\.steps) == [.init(2, 2)])
    #expect(try await again.store.inspector.query("SELECT count(*) AS runs FROM run") == [["runs": 0]])
  }
}
