internal import Foundation
internal import OrderedCollections
internal import RetortCore
internal import Synchronization

/// A server that was started here and speaks on standard input and output, a message a line.
final class ProgramWire: MCPWire {
  private struct State {
    var asked = 0
    var waiting: [Int: CheckedContinuation<JSON, any Error>] = [:]
    var process: HelperProcess?
    var loss: MCPLoss?
    /// Bytes since the last reply that are none.
    var noise = 0
    /// Replies so far.
    var replies = 0
  }

  private let state = Mutex(State())

  /// Bytes of one message, and of what is none, in a row.
  private static let (longest, mostNoise) = (32 << 20, 32 << 20)

  /// Errors: ``StageError`` where it cannot be started.
  init(_ program: HelperProgram) throws {
    let process = try HelperProcess(program, longest: Self.longest) { [weak self] in self?.hear($0) }
    state.withLock { $0.process = process }
  }

  deinit { end() }

  var loss: MCPLoss? { state.withLock { $0.loss } }
  func agree(on version: String) {}

  func tell(_ method: String, _ params: JSON.Object) async { write(MCP.notification(method, params)) }

  func ask(_ method: String, _ params: JSON.Object) async throws -> JSON {
    let (number, replies) = state.withLock { state in
      state.asked += 1
      return (state.asked, state.replies)
    }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { waiter in
        let refusal: (any Error)? = state.withLock { state in
          guard !Task.isCancelled else { return CancellationError() }
          if let loss = state.loss { return loss }
          state.waiting[number] = waiter
          state.process?.write(MCP.request(number, method, params).text + "\n")
          return nil
        }
        if let refusal { waiter.resume(throwing: refusal) }
      }
    } onCancel: {
      giveUp(number, since: replies)
    }
  }

  /// Ends its input, and lets it end by itself; what it started is killed with it some seconds later.
  func end() { lose("it was ended", atOnce: false) }

  // MARK: Hearing

  private func hear(_ sign: HelperProcess.Sign) {
    switch sign {
    case .line(let line): hear(line)
    case .overlong: lose("it wrote a line of more than \(Self.longest >> 20) MB")
    case .ended(let how): lose("it ended \(how)")
    }
  }

  private func hear(_ line: Data) {
    guard let json = try? JSON(parsing: line) else { return disregard(line.count) }
    // An earlier version of the protocol had lists of messages.
    for message in json.array ?? [json] {
      switch MCPMessage(message) {
      case .reply(let id, let result):
        let waiter = state.withLock { state -> CheckedContinuation<JSON, any Error>? in
          guard let waiter = id.int.flatMap({ state.waiting.removeValue(forKey: Int(clamping: $0)) }) else {
            return nil
          }
          (state.noise, state.replies) = (0, state.replies + 1)
          return waiter
        }
        if let waiter { waiter.resume(with: result.mapError { $0 }) } else { disregard(line.count) }
      case .request(let id, let method, _):
        write(
          method == "ping"
            ? MCP.reply(id, [:]) : MCP.error(id, MCP.Code.method, "expected no '\(method.prefix(80))'"))
        disregard(line.count)
      case .notification, nil: disregard(line.count)
      }
    }
  }

  /// A library's words on the wrong stream cost nothing; without end they do.
  private func disregard(_ bytes: Int) {
    let noise = state.withLock { state in
      state.noise += bytes + 100
      return state.noise
    }
    if noise > Self.mostNoise { lose("it wrote more than \(Self.mostNoise >> 20) MB that are no answer") }
  }

  private func write(_ message: JSON) {
    state.withLock { if $0.loss == nil { $0.process?.write(message.text + "\n") } }
  }

  // MARK: Ends

  /// - Parameter replies: how many had come when it was asked: a server that has answered nobody since hangs.
  private func giveUp(_ number: Int, since replies: Int) {
    let (waiter, hangs) = state.withLock { state in
      (state.waiting.removeValue(forKey: number), state.replies == replies)
    }
    guard let waiter else { return }
    waiter.resume(throwing: CancellationError())
    if hangs {
      lose("it answered nothing in time and was ended")
    } else {
      write(MCP.notification("notifications/cancelled", ["requestId": .int(Int64(number))]))
    }
  }

  /// - Parameter atOnce: whether it is killed, since it hangs or floods.
  private func lose(_ words: String, atOnce: Bool = true) {
    let (waiters, process) = state.withLock {
      state -> ([CheckedContinuation<JSON, any Error>], HelperProcess?) in
      guard state.loss == nil else { return ([], nil) }
      let last = state.process?.lastWords ?? ""
      state.loss = MCPLoss(description: words + (last.isEmpty ? "" : "; its last words: \(last)"))
      defer { (state.waiting, state.process) = ([:], nil) }
      return (Array(state.waiting.values), state.process)
    }
    if atOnce { process?.kill() }
    guard let loss else { return }
    for waiter in waiters { waiter.resume(throwing: loss) }
  }
}
