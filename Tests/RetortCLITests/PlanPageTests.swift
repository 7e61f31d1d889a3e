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
    var forecast = Forecast(Plan(stages: []), of: Self.pipeline)
    forecast.steps = ["rationale": .init(10), "judged": .init(7.6, 4, 11), "out": .init(1)]
    #expect(
      PlanPage.lines(plan, forecast) == [
        "stage      done  to do  why",
        "questions     1  0      done",
        "rationale    30  10     changed: with.prompt",
        "judged       12  ~8     failed before: 500",
        "out           0  1      waits for judged",
      ])
  }

  private static var pipeline: Pipeline {
    var teacher = ModelSpec(alias: "teacher", name: "gpt")
    teacher.concurrency = 4
    teacher.price = .init(input: 2.5, output: 10)
    let stage = PipelineStage(
      name: "rationale", entry: StageEntry(Generate.self),
      configured: ConfiguredStage(config: [:], workload: Workload(repairs: 0)) { _ in
        throw RunError("not bound")
      }, models: ["teacher"])
    return Pipeline(
      name: "p", file: URL(filePath: "/p.yaml"), models: ["teacher": teacher], stages: [stage])
  }

  @Test func whatItCostsIsATable() {
    let spread = { StageMeasure.Spread(of: Array(repeating: $0, count: 120)) }
    let measure = StageMeasure(
      steps: 120, isOlder: true, out: spread(1), given: spread(1),
      models: [
        "gpt": .init(calls: spread(1), prompt: spread(1200), completion: spread(300), seconds: spread(6.5))
      ])
    let plan = Plan(stages: [
      .init(stage: "rationale", done: 0, todo: 40, waits: false, reason: "40 new rows")
    ])
    let forecast = Forecast(plan, of: Self.pipeline, measures: ["rationale": measure])
    var flags = flags
    flags.maxUSD = 0.05
    flags.maxTokens = 60_000
    let lines = PlanPage.lines(forecast, Self.pipeline, flags)
    #expect(lines[1].hasPrefix("stage      calls  90 %  tokens in"), "\(lines)")
    #expect(lines.contains { $0.hasPrefix("rationale  40") && $0.hasSuffix("120 older steps") }, "\(lines)")
    #expect(lines.contains("calls       40"), "\(lines)")
    #expect(
      lines.contains { $0.contains(/^tokens in   \d+\.\dk \(90 %: \d+\.\dk to \d+\.\dk\)$/) }, "\(lines)")
    #expect(
      lines.suffix(3) == [
        "older steps: measured before the stage was changed",
        "more than --max-usd 0.0500: the run will stop before its end",
        "perhaps more than --max-tokens 60000: the run may stop before its end",
      ])
    #expect(
      PlanPage.lines(Forecast(Plan(stages: []), of: Self.pipeline), Self.pipeline, self.flags) == [
        "", "no calls to make",
      ])
  }

  @Test func numbersAreShort() {
    #expect(
      [0, 950, 9999, 10_000, 999_949, 1_234_567].map(Figure.compact) == [
        "0", "950", "9999", "10.0k", "999.9k", "1.2M",
      ])
    #expect([42.0, 150, 9000].map(PlanPage.duration) == ["42 s", "2 min", "2.5 h"])
    #expect(PlanPage.estimate(.init(1240, 1130, 1360)) == "1240 (90 %: 1130 to 1360)")
    #expect(PlanPage.estimate(.init(7)) == "7")
  }
}
