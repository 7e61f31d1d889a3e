import Foundation
import OrderedCollections
import RetortStages
import RetortStore
import RetortTestSupport
import Synchronization
import Testing

@testable import RetortCore
@testable import RetortRun

/// A model that a round trains is asked in the next one.
@Suite struct RoundModelTests {
  private static let file = """
    models:
      policy: { launch: [serve, --quiet], name: base, retries: 0 }
      trainer: { endpoint: "http://127.0.0.1:9/v1", name: t, retries: 0 }
    stages:
      topics: { uses: read-jsonl, with: { file: topics.jsonl, columns: [topic] } }
    rounds:
      play:
        max: 3
        carry: { topics: same, policy: trained }
        stages:
          asked: { uses: generate, from: topics, with: { model: policy, template: "Write {{topic}}", column: draft } }
          same: { uses: filter, from: topics, with: { where: [{ column: topic, exists: true }] } }
          trained:
            uses: generate
            from: asked
            with:
              model: trainer
              template: "Train on {{draft}} REV"
              schema:
                type: object
                properties: { name: { type: string }, revision: { type: string }, path: { type: string } }
                required: [name, revision, path]

    """

  private static func furnish(_ folder: URL) throws {
    try Data(#"{"topic": "t"}"#.utf8).write(to: folder.appending(path: "topics.jsonl"))
    _ = FileManager.default.createFile(
      atPath: folder.appending(path: "serve").path, contents: nil, attributes: [.posixPermissions: 0o755])
  }

  private final class Project: Sendable {
    let folder: URL
    let store: Store
    private let notes = Mutex<[String]>([])

    init() throws {
      folder = try Bench.folder()
      store = try Store(path: folder.appending(path: "store.sqlite").path)
      try RoundModelTests.furnish(folder)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Runs the file; what each model was asked: its name, its server's words, and the prompt.
    func run(_ text: String = RoundModelTests.file) async throws -> (RunSummary, [String]) {
      let file = folder.appending(path: "p.yaml")
      try Data(text.utf8).write(to: file)
      let pipeline = try Pipeline.read(file, catalog: .standard, environment: [:])
      notes.withLock { $0 = [] }
      let models = ModelStack(
        models: pipeline.models.map(\.value),
        transport: ScriptedTransport { [self] request, _ in
          let body = try JSON(parsing: String(decoding: request.body ?? [], as: UTF8.self))
          let (name, prompt) = (
            body["model"]?.string ?? "", body["messages"]?.array?.last?["content"]?.string ?? ""
          )
          notes.withLock { $0.append("\(name): \(prompt)") }
          let text =
            prompt.hasPrefix("Write")
            ? "by \(name)"
            : #"{"name": "after \#(prompt.split(separator: " ")[3...].joined(separator: " "))", "revision": "r", "path": "out/a"}"#
          let reply: JSON = [
            "choices": [
              ["message": ["role": "assistant", "content": .string(text)], "finish_reason": "stop"]
            ]
          ]
          return HTTPResponse(status: 200, body: Array(reply.text.utf8))
        }, memory: store.replies, clock: JumpingClock(), environment: [:],
        address: { [self] model in
          if let launch = model.launch {
            notes.withLock { $0.append(launch.joined(separator: " ").replacing(folder.path, with: "HERE")) }
          }
          return "http://127.0.0.1:9/v1"
        })
      let summary = try await Engine(pipeline, store: store, models: models, now: { 0 }).run()
      return (summary, notes.withLock { $0 })
    }
  }

  @Test func aModelIsWhatTheRoundBeforeTrained() async throws {
    let project = try Project()
    let (summary, asked) = try await project.run()
    #expect(summary.status == .complete)
    #expect(
      asked == [
        "serve --quiet", "base: Write t", "t: Train on by base REV",
        "serve --quiet HERE/out/a", "after base REV: Write t", "t: Train on by after base REV REV",
        "serve --quiet HERE/out/a", "after after base REV REV: Write t",
        "t: Train on by after after base REV REV REV",
      ])
    #expect(
      try await project.store.inspector.query("SELECT because, carried FROM play WHERE round = 1") == [
        ["because": "1 row is carried", "carried": #"{"topics":1,"policy":1}"#]
      ])
    #expect(try await project.run().1.isEmpty)
  }

  /// Of what a round says of a model, its name and revision alone are in the key of those that ask it.
  @Test func whereAModelLiesIsInNoKey() async throws {
    let project = try Project()
    _ = try await project.run()
    let moved = try await project.run(
      Self.file.replacing(
        "carry: { topics: same, policy: trained }", with: "carry: { topics: same, policy: moved }")
          + """
                moved: { uses: derive, from: trained, replace: true, with: { constants: { path: elsewhere } } }
          """)
    #expect(moved.1.isEmpty)
  }

  private func mistakes(_ text: String) throws -> [String] {
    let folder = try Bench.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    try Self.furnish(folder)
    let file = folder.appending(path: "p.yaml")
    try Data(text.utf8).write(to: file)
    do { _ = try Pipeline.read(file, catalog: .standard, environment: [:]) } catch let errors
      as PipelineErrors
    {
      return errors.description.split(separator: "\n").map {
        String($0.replacing(/^.*\/p.yaml:/, with: "p.yaml:"))
      }
    }
    return []
  }

  /// What says nothing of a model is none, and a model that nobody asks need not be carried.
  @Test func aModelThatIsCarriedMustBeAskedAndSaid() throws {
    let carry = "carry: { topics: same, policy: trained }"
    let none = Self.file.replacing(carry, with: "carry: { topics: same, policy: same }")
    #expect(
      try mistakes(none) == [
        "p.yaml:9:36: expected a column of 'play.same' (topic), found 'name', which 'play.same.model' reads",
        "p.yaml:9:36: expected a column of 'play.same' (topic), found 'revision', which 'play.same.model' reads",
      ])
    let unasked = Self.file.replacing("model: policy", with: "model: trainer")
    #expect(
      try mistakes(unasked) == [
        "p.yaml:9:28: expected a model that a stage of these rounds asks, found 'policy'"
      ])
    let unknown = Self.file.replacing(carry, with: "carry: { topics: same, polcy: trained }")
    #expect(
      try mistakes(unknown) == [
        "p.yaml:9:28: expected a stage outside of these rounds (topics) or a model, found 'polcy' (did you mean 'policy'?)"
      ])
  }
}
