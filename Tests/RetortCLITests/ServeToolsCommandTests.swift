import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortCLI

@Suite struct ServeToolsCommandTests {
  private static let files = [
    "t.yaml": """
    tools:
      search: { uses: search, corpus: pages, k: 1 }
      notes: { launch: [\(ToolProgram.path)], session: rollout, effect: pure, only: [add] }
    stages:
      pages: { uses: read-jsonl, with: { file: pages.jsonl } }
      gold: { uses: call-tool, from: pages, with: { tool: search, arguments: { query: "{{title}}" } } }
      kept: { uses: call-tool, from: pages, with: { tool: notes, arguments: { text: "{{title}}" } } }

    """,
    "pages.jsonl": "{\"title\": \"Ada\", \"text\": \"Ada was born in London.\"}\n",
  ]

  @Test func printsWhatAServerOffers() async throws {
    let desk = try Desk(Self.files)
    try await desk.expectCommand(
      "tools t.yaml",
      prints: """
        search (search over pages)
          Search the documents for words. Answers the best matches, each with a number, a title and a snippet.
          query (string, required): The words to look for.

        add (of the server notes)
          Adds a text to those before.
          text (string, required):\(" ")
        """)
    let doctor = try await desk.type("doctor t.yaml")
    #expect(doctor.printed.contains("server 'notes' of tools: offers add\n"))
    #expect(doctor.status == 0)
  }

  @Test func aRunCallsAServer() async throws {
    let desk = try Desk(Self.files)
    let run = try await desk.type("run t.yaml")
    #expect(run.status == 0, "\(run.said)")
    #expect(try await desk.type("show t_2").status == 0)
    // What is remembered is shown, whether the server can be started or not.
    try desk.write(
      try desk.read("t.yaml").replacing("notes: { launch: [", with: "notes: { launch: [\"/bin/false\", "),
      to: "u.yaml")
    #expect(try await desk.type("tools t.yaml").status == 0)
    #expect(try await desk.type("tools u.yaml").status == 1)
    #expect(try await desk.type("doctor u.yaml").status == 1)
  }

  @Test func answersLinesUntilTheyEnd() async throws {
    let toolbox = try Toolbox([ScriptedTool { _ in "found a" }], memory: DictionaryToolMemory())
    let (lines, said) = AsyncStream.makeStream(of: Data.self)
    for text in [
      #"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18"}}"#,
      #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#, "",
      #"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"search","arguments":{"query":"a"}}}"#,
    ] { said.yield(Data(text.utf8)) }
    said.finish()
    let paper = Paper()
    await ServeToolsCommand.serve(
      lines: lines, by: MCPHost(toolbox, client: "c"), { paper.print($0 + "\n") })
    let answers = paper.printed.split(separator: "\n").sorted()
    #expect(answers.count == 2)
    #expect(
      answers.last
        == #"{"jsonrpc":"2.0","id":2,"result":{"content":[{"type":"text","text":"found a"}],"isError":false}}"#
    )
  }
}
