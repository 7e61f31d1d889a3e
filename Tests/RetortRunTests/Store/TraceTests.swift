import Foundation
import OrderedCollections
import RetortCore
import RetortReport
import RetortStages
import RetortStore
import RetortTestSupport
import Synchronization
import Testing

@testable import RetortRun

/// Rows and the calls they were made from.
@Suite struct TraceTests {
  private static let asked = """
    WITH RECURSIVE made (id) AS (
      SELECT id FROM lineage WHERE run = (SELECT max(run) FROM runs) AND "row" = ?
      UNION SELECT parent_id FROM lineage JOIN made USING (id) WHERE parent_id IS NOT NULL)
    SELECT group_concat(reply) AS replies FROM made JOIN row_calls USING (id)
    """

  /// read -> asked (two samples) -> told (one), with replies numbered in the order they come.
  private func lab<S: RowStage>(
    askedBy: S.Type = Generate.self, in folder: URL
  ) throws -> (Pipeline, Store, ModelStack) where S.Config == Generate.Config {
    let store = try Store(path: folder.appending(path: "store.sqlite").path)
    var spec = ModelSpec(alias: "m", name: "m")
    spec.endpoint = "http://h/v1"
    spec.price = .init(input: 0, output: 1_000_000)
    spec.retries = 0
    let first = Generate.Config(model: ModelRef(spec), template: "{{word}}", samples: 2)
    let second = Generate.Config(model: ModelRef(spec), template: "{{reply}}", column: "told")
    func stage<T: RowStage>(_ name: String, _ type: T.Type, from: String, _ config: T.Config) throws
      -> PipelineStage
    {
      PipelineStage(
        name: name, entry: StageEntry(type), from: [from],
        configured: ConfiguredStage(config: try JSON(encoding: config)) { workspace in
          try BoundStage(type.init(config, in: workspace))
        }, columns: ["word", "reply", "told"], models: ["m"])
    }
    let pipeline = Pipeline(
      name: "p", file: folder.appending(path: "p.yaml"), models: ["m": spec],
      stages: [
        Lab.reader("read", ["a", "refused"]), try stage("asked", askedBy, from: "read", first),
        try stage("told", Generate.self, from: "asked", second),
      ])
    let transport = ScriptedTransport { request, before in
      let body = String(decoding: request.body ?? [], as: UTF8.self)
      if body.contains("refused") {
        return HTTPResponse(status: 400, body: Array(#"{"error": "not this"}"#.utf8))
      }
      let answer = #"{"choices": [{"message": {"content": "say \#(before)"}, "finish_reason": "stop"}], "#
      return HTTPResponse(
        status: 200, body: Array((answer + #""usage": {"prompt_tokens": 1, "completion_tokens": 2}}"#).utf8))
    }
    return (
      pipeline, store,
      ModelStack(models: [spec], transport: transport, memory: store.replies, environment: [:])
    )
  }

  @Test func eachSampleHasItsOwnCalls() async throws {
    let folder = try Bench.folder()
    let (pipeline, store, models) = try lab(in: folder)
    #expect(try await Engine(pipeline, store: store, models: models, now: { 0 }).run().status == .incomplete)
    let told = try await store.inspector.query("SELECT \"row\", reply, told FROM told ORDER BY reply")
    #expect(told.count == 2)
    var all: Set<String> = []
    for row in told {
      let id = row["row"]?.string ?? ""
      let trace = try await store.inspector.trace(id, run: 1).objects
      #expect(trace.map { $0["stage"] } == ["read", "asked", "told"])
      #expect(trace.map { $0["calls"] } == [0, 1, 1])
      #expect(trace.map { $0["usd"] } == [0.0, 2.0, 2.0])
      // The reply whose text is the row's own.
      for (line, text) in zip(trace.dropFirst(), [row["reply"], row["told"]]) {
        let reply = line["replies"]?.string ?? ""
        let body = try await store.inspector.query("SELECT body FROM reply WHERE id = ?", [.string(reply)])
        #expect(body.first?["body"]?.string?.contains("\"\(text?.string ?? "")\"") == true)
      }
      let replies = trace.compactMap { $0["replies"]?.string }
      let asked = try await store.inspector.query(Self.asked, [.string(id)])[0]["replies"]?.string ?? ""
      #expect(asked.split(separator: ",").map(String.init).sorted() == replies.sorted())
      all.formUnion(replies)
    }
    #expect(all.count == 4)
  }

  /// Steps made before calls had samples are like this too.
  @Test func callsOfNoSampleAreThoseOfEachRow() async throws {
    let folder = try Bench.folder()
    let (pipeline, store, models) = try lab(askedBy: Pair.self, in: folder)
    _ = try await Engine(pipeline, store: store, models: models, now: { 0 }).run()
    for line in try await store.inspector.query("SELECT \"row\" FROM asked") {
      let trace = try await store.inspector.trace(line["row"]?.string ?? "", run: 1).objects
      #expect(trace.map { $0["calls"] } == [0, 2, 1])
    }
  }

  @Test func aTraceEndsWithTheFailure() async throws {
    let folder = try Bench.folder()
    let (pipeline, store, models) = try lab(in: folder)
    _ = try await Engine(pipeline, store: store, models: models, now: { 0 }).run()
    let row =
      try await store.inspector.query("SELECT \"row\" FROM read WHERE word = 'refused'")[0]["row"]?.string
      ?? ""
    let trace = try await store.inspector.trace(row, run: 1).objects
    #expect(trace.map { $0["stage"] } == ["read", "asked"])
    #expect(trace.map { $0["ended"] } == [.null, "failed: refused: refused (HTTP 400): not this"])
  }

  @Test func aTraceEndsWithTheDrop() async throws {
    let lab = try Lab(records: [""])
    _ = try await lab.run()
    let row = try await lab.store.inspector.query("SELECT \"row\" FROM read")[0]["row"]?.string ?? ""
    let trace = try await lab.store.inspector.trace(row, run: 1).objects
    #expect(trace.map { $0["ended"] } == [.null, "dropped: empty"])
  }

  @Test func aTraceEndsWithTheFailureOfAWholeStage() async throws {
    let lab = try Lab(records: ["a"])
    lab.refuseSets(true)
    _ = try await lab.run()
    let row = try await lab.store.inspector.query("SELECT \"row\" FROM read")[0]["row"]?.string ?? ""
    let trace = try await lab.store.inspector.trace(row, run: 1).objects
    #expect(trace.map { $0["stage"] } == ["read", "shout", "gather"])
    #expect(trace.last?["ended"] == "failed: error: refuses sets")
  }

  @Test func structuredSamplesHaveTheirRepairs() async throws {
    let samples = Mutex<[Int?]>([])
    let schema: JSON.Object = ["type": "object", "properties": ["x": ["type": "integer"]]]
    let config = Generate.Config(model: Self.model, template: "go", schema: Columns(schema), samples: 2)
    let models = ScriptedProvider(chat: { request in
      samples.withLock { $0.append(StepContext.sample) }
      return ChatReply(text: request.draw == 0 ? "no" : "{\"x\": 1}")
    })
    _ = try await Generate(config, in: Self.workspace(models)).process(Columns([:]))
    #expect(samples.withLock { $0 } == [0, 0, 1])
  }

  @Test func repliesThatAreJudgedTogetherAreOfNoSample() async throws {
    let samples = Mutex<[Int?]>([])
    let models = ScriptedProvider(chat: { request in
      samples.withLock { $0.append(StepContext.sample) }
      return ChatReply(text: "5")
    })
    let stage = try PredictReward(.init(model: Self.model, samples: 4), in: Self.workspace(models))
    _ = try await stage.process(Columns(["question": "q", "completion": "c"]))
    #expect(samples.withLock { $0 } == [nil, nil, nil, nil])
  }

  private static let model = ModelRef(ModelSpec(alias: "m", name: "m"))
  private static func workspace(_ models: ScriptedProvider) -> Workspace {
    Workspace(folder: URL(filePath: "/nonexistent"), models: models)
  }
}

/// Two rows made of two replies together.
private struct Pair: RowStage {
  static let name = "test-pair"
  static let version = 1
  static let summary = "Make two rows of two replies."
  static let keys: [String: String] = [:]
  typealias Config = Generate.Config
  typealias Input = Columns
  struct Output: Codable, Sendable { let reply: String }
  let model: any ChatModel

  init(_ config: Generate.Config, in workspace: Workspace) throws { model = try workspace.chat(config.model) }

  func process(_ input: Columns) async throws -> Outcome<Output> {
    let word = input["word"]?.string ?? ""
    let one = try await model.reply(to: ChatRequest([.user(word)], draw: 0)).text
    let other = try await model.reply(to: ChatRequest([.user(word)], draw: 1)).text
    return .emit([Output(reply: one + other), Output(reply: other + one)])
  }
}
