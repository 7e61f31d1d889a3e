import Foundation
import RetortCore
import RetortStages
import RetortTestSupport
import Testing

@testable import RetortRun

@Suite struct ProviderCheckTests {
  private func mistakes(_ model: String, _ stages: String) throws -> [String] {
    let folder = try Bench.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    try "{\"question\": \"q\"}\n".write(
      to: folder.appending(path: "rows.jsonl"), atomically: true, encoding: .utf8)
    let file = folder.appending(path: "p.yaml")
    try """
    models: { m: { endpoint: "https://host/v1", name: n, \(model) } }
    stages:
      rows: { uses: read-jsonl, with: { file: rows.jsonl, columns: [question] } }
      \(stages)
    """.write(to: file, atomically: true, encoding: .utf8)
    do {
      _ = try Pipeline.read(file, catalog: .standard, environment: [:])
      return []
    } catch let errors as PipelineErrors { return errors.diagnostics.map(\.description) }
  }

  private let asked =
    #"asked: { uses: sample-rollouts, from: rows, with: { model: m, samples: 2, seed: 1, temperature: 1.5 } }"#

  @Test func whatAnApiHasNoWordsForIsToldAtItsPlace() throws {
    let found = try mistakes("api: anthropic", asked)
    #expect(
      found.map { $0.split(separator: ":", maxSplits: 3).dropFirst().joined(separator: ":") } == [
        "4:83: 'seed' is nothing that the API 'anthropic' of model 'm' has words for; leave it out, or say `omit: [seed]` "
          + "under the model",
        "4:99: expected a temperature from 0 to 1 for the API 'anthropic' of model 'm', found 1.5",
      ])
    #expect(try mistakes("api: anthropic, omit: [seed, temperature]", asked) == [])
    #expect(try mistakes("api: gemini", asked) == [])
    #expect(try mistakes("api: gemini, thinking_budget: 0", asked) == [])
    #expect(try mistakes("reasoning_effort: low", asked) == [])
  }

  @Test(arguments: [
    (
      "thinking_budget: 100",
      "'thinking_budget' is nothing that the API 'openai' of model 'm' has words for; say `reasoning_effort`, or what your "
        + "server takes under `extra_body`"
    ),
    (
      "api: anthropic, thinking_budget: 100",
      "expected 1024 or more for the API 'anthropic', found 100"
    ),
    (
      "api: gemini, thinking_budget: 100, reasoning_effort: low",
      "expected either 'reasoning_effort' or 'thinking_budget', of which Gemini takes one, found both"
    ),
    ("api_version: v1", "expected 'api_version' beside 'api: azure', found it without"),
    (
      "api: anthropic, kind: embedding",
      "expected an API that has embeddings, found 'anthropic', which has none"
    ),
    (
      "api: anthropic, kind: judge",
      "a judge's score is the odds of yes and no: 'logprobs' is nothing that the API 'anthropic' of model 'm' has words for; "
        + "ask a model whose endpoint has them"
    ),
    (
      "api: gemini, kind: vllm-score",
      "expected 'api' on a model of kind chat, judge or embedding, found it on vllm-score"
    ),
  ])
  func modelsAreCheckedToo(model: String, mistake: String) throws {
    let found = try mistakes(model, "")
    #expect(found.count == 1 && found.first?.hasSuffix(mistake) == true, "\(found)")
  }

  @Test func thePageIsUpToDate() throws {
    let page = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "../../../docs/providers.md")
    let isUpToDate = try String(contentsOf: page, encoding: .utf8) == ProviderReference.markdown + "\n"
    #expect(
      isUpToDate, "docs/providers.md differs from what the formats declare; write it anew with `make docs`")
  }
}
