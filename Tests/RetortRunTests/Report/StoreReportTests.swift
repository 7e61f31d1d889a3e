import Foundation
import OrderedCollections
import RetortStore
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortReport
@testable import RetortRun
@testable import RetortStages

@Suite struct StoreReportTests {
  @Test func aReportHasTheFunnelTheReasonsAndSamples() async throws {
    let lab = try Lab(records: ["a", "", "b", "c", ""], export: "out.jsonl")
    let summary = try await lab.run()
    let report = try await RunReport.read(summary.run, from: lab.store.inspector, catalog: .standard)
    #expect(report.title == "lab, run 1")
    #expect(report.command == "retort run lab.yaml")
    #expect(report.stages.map(\.name) == ["read", "shout", "gather", "out"])
    #expect(report.stages.map(\.books) == summary.stages.list.map(\.books))
    #expect(report.stages.allSatisfy { $0.fingerprint?.count == 12 })
    #expect(report.drops == [Losses(stage: "shout", reason: "empty", rows: 2)])
    #expect(
      report.kept.map(\.columns)
        == ["a", "b", "c"].map { ["word": .string($0), "loud": .string($0.uppercased())] })
    #expect(report.kept.map(\.source) == ["read:0", "read:2", "read:3"])
    #expect(report.dropped.map(\.columns) == [["word": ""]])
    #expect(report.dropped.map(\.reason) == ["empty"])
    #expect(report.exports.map(\.rows) == [3])
    #expect(report.rewards.isEmpty && report.calls.isEmpty && report.arrivals.isEmpty)
  }

  @Test func rewardsAndCallsAreReadWithWhatBecameOfTheirRows() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "retort-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let rows = [
      #"{"cot": "good", "reward": 4.5}"#, #"{"cot": "bad", "reward": 1}"#, #"{"cot": "better", "reward": 5}"#,
    ]
    try rows.joined(separator: "\n").write(
      to: folder.appending(path: "rows.jsonl"), atomically: true, encoding: .utf8)
    let file = folder.appending(path: "p.yaml")
    try """
    models: { teacher: { endpoint: "http://host/v1", name: m, price: { input: 1, output: 2 } } }
    stages:
      rows: { uses: read-jsonl, with: { file: rows.jsonl, columns: [cot, reward] } }
      best: { uses: filter, from: rows, with: { where: [{ column: reward, above: 2 }] } }
      told: { uses: generate, from: best, with: { model: teacher, template: "{{cot}}" } }
    """.write(to: file, atomically: true, encoding: .utf8)
    let pipeline = try Pipeline.read(file, catalog: .standard, environment: [:])
    let store = try Store(path: folder.appending(path: "store.sqlite").path, now: { 1030 })
    let transport = ScriptedTransport { _, _ in
      HTTPResponse(
        status: 200,
        body: Array(
          #"{"choices":[{"message":{"content":"ok"}}],"usage":{"prompt_tokens":10,"completion_tokens":5}}"#
            .utf8))
    }
    let models = ModelStack(
      models: Array(pipeline.models.values), transport: transport, memory: store.replies,
      clock: JumpingClock(),
      environment: [:])
    let summary = try await Engine(pipeline, store: store, models: models, now: { 1000 }).run()
    let report = try await RunReport.read(summary.run, from: store.inspector, catalog: .standard)
    #expect(
      report.rewards == [
        .init(
          stage: "rows", unit: "", columns: [.init(PlottedColumn("reward"), values: [4.5, 1, 5])],
          kept: [true, false, true], lengths: [4, 3, 6], text: "cot")
      ])
    #expect(
      report.calls == [
        .init(
          stage: "told", model: "m",
          tally: CallTally(made: 2, promptTokens: 20, completionTokens: 10, usd: 40e-6), attempts: 2,
          seconds: [0, 0])
      ])
    #expect(report.arrivals == [30, 30])
  }

  @Test func whatAReaderCouldNotTellBeforeItRanIsDrawnAllTheSame() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "retort-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let rows = ["a", "b"].flatMap { group in
      [(5, true), (9, true), (7, false)].map { length, correct in
        #"{"group": "\#(group)", "length": \#(length), "correct": \#(correct), "completion": "\#(group)\#(length)"}"#
      }
    }
    try rows.joined(separator: "\n").write(
      to: folder.appending(path: "rows.jsonl"), atomically: true, encoding: .utf8)
    let file = folder.appending(path: "p.yaml")
    try """
    stages:
      rows: { uses: read-jsonl, with: { file: "${ROWS:-rows.jsonl}" } }
      compared: { uses: compare-length-quality, from: rows, as: { score: points } }
      same: { uses: filter, from: rows, with: { where: [{ column: length, above: 8 }] } }
      pairs: { uses: pair-length-quality, from: same }
    """.replacing("as: { score: points }", with: "as: { twyn_score: points }").write(
      to: file, atomically: true, encoding: .utf8)
    let pipeline = try Pipeline.read(file, catalog: .standard, environment: ["ROWS": "rows.jsonl"])
    #expect(pipeline.variables == [FileVariable(name: "ROWS", value: "rows.jsonl", set: true)])
    let store = try Store(path: folder.appending(path: "store.sqlite").path)
    let models = ModelStack(
      models: [], transport: ScriptedTransport { _, _ in HTTPResponse(status: 500, body: []) },
      memory: store.replies, environment: [:])
    let summary = try await Engine(pipeline, store: store, models: models).run()
    let report = try await RunReport.read(summary.run, from: store.inspector, catalog: .standard)
    #expect(report.drawn.map(\.stage) == ["compared"])
    #expect(report.drawn.map { [$0.rows, $0.total] } == [[6, 6]])
    #expect(
      report.drawn[0].pictures[0].caption
        == "The shortest right response has the highest score in 2 of 2 groups that have right ones of unequal length. A "
        + "wrong one is above a right one in 0 of 2 mixed groups.")
    #expect(report.rewards.map(\.stage) == ["compared"])
    #expect(report.rewards[0].columns.map(\.name) == ["points", "twyn_advantage"])
  }

  @Test func manyRowsAreSampledInBlocksThatKeepNeighboursTogether() async throws {
    let lab = try Lab(records: (0..<1000).map { "w\($0)" })
    let run = try await lab.run().run
    let inspector = lab.store.inspector
    let all = try await inspector.sample(["word", "none", "a\"b"], of: 0, run: run, most: 1000)
    #expect((all.rows.count, all.total) == (1000, 1000))
    #expect(all.rows[7] == Columns(["word": "w7", "none": .null]))
    let part = try await inspector.sample(["word"], of: 0, run: run, most: 300)
    let places = part.rows.compactMap { $0["word"]?.string.flatMap { Int($0.dropFirst()) } }
    #expect(part.total == 1000)
    #expect(places == (0..<1000).filter { ($0 / 64) % 4 == 0 })
  }

  @Test func aRunThatIsNotThereIsAnError() async throws {
    let lab = try Lab(records: [])
    await #expect(throws: NotFound("expected a run, found none numbered 3")) {
      try await RunReport.read(3, from: lab.store.inspector, catalog: .standard)
    }
  }
}
