import Foundation
import OrderedCollections
import RetortCore
import RetortStages
import Testing

@testable import RetortRun
@testable import RetortStore

/// Whether nine of ten ranges hold what came: over many jobs whose true rates are drawn, each with a pilot of 20 rows.
@Suite struct ForecastCoverageTests {
  /// What a job does, unknown to the forecast.
  private struct Truth {
    let keep: Double
    let repair: Double
    let length: Double
    /// Of the logarithm of a reply's length.
    let spread: Double

    init(_ chance: inout Chance) {
      keep = 0.2 + 0.75 * chance.uniform()
      repair = 0.3 * chance.uniform()
      length = 50 + 400 * chance.uniform()
      spread = 0.2 + 0.7 * chance.uniform()
    }

    /// The calls of one row, each with its tokens, and whether the row is kept.
    func row(_ chance: inout Chance) -> (replies: [Double], isKept: Bool) {
      let count = chance.uniform() < repair ? 2 : 1
      let replies = (0..<count).map { _ in length * exp(spread * chance.normal()) }
      return (replies, chance.uniform() < keep)
    }
  }

  private struct Outcome {
    var calls = 0.0
    var tokens = 0.0
    var rows: [Double] = []
    var used: [StageMeasure.Call] = []

    /// So many rows through a stage.
    init(_ truth: Truth, _ count: Int, _ chance: inout Chance) {
      for row in 0..<count {
        let (replies, isKept) = truth.row(&chance)
        calls += Double(replies.count)
        tokens += replies.reduce(0, +)
        rows.append(isKept ? 1 : 0)
        used += replies.map {
          StageMeasure.Call(step: Int64(row), reply: Int64(used.count), prompt: 100, completion: $0)
        }
      }
    }

    var kept: Int { rows.count { $0 > 0 } }

    var measure: StageMeasure {
      let steps = rows.indices.map { Int64($0) }
      return StageMeasure(
        steps: steps.count, out: .init(of: rows), given: .init(of: rows.map { _ in 1 }),
        models: used.isEmpty ? [:] : ["gpt": .init(used, of: steps)])
    }
  }

  @Test func nineOfTenRangesHoldWhatCame() {
    let pipeline = Self.pipeline
    var chance = Chance(seed: 11)
    var held = (calls: 0, tokens: 0)
    let jobs = 500
    for job in 0..<jobs {
      let truths = [Truth(&chance), Truth(&chance)]
      let pilot = Outcome(truths[0], 20, &chance)
      let pilotNext = Outcome(truths[1], pilot.kept, &chance)
      let count = 50 + job % 400
      let plan = Plan(stages: [
        .init(stage: "read", done: 1, todo: 0, waits: false, rows: 20 + count, reason: "done"),
        .init(stage: "write", done: 20, todo: count, waits: false, rows: pilot.kept, reason: "new rows"),
        .init(stage: "check", done: pilot.kept, todo: 0, waits: true, rows: pilotNext.kept, reason: "waits"),
      ])
      let forecast = Forecast(
        plan, of: pipeline, measures: ["write": pilot.measure, "check": pilotNext.measure], draws: 300)
      let first = Outcome(truths[0], count, &chance)
      let second = Outcome(truths[1], first.kept, &chance)
      let total = forecast.total
      if (total.calls.low...total.calls.high).contains(first.calls + second.calls) { held.calls += 1 }
      if (total.completionTokens.low...total.completionTokens.high).contains(first.tokens + second.tokens) {
        held.tokens += 1
      }
    }
    let range = 0.85...0.97
    #expect(range.contains(Double(held.calls) / Double(jobs)), "calls: \(held.calls) of \(jobs)")
    #expect(range.contains(Double(held.tokens) / Double(jobs)), "tokens: \(held.tokens) of \(jobs)")
  }

  private static var pipeline: Pipeline {
    func stage(_ name: String, _ entry: StageEntry, from: [String], _ models: [String] = []) -> PipelineStage
    {
      PipelineStage(
        name: name, entry: entry, from: from,
        configured: ConfiguredStage(config: [:], workload: Workload()) { _ in throw RunError("not bound") },
        models: models)
    }
    return Pipeline(
      name: "p", file: URL(filePath: "/p.yaml"),
      models: ["teacher": ModelSpec(alias: "teacher", name: "gpt")],
      stages: [
        stage("read", StageEntry(ReadJSONL.self), from: []),
        stage("write", StageEntry(Generate.self), from: ["read"], ["teacher"]),
        stage("check", StageEntry(Generate.self), from: ["write"], ["teacher"]),
      ])
  }
}
