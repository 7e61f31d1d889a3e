import Foundation
import RetortStore
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortRun
@testable import RetortStages

/// Whole files and whole replies, spoilt.
struct FileFuzzTests {
  private static let pipeline = """
    models:
      teacher: { endpoint: "http://127.0.0.1:1/v1", name: "${RETORT_MODEL:-m}", concurrency: 4, price: { input: 1, output: 2 } }
      embedder: { endpoint: "http://127.0.0.1:1/v1", name: e, kind: embedding }
    stages:
      demos: { uses: generate-puzzles, with: { seed: 1, count: 4, labelled: true } }
      questions: { uses: generate-puzzles, with: { seed: 2, count: 4 } }
      task: { uses: induce-prompt, from: demos, with: { model: teacher, candidates: 2 } }
      nearest: { uses: retrieve-demonstrations, from: questions, using: { pool: demos }, with: { model: embedder, k: 2 } }
      rationale:
        uses: synthesize-rationale
        from: [nearest]
        using: { task: task }
        with: &sampling
          model: teacher
          samples: 2
      again: { uses: generate, from: rationale, as: { reply: text }, with: { model: teacher, template: "{{cot}}", max_tokens: 20 } }
      kept: { uses: filter, from: again, on_failure: drop, with: { where: "samples > 1" } }
      out: { uses: export-jsonl, from: again, with: { file: out/x.jsonl, columns: [cot, text] } }
    """

  @Test func aPipelineFileIsReadOrItsMistakesAreNamed() throws {
    let folder = try Bench.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "p.yaml")
    var mutator = Mutator(seed: 7)
    for _ in 0..<(400 * Mutator.effort) {
      let bytes = mutator.spoil([Self.pipeline])
      try Data(bytes).write(to: file)
      do { _ = try Pipeline.read(file, catalog: .standard, environment: [:]) } catch let errors
        as PipelineErrors
      {
        #expect(!errors.description.isEmpty)
      } catch {
        Issue.record(
          "expected mistakes with their places, found \(error) for\n\(String(decoding: bytes, as: UTF8.self))"
        )
      }
    }
  }

  /// Nine anchors of nine references each would be 387 million nodes.
  @Test func aliasesAreNotMultipliedOut() throws {
    let folder = try Bench.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    var yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for level in 1...8 {
      let nine = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
      yaml += "a\(level): &a\(level) [\(nine)]\n"
    }
    let file = folder.appending(path: "bomb.yaml")
    try (yaml + "stages: *a8\n").write(to: file, atomically: false, encoding: .utf8)
    do {
      _ = try Pipeline.read(file, catalog: .standard, environment: [:])
      Issue.record("expected a refusal")
    } catch let errors as PipelineErrors {
      #expect(errors.description.contains("expected at most 100000 values in the file"))
    }
  }

  @Test(arguments: ["[", "{ a: ", "- "])
  func depthIsBounded(opening: String) throws {
    let folder = try Bench.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "deep.yaml")
    let yaml = "stages: " + String(repeating: opening, count: 50_000)
    try yaml.write(to: file, atomically: false, encoding: .utf8)
    #expect(throws: PipelineErrors.self) { try Pipeline.read(file, catalog: .standard, environment: [:]) }
  }

  @Test func aReplyIsReadOrIsAModelError() async throws {
    let seeds = [
      #"{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"hello","refusal":null},"finish_reason":"stop","logprobs":{"content":[{"token":"a","logprob":-0.1,"top_logprobs":[]}]}}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":3}}}"#,
      #"{"error":{"message":"no","type":"x","code":null}}"#,
      #"{"choices":[{"message":{"content":[{"type":"text","text":"part"}],"reasoning_content":"hm"},"finish_reason":"length"}]}"#,
    ]
    var mutator = Mutator(seed: 8)
    for _ in 0..<(2000 * Mutator.effort) {
      let body = mutator.spoil(seeds)
      let status = mutator.pick([200, 200, 200, 200, 201, 302, 400, 401, 404, 408, 429, 500, 503])
      let wait = mutator.spoiltText(["3", "-1", "1e9", "Sun, 06 Nov 1994 08:49:37 GMT", "NaN", "inf"])
      let transport = ScriptedTransport { _, _ in
        HTTPResponse(status: status, headers: ["retry-after": wait], body: body)
      }
      let caller = HTTPCaller(
        transport, redaction: Redaction(["sk-0123456789ab"]), clock: JumpingClock(),
        endpoint: { "http://h/v1" })
      do {
        let reply = try await ChatCompletions(ModelSpec(alias: "t", name: "m"), through: caller)
          .reply(to: ChatRequest([.user("u")]))
        let usage = reply.usage
        #expect(min(usage.promptTokens, usage.completionTokens, usage.cachedTokens) >= 0)
      } catch let error as ModelError {
        #expect(error.message.count <= 900)
        #expect(error.retryAfter.map { $0 >= 0 && $0.isFinite } ?? true, "\(wait)")
      }
    }
  }

  @Test func markupIsReadOrRefused() throws {
    let seeds = [
      "<html><body><div class=q><p>Text &amp; more</p><ul><li>a<li>b</ul></div></body></html>",
      "<?xml version=\"1.0\"?><!DOCTYPE r [<!ENTITY x \"y\">]><r><q id=\"1\">t&x;</q><q/></r>",
      "<!DOCTYPE r [<!ENTITY % p \"<!--x-->\">%p;<!ATTLIST q id CDATA 'd' n (a|b) #IMPLIED>]><r xmlns:n=\"u\"><n:q/><q/></r>",
      "<html a><html b><script>if (a<b) {}</script><p id='1' x y=z><!-- <p> --><p/><li",
    ]
    var mutator = Mutator(seed: 9)
    for language in [Markup.Language.html, .xml] {
      let markup = try Markup(language, select: "//q | //p | //li", columns: ["text": ".", "id": "@id"])
      for _ in 0..<(400 * Mutator.effort) {
        let bytes = mutator.spoil(seeds)
        do { _ = try markup.rows(of: Data(bytes)) } catch { #expect(!error.description.isEmpty) }
      }
    }
  }
}
