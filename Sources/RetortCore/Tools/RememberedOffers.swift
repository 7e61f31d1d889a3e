internal import OrderedCollections

/// What servers offered when they were first asked. It stands until a tool is asked anew, so that the same requests are made
/// whatever the server says by then, and a run that has nothing to ask starts none.
package struct RememberedOffers: Sendable {
  private let memory: any ToolMemory
  /// How often each tool was asked anew, by name.
  private let takes: [String: Int]

  package init(_ memory: any ToolMemory, takes: [String: Int] = [:]) {
    self.memory = memory
    self.takes = takes
  }

  /// Nil where it was never asked.
  package func offers(of server: ToolServer) async throws -> [ToolOffer]? {
    try await memory.recall([key(of: server)]).flatMap { try Self.read($0.text) }
  }

  /// Those that are remembered; else the server is asked.
  /// Errors: those of ``ToolServers/offers(of:)``.
  package func offers(
    of server: ToolServer, asking servers: any ToolServers, for origin: CallOrigin
  ) async throws -> [ToolOffer] {
    if let known = try await offers(of: server) { return known }
    let offers = try await servers.offers(of: server)
    let call = ToolCall(key: key(of: server), tool: server.name, arguments: "tools/list", origin: origin)
    _ = try await memory.remember(call, ToolResult(text: JSON.array(offers.map(\.json)).text))
    return offers
  }

  private func key(of server: ToolServer) -> Digest {
    var fields: JSON.Object = ["offers": server.stepIdentity]
    if let take = takes[server.name], take > 0 { fields["take"] = .int(Int64(take)) }
    return Digest(of: .object(fields))
  }

  private static func read(_ text: String) throws -> [ToolOffer]? {
    try JSON(parsing: text).array?.map { try ToolOffer($0) }
  }
}
