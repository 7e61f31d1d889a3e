import Foundation
import OrderedCollections
import RetortCore
import RetortStages
import RetortStore
import RetortTestSupport
import Synchronization

@testable import RetortRun

/// Drafts that are judged and improved, round after round; a file in a folder of its own.
///
/// The draft of topic `t2` is good once it was improved twice, that of `t9` never.
final class RoundsProject: Sendable {
  static let file = """
    models:
      writer: { endpoint: "http://127.0.0.1:9/v1", name: w, retries: 0, price: { input: 1, output: 1 } }
    stages:
      topics: { uses: read-jsonl, with: { file: topics.jsonl, columns: [topic] } }
      drafts: { uses: generate, from: topics, with: { model: writer, template: "Write {{topic}}", column: draft } }
      judged: { uses: generate, from: drafts, with: { model: writer, template: "Judge {{draft}}", column: verdict } }
      poor: { uses: filter, from: judged, with: { where: [{ column: verdict, equals: poor }] } }
      all: { uses: export-jsonl, from: revise.judged_again, with: { file: out/all.jsonl, columns: [draft] } }
      last: { uses: export-jsonl, from: revise.still_poor.last, with: { file: out/last.jsonl, columns: [draft] } }
    rounds:
      revise:
        max: 3
        carry: { poor: still_poor }
        until: { of: judged_again, where: [{ column: draft, equals: "t7 v1" }] }
        stages:
          revised:
            uses: generate
            from: poor
            replace: true
            with: { model: writer, template: "Improve {{draft}}", column: draft }
          judged_again:
            uses: generate
            from: revised
            replace: true
            with: { model: writer, template: "Judge {{draft}}", column: verdict }
          still_poor: { uses: filter, from: judged_again, with: { where: [{ column: verdict, equals: poor }] } }
          out: { uses: export-jsonl, from: judged_again, with: { file: "out/round-{round}.jsonl", columns: [draft] } }

    """

  let folder: URL
  let store: Store
  private let prompts = Mutex<[String]>([])
  private let refused = Mutex<Set<String>>([])

  init(_ file: String = RoundsProject.file, topics: [String] = ["t0", "t1", "t2", "t9"]) throws {
    folder = try Bench.folder()
    store = try Store(path: folder.appending(path: "store.sqlite").path)
    try write(file)
    try write(topics.map { "{\"topic\": \"\($0)\"}\n" }.joined(), to: "topics.jsonl")
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func write(_ text: String, to name: String = "p.yaml") throws {
    try Data(text.utf8).write(to: folder.appending(path: name))
  }

  func pipeline(_ settings: [String] = []) throws -> Pipeline {
    try Pipeline.read(
      folder.appending(path: "p.yaml"), catalog: .standard, environment: [:], settings: settings)
  }

  /// Prompts that are not answered.
  func refuse(_ prompts: String...) { refused.withLock { $0 = Set(prompts) } }

  struct Played {
    var summary: RunSummary
    /// Prompts that were sent, in alphabetical order.
    var asked: [String]
    var events: [RunEvent]

    var status: RunStatus { summary.status }
    /// How many prompts begin with each word.
    var calls: [String: Int] {
      Dictionary(grouping: asked) { String($0.prefix { $0 != " " }) }.mapValues(\.count)
    }
    /// The stages whose rows were answered by new steps.
    var worked: [String] {
      summary.stages.list.filter { $0.books.emitted + $0.books.dropped > $0.books.reused }.map(\.stage)
    }
    var noted: [String] {
      events.compactMap { if case .noted(let stage, let words) = $0 { "\(stage): \(words)" } else { nil } }
    }
  }

  @discardableResult
  func run(_ options: RunOptions = .init(), set settings: [String] = []) async throws -> Played {
    let pipeline = try pipeline(settings)
    prompts.withLock { $0 = [] }
    let models = ModelStack(
      models: pipeline.models.map(\.value),
      transport: ScriptedTransport { [self] request, _ in
        let body = (try? JSON(parsing: String(decoding: request.body ?? [], as: UTF8.self))) ?? .null
        let prompt = body["messages"]?.array?.last?["content"]?.string ?? ""
        if refused.withLock({ $0.contains(prompt) }) { throw ModelError(.unreachable, "gone") }
        prompts.withLock { $0.append(prompt) }
        let reply: JSON = [
          "choices": [
            [
              "message": ["role": "assistant", "content": .string(Self.reply(to: prompt))],
              "finish_reason": "stop",
            ]
          ],
          "usage": ["prompt_tokens": 10, "completion_tokens": 5],
        ]
        return HTTPResponse(status: 200, body: Array(reply.text.utf8))
      }, memory: store.replies, clock: JumpingClock(), environment: [:])
    let events = Mutex<[RunEvent]>([])
    let engine = Engine(pipeline, store: store, models: models, options: options, now: { 0 })
    let summary = try await engine.run { event in events.withLock { $0.append(event) } }
    return Played(summary: summary, asked: prompts.withLock { $0.sorted() }, events: events.withLock { $0 })
  }

  /// `Write t2` becomes `t2 v0`, and that `t2 v1`.
  private static func reply(to prompt: String) -> String {
    let words = prompt.split(separator: " ").map(String.init)
    guard words.count == 3 else { return "\(words.last ?? "") v0" }
    let version = Int(words[2].dropFirst()) ?? 0
    if words[0] == "Improve" { return "\(words[1]) v\(version + 1)" }
    return version < Int(words[1].dropFirst()) ?? 0 ? "poor" : "good"
  }

  func plan(_ options: RunOptions = .init(), set settings: [String] = []) async throws -> [String: String] {
    let plan = try await Plan.make(try pipeline(settings), store: store, options: options)
    return Dictionary(
      uniqueKeysWithValues: plan.stages.map { ($0.stage, "\($0.done) \($0.todo) \($0.reason)") })
  }

  /// The drafts of an export in the order of its lines; nil where there is no such file.
  func drafts(_ name: String) throws -> [String]? {
    guard let text = try? String(contentsOf: folder.appending(path: "out/\(name).jsonl"), encoding: .utf8)
    else {
      return nil
    }
    return try text.split(separator: "\n").map { try JSON(parsing: String($0))["draft"]?.string ?? "" }
  }
}
