import Foundation
import OrderedCollections
import RetortCore
import RetortStages
import RetortStore
import RetortTestSupport
import Testing

@testable import RetortRun

@Suite struct SampledTests {
  @Test func samplesLeftOutAreCountedAndNamed() async throws {
    let folder = try Bench.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try Store(path: folder.appending(path: "store.sqlite").path)
    let model = ModelRef(ModelSpec(alias: "m", name: "m"))
    let config = Generate.Config(model: model, template: "{{word}}", samples: 3)
    let stages = [
      Lab.reader("read", ["a", "b", "c"]),
      PipelineStage(
        name: "asked", entry: StageEntry(Generate.self), from: ["read"],
        configured: ConfiguredStage(config: try JSON(encoding: config)) { workspace in
          try BoundStage(Generate(config, in: workspace))
        }, columns: ["word", "reply"]),
    ]
    let pipeline = Pipeline(name: "p", file: folder.appending(path: "p.yaml"), models: [:], stages: stages)
    // Of a: the second is cut. Of b: all are. Of c: none.
    let models = ScriptedProvider(chat: { request in
      let word = request.messages[0].content
      let cut = word == "b" || word == "a" && request.draw == 1
      return ChatReply(text: "\(word)\(request.draw)", finishReason: cut ? "length" : "stop")
    })
    let first = try await Engine(pipeline, store: store, models: models, now: { 0 }).run()
    #expect(first.status == .complete)
    #expect(first.stages["asked"] == Books(in: 3, emitted: 2, dropped: 1, rows: 5, leftOut: 1))
    let second = try await Engine(pipeline, store: store, models: models, now: { 0 }).run()
    #expect(second.stages["asked"] == Books(in: 3, emitted: 2, dropped: 1, reused: 3, rows: 5, leftOut: 1))
    #expect(
      try await store.inspector.query(
        "SELECT source, sample, reason FROM dropped WHERE run = 2 ORDER BY source") == [
          ["source": "read:0", "sample": 1, "reason": "reply truncated"],
          ["source": "read:1", "sample": nil, "reason": "reply truncated"],
        ])
    #expect(
      try await store.inspector.query("SELECT reply FROM asked").map { $0["reply"] } == [
        "a0", "a2", "c0", "c1", "c2",
      ])
  }
}
