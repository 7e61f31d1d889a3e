internal import OrderedCollections
internal import RetortCore

/// How a client and a server of the protocol hear each other.
protocol MCPWire: AnyObject, Sendable {
  /// Sends a request and waits for its reply. Cancelled, it tells the server so.
  /// Errors: ``MCPRefusal`` for the server's own; ``MCPLoss`` where no reply will come; ``Halt``.
  func ask(_ method: String, _ params: JSON.Object) async throws -> JSON
  func tell(_ method: String, _ params: JSON.Object) async
  /// The version that was agreed on.
  func agree(on version: String)
  /// Why nothing more will come of it; nil while something may.
  var loss: MCPLoss? { get }
  func end()
}

/// Why a server answers no more.
struct MCPLoss: Error, Hashable, CustomStringConvertible {
  let description: String
  /// Whether the request that met it was not worked on.
  var isUnheard = false
}

/// Speaks the protocol with one server: greets it, reads what it offers, calls.
struct MCPClient: Sendable {
  let wire: any MCPWire
  /// What the server offers, in its order.
  let offers: [ToolOffer]

  /// Pages and tools of a list at most.
  private static let (mostPages, mostTools) = (100, 1000)

  /// Greets a server and asks what it offers.
  /// Errors: ``StageError`` for what it says wrong; ``MCPLoss``; ``Halt``.
  init(_ wire: any MCPWire) async throws {
    self.wire = wire
    let greeting: JSON
    do {
      greeting = try await wire.ask(
        "initialize",
        [
          "protocolVersion": .string(MCP.latest), "capabilities": [:],
          "clientInfo": ["name": "retort", "version": "1"],
        ])
    } catch let refusal as MCPRefusal { throw StageError("it refused to begin: \(refusal)") }
    guard let version = greeting["protocolVersion"]?.string, MCP.versions.contains(version) else {
      throw StageError(
        "expected one of the protocol's versions \(MCP.versions.joined(separator: ", ")), found "
          + "\((greeting["protocolVersion"] ?? greeting).text.prefix(100))")
    }
    wire.agree(on: version)
    await wire.tell("notifications/initialized", [:])
    offers = try await Self.offers(over: wire)
  }

  private static func offers(over wire: any MCPWire) async throws -> [ToolOffer] {
    var (offers, cursor): ([ToolOffer], JSON?) = ([], nil)
    for _ in 0..<mostPages {
      let page: JSON
      do { page = try await wire.ask("tools/list", cursor.map { ["cursor": $0] } ?? [:]) } catch let refusal
        as MCPRefusal
      { throw StageError("it does not list its tools: \(refusal)") }
      guard let tools = page["tools"]?.array else {
        throw StageError("expected a list of tools, found \(page.text.prefix(100))")
      }
      offers += tools.compactMap(MCPContent.offer)
      guard offers.count <= mostTools else {
        throw StageError("expected at most \(mostTools) tools, found more")
      }
      cursor = page["nextCursor"]
      guard let next = cursor?.string, !next.isEmpty else { return offers }
    }
    throw StageError("expected at most \(mostPages) pages of tools, found more")
  }

  /// Errors: ``ToolFault``; ``MCPLoss``; ``Halt``; the shelf's.
  func call(_ ask: ToolAsk, _ shelf: any ImageShelf) async throws -> ToolAnswer {
    var params: JSON.Object = ["name": .string(ask.tool), "arguments": .object(ask.arguments)]
    if !ask.shows.isEmpty {
      params["_meta"] = ["retort/images": try await MCPContent.shown(ask.shows, shelf)]
    }
    let result: JSON
    do { result = try await wire.ask("tools/call", params) } catch let refusal as MCPRefusal {
      throw ToolFault(.error, "\(refusal.message.prefix(10_000)) (\(refusal.code))")
    }
    return try await MCPContent.answer(result, shelf)
  }
}
