import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

/// A server that was started, and how it misbehaves.
@Suite struct MCPServersTests {
  private static let place = ToolPlace(rollout: Digest(of: "r"), turn: 1, call: 1)

  private func servers(room: SessionRoom = SessionRoom()) -> MCPServers {
    MCPServers(
      folder: URL(filePath: NSTemporaryDirectory()),
      surroundings: ProgramSurroundings(["PATH": "/usr/bin:/bin"]),
      environment: [:], transport: ScriptedTransport { _, _ in throw ModelError(.unreachable, "none") },
      redaction: Redaction(), room: room)
  }

  private func server(
    _ arguments: [String] = [], session: ToolServer.Session = .run, effect: ToolEffect = .effect,
    timeout: Double = 20, only: [String]? = nil
  ) -> ToolServer {
    ToolServer(
      name: "s", place: .launch(ProgramLine(words: [ToolProgram.path] + arguments), variables: []),
      only: only,
      session: session, effect: effect, timeout: timeout)
  }

  private func toolbox(
    _ server: ToolServer, _ servers: MCPServers, memory: any ToolMemory = DictionaryToolMemory()
  )
    async throws -> Toolbox
  {
    let offers = try await servers.offers(of: server)
    return try ToolServices(memory: memory, servers: servers, offers: ["s": offers]).toolbox(
      [ToolSpec(server)], sets: [:])
  }

  private func call(
    _ box: Toolbox, _ tool: String, _ argument: String, turn: Int = 1, in visit: ToolVisit = ToolVisit()
  )
    async throws -> ToolResult
  {
    let arguments: JSON = .object([tool == "add" ? "text" : "what": .string(argument)])
    let place = ToolPlace(rollout: Digest(of: "r"), turn: turn, call: 1)
    return try await box.call(AskedTool(name: tool, arguments: arguments.text), at: place, in: visit)
  }

  @Test func offersWhatTheServerListsPageByPage() async throws {
    for (only, names) in [(nil, ["add", "do"]), (["do"], ["do"])] as [([String]?, [String])] {
      let servers = servers()
      #expect(try await servers.offers(of: server(only: only)).map(\.name) == names)
      servers.stop()
    }
    let servers = servers()
    await #expect(throws: (any Error).self) { try await servers.offers(of: server(only: ["du"])) }
    servers.stop()
  }

  @Test func everyVersionInUseIsSpoken() async throws {
    for version in MCP.versions {
      let servers = servers()
      #expect(try await servers.offers(of: server(["--version", version])).count == 2)
      servers.stop()
    }
    let error = await #expect(throws: StageError.self) {
      try await servers().offers(of: server(["--version", "2020-01-01"]))
    }
    #expect(error?.description.contains("found \"2020-01-01\"") == true, "\(error.map { "\($0)" } ?? "")")
  }

  @Test func aServerThatCannotBeginSaysWhy() async throws {
    for (fault, words) in [
      ("dies", "it ended with status 1; its last words: no such luck"),
      ("names", "found 'not a name'"), ("nothing", "expected tools of 's', found none"),
    ] {
      let error = await #expect(throws: StageError.self) {
        try await servers().offers(of: server(["--fault", fault]))
      }
      #expect(error?.description.contains(words) == true, "\(error.map { "\($0)" } ?? "")")
    }
  }

  @Test func whatAServerDoesWrongCostsItsCall() async throws {
    let servers = servers()
    let box = try await toolbox(server(["--fault", "garbage"], timeout: 12), servers)
    for (turn, (what, fault, words)) in [
      ("well", nil, "well"), ("error", .error, "Error (error): error"),
      ("refuse", .error, "Error (error): refused as told (-32602)"),
      ("garbage", nil, "garbage"), ("sample", nil, "sampling was answered -32601"),
      ("image", nil, "a picture:\n[left out: an image: IMAGE]"), ("structure", nil, #"{"n":1}"#),
      ("die", .unreachable, "Error (no answer): 's': it ended with status 3; its last words: dying as told"),
      ("again", nil, "again"),
      ("huge", .unreachable, "Error (no answer): 's': it wrote a line of more than 32 MB"),
      ("flood", .unreachable, "Error (no answer): 's': it wrote more than 32 MB that are no answer"),
      ("hang", .timeout, "Error (time-out): expected an answer within 12.0 seconds, found none"),
      ("and again", nil, "and again"),
    ].enumerated() as EnumeratedSequence<[(String, ToolFault.Kind?, String)]> {
      let result = try await call(box, "do", what, turn: turn + 1)
      #expect(result.fault == fault, "\(what): \(result.text.prefix(200))")
      let text = result.text.replacing(/image: .*\]/, with: "image: IMAGE]")
      #expect(text == words, "\(what): \(result.text.prefix(200))")
    }
    servers.stop()
  }

  @Test func aRolloutHasASessionOfItsOwn() async throws {
    let servers = servers()
    let memory = DictionaryToolMemory()
    let box = try await toolbox(server(session: .rollout, effect: .pure), servers, memory: memory)
    let (one, other) = (ToolVisit(), ToolVisit())
    #expect(try await call(box, "add", "a", turn: 1, in: one).text == "1: a")
    #expect(try await call(box, "add", "b", turn: 2, in: one).text == "2: a b")
    #expect(try await call(box, "add", "c", turn: 1, in: other).text == "1: c")
    // Under what was called before, and from memory where it was called so before.
    #expect(try await call(box, "add", "b", turn: 2, in: other).text == "2: c b")
    #expect(memory.calls.count == 4)
    let third = ToolVisit()
    #expect(try await call(box, "add", "a", turn: 1, in: third).text == "1: a")
    #expect(try await call(box, "add", "b", turn: 2, in: third).text == "2: a b")
    #expect(memory.calls.count == 4)
    // The first two are made again, since a third has to know them.
    #expect(try await call(box, "add", "d", turn: 3, in: third).text == "3: a b d")
    #expect(memory.calls.count == 5)
  }

  @Test func aToolThatAnswersOtherwiseThanItDidIsCounted() async throws {
    let memory = DictionaryToolMemory()
    var results: [String] = []
    for words in [["a", "b"], ["a", "b", "c"]] {
      let servers = servers()
      let box = try await toolbox(
        server(["--lie"], session: .rollout, effect: .pure), servers, memory: memory)
      let visit = ToolVisit()
      results = []
      for (turn, word) in words.enumerated() {
        results.append(try await call(box, "add", word, turn: turn + 1, in: visit).text)
      }
    }
    #expect(results.count == 3)
    // What was said first stands; what was said when the calls were made again is noted beside it.
    #expect(results[0].hasPrefix("1: a by ") && results[1].hasPrefix("2: a b by "))
    #expect(results[1].split(separator: " ").last != results[2].split(separator: " ").last)
    #expect(memory.results.map(\.fault) == [nil, nil, .replayDiffers, .replayDiffers, nil])
  }

  @Test func tooManySessionsAreEndedAndBroughtBack() async throws {
    let log = FileManager.default.temporaryDirectory.appending(path: "retort-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: log) }
    let servers = servers(room: SessionRoom(most: 2))
    let box = try await toolbox(server(["--log", log.path], session: .rollout, effect: .pure), servers)
    let visits = (0..<3).map { _ in ToolVisit() }
    for (place, visit) in visits.enumerated() {
      #expect(try await call(box, "add", "\(place)", turn: 1, in: visit).text == "1: \(place)")
    }
    // The first one's was ended for the third's, and is brought to where it was.
    for (place, visit) in visits.enumerated() {
      #expect(try await call(box, "add", "x", turn: 2, in: visit).text == "2: \(place) x")
    }
    // Calls at once: more than may be alive, and all are answered.
    try await withThrowingTaskGroup(of: String.self) { group in
      for place in 3..<9 {
        let visit = ToolVisit()
        group.addTask { try await call(box, "add", "\(place)", turn: 1, in: visit).text }
      }
      for try await text in group { #expect(text.hasPrefix("1: ")) }
    }
    let calls = try String(contentsOf: log, encoding: .utf8).split(separator: "\n")
    // Six that were asked, three that were made again, and the six at once.
    #expect(calls.count == 15, "\(calls)")
    for visit in visits { visit.end() }
    servers.stop()
  }

  @Test func aServerMayEndByItself() async throws {
    let farewell = FileManager.default.temporaryDirectory.appending(path: "retort-\(UUID().uuidString)").path
    #expect(mkfifo(farewell, 0o600) == 0)
    defer { unlink(farewell) }
    let pipe = open(farewell, O_RDWR | O_NONBLOCK)
    defer { close(pipe) }
    let servers = servers()
    let box = try await toolbox(server(["--farewell", farewell], session: .rollout, effect: .pure), servers)
    let visit = ToolVisit()
    #expect(try await call(box, "add", "a", in: visit).text == "1: a")
    visit.end()
    // The one that was asked what it offers, and the one that was called.
    var heard = ""
    while heard.count < 8 {
      var entry = pollfd(fd: pipe, events: Int16(POLLIN), revents: 0)
      guard poll(&entry, 1, 20_000) > 0 else { break }
      var bytes = [UInt8](repeating: 0, count: 64)
      let count = read(pipe, &bytes, bytes.count)
      guard count > 0 else { continue }
      heard += String(decoding: bytes[..<count], as: UTF8.self)
    }
    #expect(heard == "bye\nbye\n")
  }

  @Test func aRowsImagesAreShownWithACall() async throws {
    let shelf = MemoryImages()
    let image = try await shelf.keep(Drawn.png(4, 3))
    let servers = servers()
    let asked = server(session: .rollout, effect: .pure, only: ["do"])
    let services = ToolServices(
      memory: DictionaryToolMemory(), images: shelf, servers: servers,
      offers: ["s": try await servers.offers(of: asked)])
    let workspace = Workspace(
      folder: URL(filePath: NSTemporaryDirectory()), models: ScriptedProvider(), tools: services)
    let stage = try CallTool(
      .init(
        tool: ToolRef(ToolSpec(asked)), arguments: ["what": "look"], images: ["picture"],
        imagesColumn: "crops"),
      in: workspace)
    #expect(stage.adds == ["result", "crops"])
    let seen = try await stage.process(Columns(["picture": image.json]))
    #expect(seen == .emit([Columns(["result": "1 shown", "crops": .array([image.json])])]))
    let none = try await stage.process(Columns(["picture": nil]))
    #expect(none == .emit([Columns(["result": "0 shown", "crops": []])]))
    #expect(throws: StageError.self) {
      try CallTool(
        .init(tool: ToolRef(ToolSpec(server())), arguments: ["what": "look"], images: ["picture"]),
        in: workspace)
    }
    servers.stop()
  }

  @Test func aLostSessionOfAnEffectIsSaidToBeLost() async throws {
    let memory = DictionaryToolMemory()
    let asked = server(session: .rollout, effect: .effect)
    for words in [["a"], ["a", "b", "c"]] {
      let servers = servers()
      let box = try await toolbox(asked, servers, memory: memory)
      let visit = ToolVisit()
      var results: [String] = []
      for (turn, word) in words.enumerated() {
        results.append(try await call(box, "add", word, turn: turn + 1, in: visit).text)
      }
      if words.count > 1 {
        #expect(
          results == [
            "1: a",
            "Error (session lost): what 'add' was told before is gone; the next call begins a new session",
            "1: c",
          ])
      }
    }
  }

  /// Where this machine cannot give a sandbox, it is refused with the sandbox's words.
  @Test func theSandboxStandsAroundAServer() async throws {
    var sandboxed = server(session: .rollout, effect: .pure)
    sandboxed.isSandboxed = true
    do {
      let box = try await toolbox(sandboxed, servers())
      #expect(try await call(box, "add", "a").text == "1: a")
    } catch let error as StageError {
      #expect(error.description.contains("it ended with status 78; its last words: "), "\(error)")
    }
  }

  @Test func aServerThatOffersOthersThanAreRememberedParksTheRun() async throws {
    let servers = servers()
    let offers = try await servers.offers(of: server())
    servers.stop()
    let box = try ToolServices(memory: DictionaryToolMemory(), servers: servers, offers: ["s": offers])
      .toolbox(
        [ToolSpec(server(["--other"]))], sets: [:])
    let halt = await #expect(throws: Halt.self) { try await call(box, "add", "a") }
    #expect(halt?.reason == .parked)
    #expect(
      halt?.message
        == "the server 's' offers other tools than those that are remembered (add); `--redo-tool s` takes them"
    )
  }
}

/// Over HTTP, by script.
@Suite struct AddressWireTests {
  private func reply(_ request: HTTPRequest, _ result: String, stream: Bool) -> HTTPResponse {
    let asked = try? JSON(parsing: request.body ?? [])
    guard let id = asked?["id"] else { return HTTPResponse(status: 202) }
    let text = #"{"jsonrpc":"2.0","id":\#(id.text),"result":\#(result)}"#
    let event =
      "event: message\r\nid: 1\r\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}\r\n\r\ndata: \(text)\n\n"
    return HTTPResponse(
      status: 200,
      headers: ["content-type": stream ? "text/event-stream" : "application/json", "mcp-session-id": "s-1"],
      body: Array((stream ? event : text).utf8))
  }

  @Test(arguments: [false, true]) func callsOverJSONAndEvents(stream: Bool) async throws {
    let heard = HeardRequests()
    let transport = ScriptedTransport { request, _ in
      heard.add(request)
      let method = (try? JSON(parsing: request.body ?? []))?["method"]?.string
      let result =
        switch method {
        case "initialize": #"{"protocolVersion":"2025-06-18","capabilities":{}}"#
        case "tools/list": #"{"tools":[{"name":"a","inputSchema":{"type":"object"}}]}"#
        default: #"{"content":[{"type":"text","text":"yes"}]}"#
        }
      return reply(request, result, stream: stream)
    }
    let servers = MCPServers(
      folder: URL(filePath: "/"), surroundings: ProgramSurroundings([:]), environment: ["KEY": "k-123456"],
      transport: transport, redaction: Redaction(["k-123456"]))
    let server = ToolServer(name: "w", place: .url("http://127.0.0.1:9/mcp"), keyEnv: "KEY")
    #expect(try await servers.offers(of: server).map(\.name) == ["a"])
    let session = servers.session(of: server)
    #expect(try await session.call(ToolAsk(tool: "a", arguments: [:]), NoImages()).text == "yes")
    let last = try #require(heard.all.last)
    #expect(
      last.headers == [
        "Content-Type": "application/json", "Accept": "application/json, text/event-stream",
        "Authorization": "Bearer k-123456", "MCP-Protocol-Version": "2025-06-18", "Mcp-Session-Id": "s-1",
      ])
  }

  @Test func aSessionThatTheServerForgotIsBegunAgain() async throws {
    let heard = HeardRequests()
    let transport = ScriptedTransport { request, _ in
      heard.add(request)
      let method = (try? JSON(parsing: request.body ?? []))?["method"]?.string
      switch method {
      case "initialize": return reply(request, #"{"protocolVersion":"2025-06-18"}"#, stream: false)
      case "tools/list": return reply(request, #"{"tools":[{"name":"a"}]}"#, stream: false)
      case "tools/call":
        guard heard.all.count > 6 else { return HTTPResponse(status: 404) }
        return reply(request, #"{"content":[{"type":"text","text":"yes"}]}"#, stream: false)
      default: return HTTPResponse(status: 202)
      }
    }
    let servers = MCPServers(
      folder: URL(filePath: "/"), surroundings: ProgramSurroundings([:]), environment: [:],
      transport: transport,
      redaction: Redaction())
    let server = ToolServer(name: "w", place: .url("http://127.0.0.1:9/mcp"))
    _ = try await servers.offers(of: server)
    #expect(
      try await servers.session(of: server).call(ToolAsk(tool: "a", arguments: [:]), NoImages()).text == "yes"
    )
  }

  @Test func whatTheServerRefusesIsTold() async throws {
    for (status, isHalt) in [(401, true), (500, false)] {
      let transport = ScriptedTransport { _, _ in
        HTTPResponse(status: status, body: Array("no k-123456".utf8))
      }
      let servers = MCPServers(
        folder: URL(filePath: "/"), surroundings: ProgramSurroundings([:]), environment: [:],
        transport: transport,
        redaction: Redaction(["k-123456"]))
      let server = ToolServer(name: "w", place: .url("http://127.0.0.1:9/mcp"))
      do {
        _ = try await servers.offers(of: server)
        Issue.record("expected an error")
      } catch {
        #expect((error is Halt) == isHalt)
        #expect(!"\(error)".contains("k-123456"))
      }
    }
  }
}
