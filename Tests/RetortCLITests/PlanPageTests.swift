import Foundation
import OrderedCollections
import Testing

@testable import RetortCLI
@testable import RetortCore
@testable import RetortReport
@testable import RetortRun
@testable import RetortStages
@testable import RetortStore

@Suite struct PlanPageTests {
  private let flags = Flags(redo: [], set: [])

  @Test func whatIsToDoIsATable() {
    let plan = Plan(stages: [
      .init(stage: "questions", done: 1, todo: 0, waits: false, rows: 40, reason: "done"),
      .init(stage: "rationale", done: 30, todo: 10, waits: false, reason: "changed: with.prompt"),
      .init(stage: "judged", done: 12, todo: 1, waits: true, reason: "failed before: 500"),
      .init(stage: "out", done: 0, todo: 0, waits: true, reason: "waits for judged"),
    ])
    #expect(
      PlanPage.lines(plan) == [
        "stage      done  to do  why",
        "questions     1  0      done",
        "rationale    30  10     changed: with.prompt",
        "judged       12  1+     failed before: 500",
        "out           0  ?      waits for judged",
      ])
  }

  @Test func whatItCostsIsATable() {
    var teacher = ModelSpec(alias: "teacher", name: "gpt")
    teacher.concurrency = 4
    teacher.price = .init(input: 2.5, output: 10)
    let stage = PipelineStage(
      name: "rationale", entry: StageEntry(Generate.self),
      configured: ConfiguredStage(config: [:]) { _ in throw RunError("not bound") }, models: ["teacher"])
    let pipeline = Pipeline(
      name: "p", file: URL(filePath: "/p.yaml"), models: ["teacher": teacher], stages: [stage])
    let steady = { StageMeasure.Spread(mean: $0, deviation: 0) }
    let measure = StageMeasure(
      steps: 120, yield: 1,
      models: [
        "gpt": .init(
          calls: steady(1), prompt: steady(1200), completion: steady(300), cachedShare: 0, secondsPerCall: 6.5
        )
      ])
    let plan = Plan(stages: [.init(stage: "rationale", done: 0, todo: 40, waits: false, reason: "new rows")])
    let forecast = Forecast(plan, of: pipeline, measures: ["rationale": measure])
    var flags = flags
    flags.maxUSD = 0.2
    #expect(
      PlanPage.lines(forecast, pipeline, flags) == [
        "",
        "stage      calls  tokens in  tokens out  USD   by",
        "rationale  40     48.0k      12.0k       0.24  120 steps",
        "total      40     48.0k      12.0k       0.24",
        "longest: teacher 65 s, 4 at a time, 6.5 s a call",
        "more than --max-usd 0.20: the run will stop before its end",
      ])
    #expect(
      PlanPage.lines(Forecast(Plan(stages: []), of: pipeline), pipeline, self.flags) == [
        "", "no calls to make",
      ])
  }

  @Test func numbersAreShort() {
    #expect(
      [0, 950, 9999, 10_000, 999_949, 1_234_567].map(Figure.compact) == [
        "0", "950", "9999", "10.0k", "999.9k", "1.2M",
      ])
    #expect([42.0, 150, 9000].map(PlanPage.duration) == ["42 s", "2 min", "2.5 h"])
    #expect(PlanPage.range(.init(1, 3)) == "1–3")
  }
}
