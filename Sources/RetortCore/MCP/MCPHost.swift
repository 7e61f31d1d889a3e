internal import OrderedCollections

/// The serving end: answers one client's messages with the tools of a toolbox. To the tools each client is a rollout.
package actor MCPHost {
  private let toolbox: Toolbox
  private let rollout: Digest
  private let visit = ToolVisit()
  private var turn = 0
  /// Calls of one client are made one after the other, since a session may be behind them.
  private var last: Task<Void, Never>?

  /// Tools of one page of the list.
  private static let page = 100

  /// - Parameter client: names the client among all that there ever were.
  package init(_ toolbox: Toolbox, client: String) {
    self.toolbox = toolbox
    rollout = Digest(of: ["client": .string(client)])
  }

  /// Ends what was started for the client.
  package nonisolated func end() { visit.end() }

  /// The answer to a text that should be a message, or a list of some; nil where none is due.
  package func answer(_ text: some Sequence<UInt8> & Sendable) async -> JSON? { await begin(text).value }

  /// Begins to answer; messages that are begun one after the other are answered as if they had come so.
  package func begin(_ text: some Sequence<UInt8> & Sendable) -> Task<JSON?, Never> {
    let json: JSON
    do { json = try JSON(parsing: text) } catch {
      let fault = MCP.error(.null, MCP.Code.parse, "expected JSON: \(error)")
      return Task { fault }
    }
    guard let messages = json.array else { return begin(json) }
    let begun = messages.map { begin($0) }
    return Task {
      var answers: [JSON] = []
      for task in begun { if let answer = await task.value { answers.append(answer) } }
      return answers.isEmpty ? nil : .array(answers)
    }
  }

  private func begin(_ json: JSON) -> Task<JSON?, Never> {
    guard let message = MCPMessage(json) else {
      let fault = MCP.error(json["id"] ?? .null, MCP.Code.request, "expected a message of JSON-RPC 2.0")
      return Task { fault }
    }
    guard case .request(let id, let method, let params) = message else { return Task { nil } }
    let result = Result { try begin(method, params) }
    return Task {
      do { return MCP.reply(id, try await result.get().value) } catch let refusal as MCPRefusal {
        return MCP.error(id, refusal.code, refusal.message)
      } catch { return MCP.error(id, MCP.Code.internal, "\(error)") }
    }
  }

  private func begin(_ method: String, _ params: JSON.Object) throws -> Task<JSON, any Error> {
    if method == "tools/call" { return try call(params) }
    let result = try result(of: method, params)
    return Task { result }
  }

  private func result(of method: String, _ params: JSON.Object) throws -> JSON {
    switch method {
    case "initialize": return greeting(params["protocolVersion"]?.string)
    case "ping": return [:]
    case "tools/list": return try list(from: params["cursor"])
    default:
      throw MCPRefusal(
        code: MCP.Code.method, message: "expected a method of tools, found '\(method.prefix(80))'")
    }
  }

  private func greeting(_ asked: String?) -> JSON {
    let spoken = asked.flatMap { MCP.versions.contains($0) ? $0 : nil } ?? MCP.latest
    return [
      "protocolVersion": .string(spoken), "capabilities": ["tools": ["listChanged": false]],
      "serverInfo": ["name": "retort", "version": "1"],
    ]
  }

  private func list(from cursor: JSON?) throws -> JSON {
    let start = cursor.map { $0.string.flatMap(Int.init) ?? -1 } ?? 0
    guard (0...toolbox.offers.count).contains(start) else {
      throw MCPRefusal(
        code: MCP.Code.parameters, message: "expected a cursor that was given here, found another")
    }
    let page = toolbox.offers.dropFirst(start).prefix(Self.page)
    var result: JSON.Object = ["tools": .array(page.map(MCPContent.tool))]
    if page.endIndex < toolbox.offers.count { result["nextCursor"] = .string("\(page.endIndex)") }
    return .object(result)
  }

  private func call(_ params: JSON.Object) throws -> Task<JSON, any Error> {
    guard let name = params["name"]?.string else {
      throw MCPRefusal(code: MCP.Code.parameters, message: "expected the name of a tool, found none")
    }
    turn += 1
    let place = ToolPlace(rollout: rollout, turn: turn, call: 1)
    let asked = AskedTool(name: name, arguments: (params["arguments"] ?? [:]).text)
    let next = Task { [last, toolbox, visit] in
      await last?.value
      return MCPContent.result(try await toolbox.call(asked, at: place, in: visit))
    }
    last = Task { _ = try? await next.value }
    return next
  }
}
