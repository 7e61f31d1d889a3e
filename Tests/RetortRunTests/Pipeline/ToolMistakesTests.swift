import Foundation
import OrderedCollections
import RetortCore
import RetortStages
import RetortTestSupport
import Testing

@testable import RetortRun

@Suite struct ToolMistakesTests {
  private func read(_ tools: String, _ stages: String = "") throws -> Result<Pipeline, PipelineErrors> {
    let folder = try Bench.folder()
    let file = folder.appending(path: "p.yaml")
    try Data("{\"text\": \"a\", \"question\": \"q\"}\n".utf8).write(to: folder.appending(path: "pages.jsonl"))
    let text = """
      models:
        m: { endpoint: "http://127.0.0.1:9/v1", name: m }
      tools:
      \(tools)
      stages:
        pages: { uses: read-jsonl, with: { file: pages.jsonl, columns: [text, question] } }
      \(stages)
      """
    try Data(text.utf8).write(to: file)
    do { return .success(try Pipeline.read(file, catalog: .standard, environment: [:])) } catch let errors
      as PipelineErrors
    { return .failure(errors) }
  }

  private func report(_ tools: String, _ stages: String = "") throws -> [String] {
    switch try read(tools, stages) {
    case .success(let pipeline): pipeline.warnings.map { "warning: \($0.message)" }
    case .failure(let errors): errors.diagnostics.map(\.message)
    }
  }

  private static let use =
    "  asked: { uses: sample-rollouts, from: pages, with: { model: m, tools: [search] } }"
  private static let search = "  search: { uses: search, corpus: pages }"

  @Test func aToolThatIsOfferedIsNoMistake() throws {
    let pipeline = try read(Self.search, Self.use).get()
    #expect(pipeline.warnings.isEmpty)
    #expect(pipeline.tools.map(\.name) == ["search"])
    #expect(pipeline["asked"]?.using == ["tool.search": "pages"])
    #expect(
      pipeline["asked"]?.configured.config["tools"] == [
        ["name": "search", "kind": "search", "version": 1, "with": [:]]
      ])
    #expect(pipeline["asked"]?.columns?.contains("final_answer") == true)
  }

  @Test func mistakesOfATool() throws {
    for (tool, words) in [
      ("  search: { uses: serch, corpus: pages }", "found 'serch' (did you mean 'search'?)"),
      (
        "  search: { corpus: pages }",
        "expected the key 'uses', a kind of tool (open-document, search), or 'launch' or 'url' for a server, found none"
      ),
      (
        "  search: { uses: search }",
        "expected the key 'corpus', the stage whose rows 'search' looks into, found none"
      ),
      (
        "  search: { uses: search, corpus: page }",
        "expected a stage of this file, found 'page' (did you mean 'pages'?)"
      ),
      ("  search: { uses: search, corpus: pages, k: 90 }", "k: expected 1 to 50, found 90"),
      ("  search: { uses: search, corpus: pages, kk: 9 }", "found 'kk'"),
      ("  search: { uses: search, corpus: pages, timeout: 0 }", "expected seconds above 0, found 0.0"),
      ("  search: { launch: [./server] }", "expected a program at './server', found none"),
      ("  Search: { uses: search, corpus: pages }", "expected a tool's name of lower-case letters"),
      ("  search: 3", "expected a mapping, found the number 3"),
    ] {
      let found = try report(tool)
      #expect(found.count == 1 && found[0].contains(words), "\(found)")
    }
  }

  @Test func mistakesOfAStage() throws {
    func asked(_ keys: String, kind: String = "sample-rollouts", from: String = "pages") -> String {
      "  asked: { uses: \(kind), from: \(from), with: { model: m, \(keys) } }"
    }
    for (stage, words) in [
      (
        asked("tools: [serch]"),
        "expected a tool of this file (search), found 'serch' (did you mean 'search'?)"
      ),
      (asked("tools: [search, search]"), "tools: expected each tool once, found 'search' twice"),
      (asked("tools: []"), "tools: expected at least one tool, found none"),
      (asked("max_turns: 3"), "max_turns: expected the key 'tools' with it, found none"),
      (asked("tools: [search], max_turns: 0"), "max_turns: expected 1 to 100, found 0"),
      (asked("tools: [search], logprobs: true"), "logprobs: expected it without 'tools'"),
      (asked("tools: [search], protocol: tag"), "found 'tag' (did you mean 'tags'?)"),
      (
        asked("tools: [search], protocol: short, tags: { serch: x }"),
        "found 'serch' (did you mean 'search'?)"
      ),
      (
        asked(
          "tools: [search], examples: [{ question: q, turns: [{ tool: find, arguments: {}, result: r }], answer: a }]"
        ),
        "examples: expected one of the stage's tools (search), found 'find'"
      ),
      (
        asked(
          "tools: [search], template: q, schema: { type: object, properties: { a: {} } }", kind: "generate"),
        "schema: expected it without 'tools', found both"
      ),
    ] {
      let found = try report(Self.search, stage).filter { !$0.hasPrefix("warning") }
      #expect(found.count == 1 && found[0].contains(words), "\(found)")
    }
  }

  @Test func aToolThatNobodyOffersIsWarnedOf() throws {
    #expect(
      try report(Self.search)
        == ["warning: no stage offers 'search'; name it under 'tools:' of one, or leave it out"])
  }

  @Test func aCorpusMayNotWaitForWhatAsksIt() throws {
    let found = try report(
      "  search: { uses: search, corpus: asked }",
      "  asked: { uses: generate, from: pages, as: { reply: answer }, with: { model: m, template: q, tools: [search] } }"
    )
    #expect(
      found.contains { $0.contains("expected stages without a cycle, found asked takes asked") }, "\(found)")
  }

  @Test func aCorpusNeedsText() throws {
    let found = try report(
      "  search: { uses: search, corpus: bare }",
      """
        bare: { uses: read-jsonl, with: { file: pages.jsonl, columns: [question] } }
      \(Self.use)
      """)
    #expect(
      found == [
        "expected a corpus with the column 'text', which 'search' looks into, found 'bare' (question); rename one with 'as:'"
      ])
  }
}
