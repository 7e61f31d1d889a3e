internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore
package import RetortCore
internal import Synchronization

/// Serves tools to programs of this machine: the Model Context Protocol over streamable HTTP, at `/mcp`. Each session is a
/// client of its own.
package struct ToolPort: Sendable {
  private let sessions: ToolSessions

  /// - Parameter host: makes what answers one client.
  package init(_ host: @escaping @Sendable (_ client: String) -> MCPHost) {
    sessions = ToolSessions(host)
  }

  /// Serves until its task is cancelled or the process ends.
  ///
  /// - Parameters:
  ///   - port: 0 for one that is free.
  ///   - ready: is told the address once it answers.
  /// Errors: ``PortInUse``.
  package func serve(port: Int, ready: @escaping @Sendable (String) -> Void) async throws {
    let application = application(port: port) { ready("http://127.0.0.1:\($0)/mcp") }
    do { try await application.run() } catch let error as IOError where error.errnoCode == EADDRINUSE {
      throw PortInUse(port: port)
    }
  }

  func application(port: Int, ready: @escaping @Sendable (Int) -> Void = { _ in }) -> Application<
    RouterResponder<BasicRequestContext>
  > {
    var logger = Logger(label: "retort")
    logger.logLevel = .critical
    return Application(
      router: router, configuration: .init(address: .hostname("127.0.0.1", port: port)),
      onServerRunning: { ready($0.localAddress?.port ?? port) }, logger: logger)
  }

  private var router: Router<BasicRequestContext> {
    let router = Router()
    router.post("/mcp") { [sessions] request, _ in
      try Self.checkHost(request)
      return try await Self.answer(request, sessions)
    }
    router.delete("/mcp") { [sessions] request, _ in
      try Self.checkHost(request)
      guard let id = request.headers[Self.session], sessions.end(id) else { return Self.refusal(.notFound) }
      return Response(status: .noContent)
    }
    router.get("/mcp") { _, _ in
      Self.refusal(.methodNotAllowed, "expected POST: nothing is sent here unasked")
    }
    return router
  }

  /// Most bytes of a message: arguments are refused long before.
  private static let most = 4 << 20
  private static let session = name("Mcp-Session-Id")

  private static func name(_ text: String) -> HTTPField.Name {
    guard let name = HTTPField.Name(text) else { preconditionFailure("\(text) is no header's name") }
    return name
  }

  /// A page of the web that somebody has open on this machine is not to call tools.
  private static func checkHost(_ request: Request) throws {
    let origin = request.headers[.origin].map { $0.split(separator: "/").last.map(String.init) ?? "" }
    guard isLocal(request.head.authority), origin.map({ isLocal($0) }) ?? true else {
      throw HTTPError(.forbidden, message: "expected the host and origin 127.0.0.1 or localhost")
    }
  }

  private static func answer(_ request: Request, _ sessions: ToolSessions) async throws -> Response {
    var request = request
    let body = try await request.collectBody(upTo: most)
    let bytes = Array(body.readableBytesView)
    let begins = (try? JSON(parsing: bytes))?["method"] == "initialize"
    let (id, host): (String, MCPHost)
    if begins {
      (id, host) = sessions.begin()
    } else if let given = request.headers[session] {
      guard let known = sessions[given] else {
        return refusal(
          .notFound, "expected a session that was begun here, found another; send initialize again")
      }
      (id, host) = (given, known)
    } else {
      return refusal(.badRequest, "expected the header Mcp-Session-Id, found none; send initialize first")
    }
    guard let answer = await host.answer(bytes) else { return Response(status: .accepted) }
    var response = Response(
      status: .ok, headers: [.contentType: "application/json"],
      body: .init(byteBuffer: ByteBuffer(string: answer.text)))
    response.headers[session] = id
    return response
  }

  private static func refusal(_ status: HTTPResponse.Status, _ words: String = "") -> Response {
    Response(
      status: status, headers: [.contentType: "application/json"],
      body: .init(byteBuffer: ByteBuffer(string: MCP.error(.null, MCP.Code.request, words).text)))
  }
}

/// The clients that have begun a session and not ended it; of too many the one that was silent the longest goes.
final class ToolSessions: Sendable {
  private struct State {
    var hosts: [String: MCPHost] = [:]
    /// The one that spoke last at the end.
    var order: [String] = []
  }

  private let state = Mutex(State())
  private let make: @Sendable (String) -> MCPHost
  private static let most = 1024

  init(_ make: @escaping @Sendable (String) -> MCPHost) { self.make = make }

  func begin() -> (String, MCPHost) {
    let id = UUID().uuidString
    let host = make(id)
    let surplus: MCPHost? = state.withLock { state in
      state.hosts[id] = host
      state.order.append(id)
      return state.order.count > Self.most ? state.hosts.removeValue(forKey: state.order.removeFirst()) : nil
    }
    surplus?.end()
    return (id, host)
  }

  subscript(id: String) -> MCPHost? {
    state.withLock { state in
      guard let host = state.hosts[id] else { return nil }
      if let place = state.order.firstIndex(of: id) { state.order.append(state.order.remove(at: place)) }
      return host
    }
  }

  /// Whether there was one.
  func end(_ id: String) -> Bool {
    let host = state.withLock { state in
      state.order.removeAll { $0 == id }
      return state.hosts.removeValue(forKey: id)
    }
    host?.end()
    return host != nil
  }
}
