import Foundation
import OrderedCollections
import RetortCore
import RetortStages
import RetortStore
import RetortTestSupport
import Synchronization

@testable import RetortRun

/// Three documents, two questions and a model that looks twice before it answers; a file in a folder of its own.
final class ToolProject: Sendable {
  static let file = """
    models:
      policy: { endpoint: "http://127.0.0.1:9/v1", name: p, retries: 0, price: { input: 1, output: 1 } }
    tools:
      search: { uses: search, corpus: pages, k: 2 }
      open: { uses: open-document, corpus: pages }
    stages:
      pages: { uses: read-jsonl, with: { file: pages.jsonl } }
      questions: { uses: read-jsonl, with: { file: questions.jsonl } }
      rollouts:
        uses: sample-rollouts
        from: questions
        with: { model: policy, tools: [search, open], protocol: PROTOCOL, samples: 2, seed: 1, max_turns: 6 }
      out: { uses: export-jsonl, from: rollouts, with: { file: out/rollouts.jsonl } }

    """

  let folder: URL
  let store: Store
  private let asked = Mutex(0)

  init(_ file: String = ToolProject.file, form: String = "short") throws {
    folder = try Bench.folder()
    store = try Store(path: folder.appending(path: "store.sqlite").path)
    for (name, text) in [
      "p.yaml": file.replacing("PROTOCOL", with: form),
      "pages.jsonl": """
      {"title": "Ada Byron", "text": "Ada Byron was born in London.", "url": "doc://ada"}
      {"title": "London", "text": "London lies on the Thames."}
      {"title": "Thames", "text": "The Thames is a river of England."}

      """,
      "questions.jsonl": """
      {"question": "On which river lies the town where Ada Byron was born?"}
      {"question": "Where was Ada Byron born?"}

      """,
    ] {
      try Data(text.utf8).write(to: folder.appending(path: name))
    }
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// Requests that were sent and answered.
  var calls: Int { asked.withLock { $0 } }

  func pipeline() throws -> Pipeline {
    try Pipeline.read(folder.appending(path: "p.yaml"), catalog: .standard, environment: [:])
  }

  /// - Parameter most: requests that the endpoint answers before it is gone.
  func run(answering most: Int = .max, _ options: RunOptions = .init()) async throws -> RunSummary {
    try await run(answering: most, servers: NoToolServers(), options) { Self.reply(to: $0) }
  }

  private func run(
    answering most: Int, servers: any ToolServers, _ options: RunOptions,
    _ reply: @escaping @Sendable (HTTPRequest) -> JSON
  ) async throws -> RunSummary {
    let pipeline = try pipeline()
    let before = calls
    let models = ModelStack(
      models: pipeline.models.map(\.value),
      transport: ScriptedTransport { [self] request, _ in
        guard calls - before < most else { throw ModelError(.unreachable, "gone") }
        asked.withLock { $0 += 1 }
        return HTTPResponse(status: 200, body: Array(reply(request).text.utf8))
      }, memory: store.replies, clock: JumpingClock(), environment: [:])
    return try await Engine(
      pipeline, store: store, models: models, servers: servers, options: options, now: { 0 }
    ).run()
  }

  /// Runs with a model that adds a word in each of some turns, and answers with what it was told.
  func run(
    adding turns: Int, answering most: Int = .max, servers: any ToolServers, _ options: RunOptions = .init()
  )
    async throws -> RunSummary
  {
    try await run(answering: most, servers: servers, options) { request in
      let body = (try? JSON(parsing: String(decoding: request.body ?? [], as: UTF8.self))) ?? .null
      let messages = body["messages"]?.array ?? []
      let turn = messages.count { $0["role"]?.string == "assistant" }
      let told = messages.last?["content"]?.string ?? ""
      let text = turn < turns ? "<add>\(turn) \(body["seed"]?.int ?? 0)" : "<answer>\(told)</answer>"
      return [
        "choices": [
          ["message": ["role": "assistant", "content": .string(text)], "finish_reason": "stop"]
        ],
        "usage": ["prompt_tokens": 10, "completion_tokens": 5],
      ]
    }
  }

  /// Searches, opens what it found, and answers; the first question in two hops. The draw is in its words.
  private static func reply(to request: HTTPRequest) -> JSON {
    let body = (try? JSON(parsing: String(decoding: request.body ?? [], as: UTF8.self))) ?? .null
    if let texts = body["input"]?.array { return vectors(of: texts.compactMap(\.string)) }
    let messages = body["messages"]?.array ?? []
    let question = messages.first { $0["role"]?.string == "user" }?["content"]?.string ?? ""
    let turn = messages.count { $0["role"]?.string == "assistant" }
    let seed = body["seed"]?.int ?? 0
    let isLong = question.hasPrefix("On which")
    let script: [(String, String)] =
      [("search", "Ada Byron"), ("open", "doc://ada")]
      + (isLong ? [("search", "London \(seed)"), ("open", "2")] : [])
    let usage: JSON = ["prompt_tokens": .int(Int64(10 * messages.count)), "completion_tokens": 5]
    func reply(_ message: JSON) -> JSON {
      ["choices": [["message": message, "finish_reason": "stop"]], "usage": usage]
    }
    guard turn < script.count else {
      let answer = isLong ? "the Thames" : "London"
      let isNative = body["tools"] != nil
      return reply([
        "role": "assistant", "content": .string(isNative ? answer : "<answer>\(answer)</answer>"),
      ])
    }
    let (tool, words) = script[turn]
    if body["tools"] != nil {
      let argument = tool == "search" ? "query" : "document"
      let arguments: JSON = .object([argument: .string(words)])
      return reply([
        "role": "assistant", "content": .null,
        "tool_calls": [
          [
            "id": .string("call_\(turn)"), "type": "function",
            "function": ["name": .string(tool), "arguments": .string(arguments.text)],
          ]
        ],
      ])
    }
    return reply(["role": "assistant", "content": .string("<\(tool)>\(words)")])
  }

  /// One number says whether a text is about people, the other whether it is about water.
  private static func vectors(of texts: [String]) -> JSON {
    let subjects = [["Ada", "born"], ["river", "stream", "Thames"]]
    let data = texts.enumerated().map { place, text -> JSON in
      let numbers = subjects.map { words in JSON.double(words.contains { text.contains($0) } ? 1 : 0.01) }
      return ["index": .int(Int64(place)), "embedding": .array(numbers)]
    }
    return ["data": .array(data), "usage": ["prompt_tokens": .int(Int64(texts.count)), "total_tokens": 1]]
  }

  func exported() throws -> String {
    try String(contentsOf: folder.appending(path: "out/rollouts.jsonl"), encoding: .utf8)
  }

  func query(_ sql: String) async throws -> [JSON.Object] { try await store.inspector.query(sql) }
}
