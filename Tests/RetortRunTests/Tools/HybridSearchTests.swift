import Foundation
import OrderedCollections
import RetortCore
import RetortStages
import RetortStore
import RetortTestSupport
import Testing

@testable import RetortRun

/// `hybrid:` of a search: what is near in meaning is found too.
@Suite struct HybridSearchTests {
  private static let file = """
    models:
      policy: { endpoint: "http://127.0.0.1:9/v1", name: p, retries: 0, price: { input: 1, output: 1 } }
      embedder: { endpoint: "http://127.0.0.1:9/v1", name: e, kind: embedding, retries: 0, price: { input: 1, output: 0 } }
    tools:
      search: { uses: search, corpus: pages, k: 2, hybrid: embedder }
    stages:
      pages: { uses: read-jsonl, with: { file: pages.jsonl } }
      questions: { uses: read-jsonl, with: { file: questions.jsonl } }
      found: { uses: call-tool, from: questions, with: { tool: search, arguments: { query: "{{question}}" } } }
      out: { uses: export-jsonl, from: found, with: { file: out/rollouts.jsonl } }

    """

  private func project(_ file: String = HybridSearchTests.file, asking question: String) throws -> ToolProject
  {
    let project = try ToolProject(file)
    let line = JSON.object(["question": .string(question)]).text + "\n"
    try Data(line.utf8).write(to: project.folder.appending(path: "questions.jsonl"))
    return project
  }

  private func titles(_ question: String, _ file: String = HybridSearchTests.file) async throws -> [String] {
    let project = try project(file, asking: question)
    #expect(try await project.run().status == .complete)
    let result = try #require(try await project.query("SELECT result FROM _tool_calls")[0]["result"]?.string)
    return result.split(separator: "\n").filter { $0.hasPrefix("[") }.map { String($0.dropFirst(4)) }
  }

  @Test func whatIsNearInMeaningIsFoundWithoutItsWords() async throws {
    let plain = Self.file.replacing(", hybrid: embedder", with: "")
    #expect(try await titles("a stream", plain) == [])
    #expect(try await titles("a stream") == ["London", "Thames"])
    // Both lists have it.
    #expect(try await titles("a stream of England") == ["Thames", "London"])
  }

  @Test func vectorsArePaidOnce() async throws {
    let project = try project(asking: "a stream")
    #expect(try await project.run().status == .complete)
    // One call for the corpus, and one for the query.
    #expect(project.calls == 2)
    #expect(
      try await project.run(answering: 0, .init(redo: ["found"], redoTools: ["search"])).status == .complete)
    #expect(try await project.query("SELECT count(*) AS n FROM _tool_calls") == [["n": 2]])
    let line = #"{"question": "a river"}"# + "\n"
    try Data(line.utf8).write(to: project.folder.appending(path: "questions.jsonl"))
    #expect(try await project.run().status == .complete)
    #expect(project.calls == 3)
  }

  /// The row fails, and is asked again; a model is not told of it.
  @Test func anEmbedderThatIsGoneIsNoFaultOfTheCall() async throws {
    let project = try project(asking: "a stream")
    #expect(try await project.run(answering: 1).status != .complete)
    #expect(try await project.query("SELECT count(*) AS n FROM _tool_calls") == [["n": 0]])
    #expect(try await project.run().status == .complete)
    #expect(project.calls == 2)
  }

  @Test func theEmbedderIsInTheKeyWhereItIsNamed() throws {
    let project = try project(asking: "q")
    let tool = try #require(project.pipeline()["found"]?.configured.config["tool"])
    #expect(
      tool == [
        "name": "search", "kind": "search", "version": 1,
        "with": ["k": 2, "hybrid": ["name": "e", "kind": "embedding"]],
      ])
    #expect(try project.pipeline()["found"]?.models == ["embedder"])
  }

  @Test func anotherModelIsRefused() throws {
    for (alias, words) in [
      (
        "policy",
        "expected an embedding model (kind 'embedding'), found 'policy' of kind 'chat'; name a model of this file that has that kind, or declare one under 'models:'"
      ),
      (
        "embeder",
        "expected a model of this file (policy, embedder), found 'embeder' (did you mean 'embedder'?)"
      ),
    ] {
      let project = try project(
        Self.file.replacing("hybrid: embedder", with: "hybrid: \(alias)"), asking: "q")
      let errors = #expect(throws: PipelineErrors.self) { try project.pipeline() }
      #expect(errors?.diagnostics.map(\.message) == [words])
      #expect(errors?.diagnostics.first?.line == 5)
    }
  }
}
