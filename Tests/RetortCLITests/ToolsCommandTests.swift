import Foundation
import RetortTestSupport
import Testing

@testable import RetortCLI

@Suite struct ToolsCommandTests {
  private static let files = [
    "t.yaml": """
    models:
      policy: { endpoint: "${RETORT_URL}", name: gpt, concurrency: 1, retries: 0, price: { input: 2, output: 8 } }
    tools:
      search: { uses: search, corpus: pages, k: 1 }
      open: { uses: open-document, corpus: pages, description: Read a page. }
    stages:
      pages: { uses: read-jsonl, with: { file: pages.jsonl } }
      questions: { uses: read-jsonl, with: { file: asked.jsonl } }
      rollouts:
        { uses: sample-rollouts, from: questions, with: { model: policy, tools: [search, open], protocol: short, samples: 1 } }

    """,
    "pages.jsonl": "{\"title\": \"Ada\", \"text\": \"Ada was born in London.\"}\n",
    "asked.jsonl": "{\"question\": \"Where was Ada born?\"}\n",
  ]

  private func desk() throws -> Desk {
    try Desk(Self.files) { prompt in
      Desk.reply(prompt.hasPrefix("<result>") ? "<answer>London</answer>" : "<search>Ada born")
    }
  }

  @Test func printsWhatAModelIsOffered() async throws {
    let desk = try desk()
    try await desk.expectCommand(
      "tools t.yaml",
      prints: """
        search (search over pages)
          Search the documents for words. Answers the best matches, each with a number, a title and a snippet.
          query (string, required): The words to look for.

        open (open-document over pages)
          Read a page.
          document (string, required): A number, an address or a title.
          page (integer): The page, from 1; default 1.
        """)
    let typed = try await desk.type("tools t.yaml --json")
    #expect(typed.printed.hasPrefix(#"[{"type":"function","function":{"name":"search","description":"#))
    try await desk.expectCommand("tools p.yaml", prints: "p.yaml: no tools")
  }

  @Test func aRunTellsItsTurnsAndRedoesATool() async throws {
    let desk = try desk()
    let run = try await desk.type("run t.yaml")
    #expect(run.status == 0, "\(run.said)")
    #expect(desk.calls == 2)
    let trace = try await desk.type("trace questions:0")
    let turns = trace.printed.split(separator: "\n").drop { !$0.hasPrefix("turns of ") }
      .prefix(5)
    #expect(turns.count == 5, "\(trace.printed)")
    #expect(
      turns.dropFirst(2).map { $0.split(separator: " ").prefix(3).joined(separator: " ") } == [
        "1 c_1 gpt", "1 t_1 search", "2 c_2 gpt",
      ])
    let shown = try await desk.type("show t_1")
    #expect(shown.printed.contains("arguments: {\"query\":\"Ada born\"}"))
    #expect(shown.printed.contains("[1] Ada"))
    #expect(try await desk.type("show t_9").status == 2)
    // What comes of it is the same, so that the model is asked nothing.
    let plan = try await desk.type("plan t.yaml --redo-tool search")
    #expect(plan.printed.contains("rollouts"))
    #expect(try await desk.type("run t.yaml --redo-tool search").status == 0)
    #expect(desk.calls == 2)
    let calls = try await desk.type("show t_2")
    #expect(calls.printed.contains("asked by rollouts in run 2"))
    #expect(try await desk.type("run t.yaml --redo-tool serch").status == 2)
  }
}
