import Foundation
import OrderedCollections
import RetortStages
import RetortStore
import RetortTestSupport
import Synchronization

@testable import RetortCore
@testable import RetortRun

/// The shipped pipeline of Agentic Self-Learning in a folder of its own, with three models that follow a script.
///
/// The writer looks its topic up and asks something else of it in each round. Of the policy's three answers to a question the
/// first is right, of one topic all are and of another none. The judge knows what is right.
final class SelfPlayProject: Sendable {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
    .standardizedFileURL

  let folder: URL
  let store: Store
  private let verdicts: [String: Bool]
  private let heard = Mutex<[String: Int]>([:])
  private let sent = Mutex<Int>(0)
  /// From which time on that it is asked about a known answer the judge says the contrary.
  let liesFrom: Int

  init(liesFrom: Int = .max) throws {
    folder = try Bench.folder()
    store = try Store(path: folder.appending(path: "store.sqlite").path)
    self.liesFrom = liesFrom
    for name in ["prompts", "data", "tools"] {
      try FileManager.default.createSymbolicLink(
        at: folder.appending(path: name), withDestinationURL: Self.root.appending(path: name))
    }
    try FileManager.default.createDirectory(
      at: folder.appending(path: "pipelines"), withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      at: Self.root.appending(path: "pipelines/self-play.yaml"),
      to: folder.appending(path: "pipelines/self-play.yaml"))
    let lines = try String(contentsOf: Self.root.appending(path: "data/verdicts.jsonl"), encoding: .utf8)
    verdicts = Dictionary(
      uniqueKeysWithValues: try lines.split(separator: "\n").map { line in
        let row = try JSON(parsing: String(line))
        return (
          "\(row["question"]?.string ?? "")|\(row["said"]?.string ?? "")", row["is_right"]?.bool ?? false
        )
      })
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func pipeline(_ settings: [String] = []) throws -> Pipeline {
    try Pipeline.read(
      folder.appending(path: "pipelines/self-play.yaml"), catalog: .standard, environment: [:],
      settings: settings)
  }

  struct Played {
    let summary: RunSummary
    let failures: [String]
    let calls: Int
  }

  func run(_ options: RunOptions = .init(), set settings: [String] = []) async throws -> Played {
    let pipeline = try pipeline(settings)
    sent.withLock { $0 = 0 }
    let models = ModelStack(
      models: pipeline.models.map(\.value),
      transport: ScriptedTransport { [self] request, _ in
        let body = (try? JSON(parsing: String(decoding: request.body ?? [], as: UTF8.self))) ?? .null
        sent.withLock { $0 += 1 }
        let reply: JSON = [
          "choices": [
            [
              "message": ["role": "assistant", "content": .string(answer(to: body))], "finish_reason": "stop",
            ]
          ],
          "usage": ["prompt_tokens": 10, "completion_tokens": 5],
        ]
        return HTTPResponse(status: 200, body: Array(reply.text.utf8))
      }, memory: store.replies, clock: JumpingClock(), environment: [:],
      address: { _ in "http://127.0.0.1:9/v1" })
    let failures = Mutex<[String]>([])
    let engine = Engine(pipeline, store: store, models: models, options: options, now: { 0 })
    let summary = try await engine.run { event in
      if case .failed(let stage, _, let message, _) = event {
        failures.withLock { $0.append("\(stage): \(message)") }
      }
    }
    return Played(
      summary: summary, failures: failures.withLock { $0 }, calls: sent.withLock { $0 })
  }

  // MARK: What the models say

  private func answer(to body: JSON) -> String {
    let turns = body["messages"]?.array?.compactMap { $0["content"]?.string } ?? []
    let (role, last) = (turns.first ?? "", turns.last ?? "")
    let seed = body["seed"]?.int ?? 0
    if role.hasPrefix("Look the topic up") { return written(last, after: turns.dropLast(2).last ?? "", seed) }
    if role.hasPrefix("Look up what") { return "<answer>\(tried(last, seed))</answer>" }
    return "<answer>\(judged(last))</answer>"
  }

  private func written(_ prompt: String, after earlier: String, _ seed: Int64) -> String {
    if prompt.hasPrefix("Topic") { return "<search>\(Self.topic(prompt))</search>" }
    let topic = Self.topic(earlier)
    // Its second draw says again what the first one of round 1 said.
    let what = earlier.contains("earlier question") && seed == 1 ? "second" : "first"
    return
      "<answer><question>\(seed > 1 ? "tell" : "Tell"): what is the \(what) word of the page on \(topic)?</question>"
      + "<solution>\(topic)</solution></answer>"
  }

  private static func topic(_ prompt: String) -> String {
    String(prompt.split(separator: "\n").first?.dropFirst("Topic: ".count) ?? "")
  }

  private func tried(_ question: String, _ seed: Int64) -> String {
    let topic = question.components(separatedBy: "page on ").last.map { String($0.dropLast()) } ?? ""
    switch topic.first {
    case "I": return topic
    case "S": return "nothing"
    default: return seed == 100 ? topic : "nothing"
    }
  }

  private func judged(_ prompt: String) -> String {
    let lines = prompt.split(separator: "\n").map(String.init)
    guard lines.count == 3 else { return "nothing to judge" }
    let (question, said) = (
      String(lines[0].dropFirst("Question: ".count)), String(lines[1].dropFirst("Answer: ".count))
    )
    guard let right = verdicts["\(question)|\(said)"] else {
      return question.hasSuffix("page on \(said)?") ? "correct" : "incorrect"
    }
    let times = heard.withLock {
      $0[prompt, default: 0] += 1
      return $0[prompt] ?? 0
    }
    return right == (times < liesFrom) ? "correct" : "wrong"
  }

  // MARK: What came out

  func rows(_ name: String) throws -> [JSON] {
    let file = folder.appending(path: "out/self-play/\(name)")
    return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
      try JSON(parsing: String($0))
    }
  }

  func query(_ sql: String) async throws -> [JSON.Object] { try await store.inspector.query(sql) }
}
