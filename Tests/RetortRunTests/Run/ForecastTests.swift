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

  /// Steps that all took the same.
  private func steady(_ steps: Int, _ calls: Double, _ prompt: Double, _ completion: Double)
    -> StageMeasure.Model
  {
    .init(
      calls: .init(of: Array(repeating: calls, count: steps)),
      prompt: .init(of: Array(repeating: prompt, count: steps)),
      completion: .init(of: Array(repeating: completion, count: steps)),
      seconds: .init(of: Array(repeating: 2, count: steps)))
  }

  private func measure(
    _ steps: Int, kept: Int, isOlder: Bool = false, _ model: StageMeasure.Model, as name: String = "gpt"
  ) -> StageMeasure {
    StageMeasure(
      steps: steps, isOlder: isOlder, out: .init(of: (0..<steps).map { $0 < kept ? 1 : 0 }),
      given: .init(of: Array(repeating: 1, count: steps)), models: [name: model])
  }

  private func holds(_ estimate: Forecast.Estimate, _ number: Double) -> Bool {
    (estimate.low...estimate.high).contains(number)
  }

  @Test func whatWasMeasuredIsMultiplied() {
    let plan = Plan(stages: [
      .init(stage: "read", done: 1, todo: 0, waits: false, rows: 420, reason: "done"),
      .init(stage: "write", done: 20, todo: 400, waits: false, rows: 10, reason: "400 new rows"),
      .init(stage: "check", done: 10, todo: 0, waits: true, rows: 10, reason: "waits for rows upstream"),
    ])
    let single = Workload(repairs: 0)
    let forecast = Forecast(
      plan, of: pipeline(single),
      measures: [
        "write": measure(20, kept: 10, steady(20, 2, 1000, 100)),
        "check": measure(10, kept: 10, steady(10, 1, 500, 10)),
      ])
    #expect(forecast.stages.map(\.stage) == ["write", "check"])
    #expect(forecast.stages[0].steps == .init(400))
    #expect(forecast.stages[0].amount.calls == .init(800))
    #expect(forecast.stages[0].measured == 20)
    #expect(holds(forecast.stages[0].amount.promptTokens, 800_000))
    // Half of what is written goes on, as far as 20 rows tell.
    #expect(holds(forecast.stages[1].steps, 200))
    #expect(abs(forecast.stages[1].steps.expected - 200) < 10)
    #expect(forecast.stages[1].steps.low > 120)
    #expect(forecast.stages[1].steps.high < 280)
    #expect(forecast.poles.map(\.model) == ["teacher"])
    #expect(forecast.poles[0].secondsPerCall > 1.8)
    #expect(holds(forecast.seconds, 1000 * 2 / 4 + 4))
  }

  @Test func repairsThatNobodySawAreNotRuledOut() {
    let plan = Plan(stages: [
      .init(stage: "write", done: 20, todo: 400, waits: false, rows: 20, reason: "400 new rows")
    ])
    let calls = Forecast(
      plan, of: pipeline(), measures: ["write": measure(20, kept: 20, steady(20, 1, 100, 10))]
    ).total.calls
    #expect(calls.low == 400)
    #expect(calls.high > 410 && calls.high < 460)
  }

  @Test(arguments: [("changed: with.model.name", 20.0), ("changed: with.samples", 80)])
  func anotherModelIsAskedAsMuchAndOtherSamplesAreNot(reason: String, calls: Double) {
    let plan = Plan(stages: [.init(stage: "write", done: 0, todo: 10, waits: false, reason: reason)])
    let facts = Workload(samples: 8, repairs: 0, countKeys: ["samples"])
    let forecast = Forecast(
      plan, of: pipeline(facts),
      measures: ["write": measure(9, kept: 5, isOlder: true, steady(9, 2, 1000, 100), as: "another")])
    #expect(forecast.total.calls == .init(calls))
    #expect(forecast.stages.map(\.older) == [true])
    #expect(holds(forecast.total.promptTokens, calls * 1000))
  }

  @Test func aNewPipelineIsAssumedFromItsRowsAndBounds() {
    var plan = Plan(stages: [
      .init(stage: "read", done: 0, todo: 1, foreseen: 1, waits: false, rows: 10, reason: "never run"),
      .init(stage: "write", done: 0, todo: 10, waits: false, reason: "never run"),
      .init(stage: "check", done: 0, todo: 0, waits: true, reason: "waits for rows upstream"),
    ])
    plan.rowBytes = ["read": 40]
    let forecast = Forecast(plan, of: pipeline(Workload(samples: 2, prompt: "1234", maxTokens: 50)))
    #expect(forecast.steps["read"] == .init(1))
    #expect(forecast.stages[0].steps == .init(10))
    #expect(holds(forecast.stages[0].amount.calls, 25))
    #expect(forecast.stages[0].amount.calls.low >= 20)
    #expect(forecast.stages[0].amount.calls.high <= 40)
    // A template of 1 token and a row of 10.
    #expect(holds(forecast.stages[0].amount.promptTokens, 25 * 11))
    #expect(forecast.stages[0].amount.completionTokens.high <= 2000)
    #expect(forecast.stages[0].measured == 0)
    #expect(forecast.stages[1].steps.high <= 20)
  }

  @Test func rowsThatWaitForAPoolAreCounted() {
    let plain = pipeline(Workload(repairs: 0))
    var stages = plain.stages
    stages[2] = PipelineStage(
      name: "check", entry: stages[2].entry, from: ["read"], using: ["task": "write"],
      configured: stages[2].configured, models: ["teacher"])
    let plan = Plan(stages: [
      .init(stage: "read", done: 1, todo: 0, waits: false, rows: 40, reason: "done"),
      .init(stage: "write", done: 0, todo: 40, waits: false, reason: "never run"),
      .init(stage: "check", done: 0, todo: 0, waits: true, reason: "waits for write"),
    ])
    let forecast = Forecast(
      plan, of: Pipeline(name: "p", file: plain.file, models: plain.models, stages: stages), measures: [:])
    #expect(forecast.stages.map(\.steps) == [.init(40), .init(40)])
    #expect(forecast.total.calls == .init(80))
  }

  @Test func repliesThatStepsShareAreNotPaidAgain() {
    let plan = Plan(stages: [
      .init(stage: "write", done: 20, todo: 1000, waits: false, rows: 20, reason: "1000 new rows")
    ])
    var model = steady(20, 1, 100, 10)
    model.sharing = .init(uses: 20, replies: 5, once: 1, twice: 1, laterUses: 10, laterFirst: 0)
    let calls = Forecast(
      plan, of: pipeline(Workload(repairs: 0)), measures: ["write": measure(20, kept: 20, model)]
    ).total.calls
    #expect(calls.low < 10)
    #expect(calls.high < 200)
    // Rows that share with their neighbours alone go on doing so.
    model.sharing = .init(uses: 20, replies: 15, once: 10, twice: 5, laterUses: 10, laterFirst: 8)
    let neighbours = Forecast(
      plan, of: pipeline(Workload(repairs: 0)), measures: ["write": measure(20, kept: 20, model)]
    ).total.calls
    #expect(holds(neighbours, 750))
    #expect(neighbours.low > 400)
  }

  @Test func aPilotOfNoKeptRowAndOneOfOneRowTellLittle() {
    let plan = Plan(stages: [
      .init(stage: "write", done: 5, todo: 100, waits: false, rows: 0, reason: "100 new rows"),
      .init(stage: "check", done: 0, todo: 0, waits: true, rows: 0, reason: "waits for rows upstream"),
    ])
    let none = Forecast(
      plan, of: pipeline(Workload(repairs: 0)),
      measures: ["write": measure(5, kept: 0, steady(5, 1, 100, 10))])
    #expect(none.steps["check"]?.low == 0)
    #expect(none.steps["check"]?.high ?? 0 > 15)
    #expect(none.steps["check"]?.high ?? 100 < 60)
    let one = Forecast(
      plan, of: pipeline(Workload(repairs: 0)),
      measures: ["write": measure(1, kept: 1, steady(1, 1, 100, 10))])
    let tokens = one.stages[0].amount.promptTokens
    #expect(tokens.low < 6000)
    #expect(tokens.high > 15_000)
  }

  @Test func aModelWithoutAPriceLeavesTheTotalOpen() {
    let plan = Plan(stages: [.init(stage: "write", done: 0, todo: 1, waits: false, reason: "new rows")])
    #expect(Forecast(plan, of: pipeline { $0.price = nil }).total.usd == nil)
  }

  @Test func theTightestLimitIsTheBound() {
    let plan = Plan(stages: [.init(stage: "write", done: 0, todo: 60, waits: false, reason: "new rows")])
    let measures = ["write": measure(50, kept: 50, steady(50, 1, 90, 10))]
    let single = Workload(repairs: 0)
    let slow = Forecast(plan, of: pipeline(single) { $0.rpm = 10 }, measures: measures)
    #expect(slow.poles.map(\.bound) == ["rpm"])
    #expect(slow.poles.map(\.seconds) == [.init(360)])
    let scarce = Forecast(plan, of: pipeline(single) { ($0.rpm, $0.tpm) = (10, 600) }, measures: measures)
    #expect(scarce.poles.map(\.bound) == ["tpm"])
    #expect(holds(scarce.poles[0].seconds, 600))
  }

  @Test func aNewVersionMayFindEveryReplyRemembered() {
    let plan = Plan(stages: [
      .init(stage: "write", done: 0, todo: 60, waits: false, reason: "changed: version")
    ])
    let measures = ["write": measure(9, kept: 9, steady(9, 1, 90, 10))]
    let calls = Forecast(plan, of: pipeline(Workload(repairs: 0)), measures: measures).total.calls
    #expect(calls.low < 6)
    #expect(calls.high > 54)
  }

  @Test func hugeNumbersStayNumbers() {
    let plan = Plan(stages: [
      .init(stage: "write", done: 0, todo: .max, waits: false, reason: "new rows"),
      .init(stage: "check", done: 0, todo: 0, waits: true, reason: "waits"),
    ])
    let model = steady(2, 1e6, 1e15, 1e15)
    let forecast = Forecast(plan, of: pipeline(), measures: ["write": measure(2, kept: 1, model)], draws: 50)
    for number in [forecast.total.calls.high, forecast.total.promptTokens.high, forecast.seconds.high] {
      #expect(number.isFinite)
    }
  }

  @Test func theSameIsForecastAgain() {
    let plan = Plan(stages: [.init(stage: "write", done: 0, todo: 6, waits: false, reason: "new rows")])
    #expect(Forecast(plan, of: pipeline()) == Forecast(plan, of: pipeline()))
  }

  @Test func readersAreCountedWithoutARun() async throws {
    let lab = try Lab(records: ["a", "b"])
    let plan = try await Plan.make(lab.pipeline, store: lab.store)
    #expect(try await Forecast.make(plan, of: lab.pipeline, store: lab.store).stages.isEmpty)
    let again = try Lab(records: ["a", "b"], models: ["teacher"])
    let counted = try await Forecast.make(
      Plan.make(again.pipeline, store: again.store), of: again.pipeline, store: again.store)
    #expect(counted.stages.map(\.steps) == [.init(2)])
    #expect(try await again.store.inspector.query("SELECT count(*) AS runs FROM run") == [["runs": 0]])
  }
}
