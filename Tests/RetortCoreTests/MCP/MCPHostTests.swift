import OrderedCollections
import RetortTestSupport
import Synchronization
import Testing

@testable import RetortCore

@Suite struct MCPHostTests {
  private func host(_ tools: [any Tool], memory: any ToolMemory = DictionaryToolMemory()) throws -> MCPHost {
    MCPHost(try Toolbox(tools, memory: memory), client: "c")
  }

  private func answer(_ host: MCPHost, _ text: String) async -> String? {
    await host.answer(Array(text.utf8))?.text
  }

  @Test func greetsInTheVersionThatItIsAskedFor() async throws {
    let host = try host([])
    for (asked, spoken) in [
      ("2024-11-05", "2024-11-05"), ("2025-03-26", "2025-03-26"), ("2025-06-18", "2025-06-18"),
      ("2025-11-25", "2025-11-25"), ("1999-01-01", "2025-11-25"),
    ] {
      let said = await answer(
        host,
        #"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"\#(asked)","capabilities":{}}}"#
      )
      #expect(
        said
          == #"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"\#(spoken)","capabilities":{"tools":{"listChanged":false}},"serverInfo":{"name":"retort","version":"1"}}}"#
      )
    }
    #expect(await answer(host, #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#) == nil)
    #expect(
      await answer(host, #"{"jsonrpc":"2.0","id":"a","method":"ping"}"#)
        == #"{"jsonrpc":"2.0","id":"a","result":{}}"#)
  }

  @Test func listsInPages() async throws {
    let host = try host((0..<150).map { ScriptedTool("t\($0)") { _ in "" } })
    let first = try #require(await answer(host, #"{"id":1,"method":"tools/list"}"#))
    let page = try JSON(parsing: first)
    #expect(page["result"]?["tools"]?.array?.count == 100)
    #expect(page["result"]?["nextCursor"] == "100")
    #expect(
      page["result"]?["tools"]?.array?.first == [
        "name": "t0", "description": "Looks things up.",
        "inputSchema": [
          "type": "object", "properties": ["query": ["type": "string"]], "required": ["query"],
          "additionalProperties": false,
        ],
      ])
    let last = try #require(await answer(host, #"{"id":2,"method":"tools/list","params":{"cursor":"100"}}"#))
    #expect(try JSON(parsing: last)["result"]?["tools"]?.array?.count == 50)
    #expect(try JSON(parsing: last)["result"]?["nextCursor"] == nil)
    let wrong = await answer(host, #"{"id":3,"method":"tools/list","params":{"cursor":"x"}}"#)
    #expect(wrong?.contains("-32602") == true)
  }

  @Test func callsHaveTheResultsAndFaultsOfARollout() async throws {
    let memory = DictionaryToolMemory()
    let tool = ScriptedTool { arguments in
      if arguments["query"] == "b" { throw ToolFault(.error, "no b") }
      return "found \(arguments["query"]?.string ?? "")"
    }
    let host = try host([tool], memory: memory)
    func call(_ name: String, _ arguments: String) async throws -> JSON? {
      let said = await answer(
        host,
        #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\#(name)","arguments":\#(arguments)}}"#
      )
      return try JSON(parsing: said ?? "")["result"]
    }
    func result(_ text: String, isError: Bool) -> JSON {
      ["content": [["type": "text", "text": .string(text)]], "isError": .bool(isError)]
    }
    #expect(try await call("search", #"{"query":"a"}"#) == result("found a", isError: false))
    #expect(try await call("search", #"{"query":"a"}"#) == result("found a", isError: false))
    #expect(try await call("search", #"{"query":"b"}"#) == result("Error (error): no b", isError: true))
    #expect(
      try await call("serch", "{}")
        == result(
          "Error (unknown tool): expected one of the tools search, found 'serch' (did you mean 'search'?)",
          isError: true))
    #expect(tool.calls == 2)
    #expect(memory.calls.count == 3)
  }

  @Test func whatIsNoMessageIsAnsweredAsAnError() async throws {
    let host = try host([])
    for (text, code) in [
      ("{", "-32700"), ("7", "-32600"), ("{}", "-32600"), (#"{"id":1,"method":"resources/list"}"#, "-32601"),
      (#"{"id":1,"method":"tools/call"}"#, "-32602"),
    ] {
      let said = await answer(host, text)
      #expect(said?.contains(#""code":\#(code)"#) == true, "\(text): \(said ?? "")")
    }
    #expect(
      await answer(host, #"[{"id":1,"method":"ping"},{"method":"notifications/x"},{"id":2,"method":"ping"}]"#)
        == #"[{"jsonrpc":"2.0","id":1,"result":{}},{"jsonrpc":"2.0","id":2,"result":{}}]"#)
  }

  @Test func callsOfAClientAreMadeInOrder() async throws {
    let seen = Mutex<[String]>([])
    let tool = ScriptedTool(effect: .effect) { arguments in
      await Task.yield()
      seen.withLock { $0.append(arguments["query"]?.string ?? "") }
      return ""
    }
    let host = try host([tool])
    var begun: [Task<JSON?, Never>] = []
    for number in 0..<20 {
      let text =
        #"{"id":\#(number),"method":"tools/call","params":{"name":"search","arguments":{"query":"\#(number)"}}}"#
      begun.append(await host.begin(Array(text.utf8)))
    }
    for task in begun { _ = await task.value }
    #expect(seen.withLock { $0 } == (0..<20).map { "\($0)" })
  }
}
