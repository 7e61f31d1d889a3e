internal import Foundation
internal import OrderedCollections
internal import RetortCore
internal import Synchronization

/// A server at an address: streamable HTTP, each message a POST, its reply a JSON body or the events of a stream.
final class AddressWire: MCPWire {
  private struct State {
    var asked = 0
    var version: String?
    var session: String?
    var loss: MCPLoss?
  }

  private let url: String
  private let key: String?
  private let timeout: Double
  private let transport: any Transport
  private let redaction: Redaction
  private let state = Mutex(State())

  /// Bytes of an answer.
  private static let most = 32 << 20

  /// - Parameter timeout: seconds of a request.
  init(_ url: String, key: String?, timeout: Double, over transport: any Transport, redaction: Redaction) {
    self.url = url
    self.key = key
    self.timeout = timeout
    self.transport = transport
    self.redaction = redaction
  }

  var loss: MCPLoss? { state.withLock { $0.loss } }
  func agree(on version: String) { state.withLock { $0.version = version } }

  func tell(_ method: String, _ params: JSON.Object) async {
    _ = try? await send(MCP.notification(method, params))
  }

  func ask(_ method: String, _ params: JSON.Object) async throws -> JSON {
    let number = state.withLock { state in
      state.asked += 1
      return state.asked
    }
    let response: HTTPResponse
    do { response = try await send(MCP.request(number, method, params)) } catch let error as ModelError {
      throw MCPLoss(description: redaction.words(error.message), isUnheard: error.kind == .unreachable)
    }
    try check(response)
    for message in try Self.messages(of: response) {
      guard case .reply(let id, let result) = MCPMessage(message), id.int == Int64(number) else { continue }
      if let session = response.headers["mcp-session-id"] { state.withLock { $0.session = session } }
      return try result.get()
    }
    throw MCPLoss(description: "expected a reply to '\(method)' from the server, found none in its answer")
  }

  func end() {
    let session = state.withLock { state -> String? in
      guard state.loss == nil else { return nil }
      state.loss = MCPLoss(description: "it was ended")
      return state.session
    }
    guard let session else { return }
    var headers = headers
    headers["Mcp-Session-Id"] = session
    let request = HTTPRequest(method: "DELETE", url: url, headers: headers, timeout: 5, maxBody: 1 << 20)
    Task { [transport] in _ = try? await transport.send(request) }
  }

  private var headers: [String: String] {
    var headers = ["Content-Type": "application/json", "Accept": "application/json, text/event-stream"]
    if let key { headers["Authorization"] = "Bearer \(key)" }
    state.withLock { state in
      if let version = state.version { headers["MCP-Protocol-Version"] = version }
      if let session = state.session { headers["Mcp-Session-Id"] = session }
    }
    return headers
  }

  private func send(_ message: JSON) async throws -> HTTPResponse {
    if let loss { throw loss }
    return try await transport.send(
      HTTPRequest(
        url: url, headers: headers, body: Array(message.text.utf8), timeout: timeout, maxBody: Self.most))
  }

  /// Errors: ``Halt`` where the key is refused; ``MCPLoss`` for any other answer that is none.
  private func check(_ response: HTTPResponse) throws {
    guard !(200..<300).contains(response.status) else { return }
    let words = redaction.words(String(decoding: response.body.prefix(300), as: UTF8.self)).trimmed
    let said = "HTTP \(response.status)" + (words.isEmpty ? "" : ": \(words)")
    if [401, 403].contains(response.status) {
      throw Halt.unready("the server at \(url) refused (\(said)); `key_env:` names the variable with its key")
    }
    // The session is no more: whoever still needs one begins another.
    if response.status == 404, state.withLock({ $0.session }) != nil {
      let loss = MCPLoss(description: "its session has ended (\(said))", isUnheard: true)
      state.withLock { $0.loss = loss }
      throw loss
    }
    throw MCPLoss(description: "it answered \(said)")
  }

  private static func messages(of response: HTTPResponse) throws -> [JSON] {
    let isStream = response.headers["content-type"]?.lowercased().hasPrefix("text/event-stream") == true
    let texts =
      isStream ? ServerEvents.data(in: response.body) : [String(decoding: response.body, as: UTF8.self)]
    return texts.compactMap { try? JSON(parsing: $0) }.flatMap { $0.array ?? [$0] }
  }
}

/// The events of a stream that a server sends.
enum ServerEvents {
  /// What each event carries; those without anything are left out.
  static func data(in body: [UInt8]) -> [String] {
    var (events, lines): ([String], [String]) = ([], [])
    let text = String(decoding: body, as: UTF8.self).replacing("\r\n", with: "\n").replacing("\r", with: "\n")
    let written: [Substring] = text.split(separator: "\n", omittingEmptySubsequences: false) + [""]
    for line in written {
      if line.isEmpty {
        if !lines.isEmpty { events.append(lines.joined(separator: "\n")) }
        lines = []
      } else if line.hasPrefix("data:") {
        let data: Substring = line.dropFirst(5)
        lines.append(String(data.hasPrefix(" ") ? data.dropFirst() : data))
      }
    }
    return events
  }
}
