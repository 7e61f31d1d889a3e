internal import Foundation
internal import Synchronization

/// A request as the stub server read it.
package struct StubRequest: Hashable, Sendable {
  package var method: String
  package var path: String
  /// Names in lower case.
  package var headers: [String: String]
  package var body: [UInt8]
  /// 1 for the server's first request.
  package var number: Int
  /// 1 for the server's first connection: two requests with one number share a connection.
  package var connection: Int

  package init(
    method: String, path: String, headers: [String: String], body: [UInt8], number: Int, connection: Int
  ) {
    self.method = method
    self.path = path
    self.headers = headers
    self.body = body
    self.number = number
    self.connection = connection
  }

  package var text: String { String(decoding: body, as: UTF8.self) }
}

package struct StubAnswer: Hashable, Sendable {
  package enum Behaviour: Hashable, Sendable {
    /// Answers in full and keeps the connection.
    case complete
    /// Resets the connection without a byte of answer.
    case reset
    /// Closes the connection in good order without a byte of answer.
    case closed
    /// Promises the whole body, sends the given number of its bytes and closes.
    case truncated(Int)
    /// Holds the connection and says nothing until the client leaves or the server stops.
    case silent
    /// Sends the headers, then the body a byte at a time, the given number of seconds apart.
    case drip(Double)
    /// Sends the body as it is, without a status line.
    case raw
  }

  package var status: Int
  package var headers: [String: String]
  package var body: [UInt8]
  package var behaviour: Behaviour

  package init(
    status: Int = 200, headers: [String: String] = [:], body: String = "", _ behaviour: Behaviour = .complete
  ) {
    self.status = status
    self.headers = headers
    self.body = Array(body.utf8)
    self.behaviour = behaviour
  }

  package static func json(_ body: String, status: Int = 200) -> StubAnswer {
    StubAnswer(status: status, headers: ["Content-Type": "application/json"], body: body)
  }
}

/// An HTTP/1.1 server on 127.0.0.1 whose answers come from a closure; a thread for each connection.
package final class StubServer: Sendable {
  private let core: StubCore

  /// Throws `POSIXError` where no socket can be had.
  package init(_ answer: @escaping @Sendable (StubRequest) -> StubAnswer) throws {
    let listener = try StubSocket.listen()
    core = StubCore(listener: listener, answer: answer)
    let core = core
    Thread { core.accept() }.start()
  }

  deinit { stop() }

  /// `http://127.0.0.1:…`, without a slash at the end.
  package var url: String { "http://127.0.0.1:\(core.port)" }

  /// Every request read so far, in order of arrival.
  package var received: [StubRequest] { core.received }

  /// How many requests were read.
  package var requests: Int { core.received.count }

  /// Refuses new connections and breaks off those that are open. May be called again.
  package func stop() { core.stop() }
}

/// What the server shares with its threads, which must not keep the server itself alive.
private final class StubCore: Sendable {
  private struct State {
    var listener: Int32?
    var open: Set<Int32> = []
    var connections = 0
    var received: [StubRequest] = []
  }

  let port: UInt16
  private let listener: Int32
  private let answer: @Sendable (StubRequest) -> StubAnswer
  private let state: Mutex<State>

  init(listener: Int32, answer: @escaping @Sendable (StubRequest) -> StubAnswer) {
    self.listener = listener
    self.answer = answer
    port = StubSocket.port(of: listener)
    state = Mutex(State(listener: listener))
  }

  var received: [StubRequest] { state.withLock { $0.received } }

  /// Descriptors are closed by the thread that owns them; here they are only shut down, which wakes that thread.
  func stop() {
    state.withLock { state in
      if let listener = state.listener { StubSocket.shutDown(listener) }
      state.listener = nil
      for socket in state.open { StubSocket.shutDown(socket) }
    }
  }

  func accept() {
    while let socket = StubSocket.accept(listener) {
      let number = state.withLock { state -> Int? in
        guard state.listener != nil else { return nil }
        state.open.insert(socket)
        state.connections += 1
        return state.connections
      }
      guard let number else {
        close(socket)
        break
      }
      Thread { self.serve(socket, number) }.start()
    }
    close(listener)
  }

  private func serve(_ socket: Int32, _ connection: Int) {
    var reader = StubReader(socket: socket)
    while var request = reader.next() {
      request.connection = connection
      request.number = state.withLock { state in
        request.number = state.received.count + 1
        state.received.append(request)
        return request.number
      }
      guard reply(answer(request), on: socket) else { break }
    }
    state.withLock { state in
      state.open.remove(socket)
      close(socket)
    }
  }

  /// Whether the connection can be used again.
  private func reply(_ answer: StubAnswer, on socket: Int32) -> Bool {
    var head = "HTTP/1.1 \(answer.status) Stub\r\nContent-Length: \(answer.body.count)\r\n"
    for (name, value) in answer.headers.sorted(by: { $0.key < $1.key }) { head += "\(name): \(value)\r\n" }
    let bytes = Array((head + "\r\n").utf8)
    switch answer.behaviour {
    case .complete:
      return StubSocket.send(bytes + answer.body, to: socket)
    case .reset:
      StubSocket.resetOnClose(socket)
      return false
    case .closed:
      return false
    case .truncated(let count):
      _ = StubSocket.send(bytes + answer.body.prefix(count), to: socket)
      return false
    case .silent:
      _ = StubSocket.waitForInput(socket, seconds: nil)
      return false
    case .drip(let seconds):
      guard StubSocket.send(bytes, to: socket) else { return false }
      for byte in answer.body {
        // A client that leaves makes the socket readable, which ends the wait early.
        if StubSocket.waitForInput(socket, seconds: seconds) || !StubSocket.send([byte], to: socket) {
          return false
        }
      }
      return true
    case .raw:
      _ = StubSocket.send(answer.body, to: socket)
      return false
    }
  }
}

/// Reads requests with a `Content-Length` or without a body from one connection.
private struct StubReader {
  let socket: Int32
  private var buffer: [UInt8] = []

  init(socket: Int32) { self.socket = socket }

  /// nil when the connection ends or what comes is not a request.
  mutating func next() -> StubRequest? {
    let end = Array("\r\n\r\n".utf8)
    var head: Range<Int>?
    while true {
      head = buffer.firstRange(of: end)
      // What does not begin with a method (a TLS handshake, say) is not waited for.
      if let first = buffer.first, !(0x41...0x5A).contains(first) { return nil }
      if head != nil || !fill() { break }
    }
    guard let head else { return nil }
    let lines = String(decoding: buffer[..<head.lowerBound], as: UTF8.self)
      .split(separator: "\r\n", omittingEmptySubsequences: false)
    buffer.removeSubrange(..<head.upperBound)
    let start = lines[0].split(separator: " ").map(String.init)
    guard start.count == 3 else { return nil }
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { return nil }
      headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].drop { $0 == " " }.description
    }
    let length = Int(headers["content-length"] ?? "0") ?? 0
    while buffer.count < length { if !fill() { return nil } }
    let body = Array(buffer.prefix(length))
    buffer.removeFirst(length)
    return StubRequest(
      method: start[0], path: start[1], headers: headers, body: body, number: 0, connection: 0)
  }

  private mutating func fill() -> Bool {
    var chunk = [UInt8](repeating: 0, count: 16_384)
    let count = recv(socket, &chunk, chunk.count, 0)
    guard count > 0 else { return false }
    buffer.append(contentsOf: chunk[..<count])
    return true
  }
}

/// The system's sockets, in Swift's terms.
private enum StubSocket {
  static func listen() throws -> Int32 {
    let socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard socket >= 0 else { throw failure() }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard bound == 0, Foundation.listen(socket, 512) == 0 else {
      defer { close(socket) }
      throw failure()
    }
    return socket
  }

  private static func failure() -> POSIXError { POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }

  static func port(of socket: Int32) -> UInt16 {
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    _ = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &size) }
    }
    return UInt16(bigEndian: address.sin_port)
  }

  /// nil when the listener was shut down.
  static func accept(_ listener: Int32) -> Int32? {
    while true {
      let socket = Foundation.accept(listener, nil, nil)
      if socket >= 0 { return socket }
      if errno != EINTR && errno != ECONNABORTED { return nil }
    }
  }

  static func shutDown(_ socket: Int32) { _ = Foundation.shutdown(socket, Int32(SHUT_RDWR)) }

  static func send(_ bytes: [UInt8], to socket: Int32) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        Foundation.send(
          socket, $0.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }

  /// Waits until bytes or the end of the stream come; without `seconds`, for as long as it takes.
  static func waitForInput(_ socket: Int32, seconds: Double?) -> Bool {
    var entry = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
    return poll(&entry, 1, seconds.map { Int32($0 * 1000) } ?? -1) > 0
  }

  static func resetOnClose(_ socket: Int32) {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
  }
}
