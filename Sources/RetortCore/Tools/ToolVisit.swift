internal import OrderedCollections
internal import Synchronization

/// What one rollout has of the servers that keep a session for it: what it called so far, and the sessions themselves. A
/// session is started at the first call that memory does not answer, and ends with the rollout.
package final class ToolVisit: Sendable {
  /// A call that the session has seen, or would have, and what is remembered of it.
  struct Past: Hashable, Sendable {
    let tool: String
    let arguments: JSON.Object
    let result: ToolResult
  }

  private struct Stay: Sendable {
    var past: [Past] = []
    /// Of the calls in `past`: what later results are remembered under.
    var digest: Digest?
    var session: (any ToolSession)?
    /// How many of the calls the session itself has seen.
    var seen = 0
  }

  private let stays = Mutex<[String: Stay]>([:])
  private let room = Mutex<SessionRoom?>(nil)
  /// Those of the row, which each session is shown with its first call.
  let images: [ImageReference]

  package init(images: [ImageReference] = []) { self.images = images }

  deinit { end() }

  /// Ends its sessions.
  package func end() {
    stays.withLock { stays in
      for stay in stays.values { stay.session?.end() }
      stays = [:]
    }
    room.withLock { $0 }?.leave(self)
  }

  /// Before a call of a session. Errors: `CancellationError`.
  func enter(_ tool: ServedTool) async throws {
    let room = tool.servers.room
    self.room.withLock { $0 = room }
    try await room.enter(self, tool.server.name, mayEnd: tool.effect != .effect)
  }

  /// After it.
  func leave(_ tool: ServedTool) {
    let isAlive = stays.withLock { $0[tool.server.name]?.session != nil }
    tool.servers.room.leave(self, tool.server.name, isAlive: isAlive)
  }

  /// The digest of the session's earlier calls; nil before the first.
  func earlier(_ server: String) -> Digest? { stays.withLock { $0[server]?.digest } }

  /// A call as the session is asked it next.
  func ask(_ tool: String, _ arguments: JSON.Object, of server: String) -> ToolAsk {
    let isFirst = stays.withLock { ($0[server]?.seen ?? 0) == 0 }
    return ToolAsk(tool: tool, arguments: arguments, shows: isFirst ? images : [])
  }

  /// Whether calls were made in a session that is no more.
  func isLost(_ server: String) -> Bool {
    stays.withLock { stays in stays[server].map { $0.session == nil && !$0.past.isEmpty } ?? false }
  }

  /// Notes a call that was answered. `isLive`: by the session itself, and not from memory.
  func note(_ past: Past, of server: String, isLive: Bool) {
    stays.withLock { stays in
      var stay = stays[server] ?? Stay()
      stay.digest = Digest(
        of: [
          "before": stay.digest.map { .string($0.hex) } ?? .null, "tool": .string(past.tool),
          "arguments": .object(past.arguments),
        ])
      if isLive, stay.seen == stay.past.count { stay.seen += 1 }
      stay.past.append(past)
      stays[server] = stay
    }
  }

  /// The session is of no use any more; what it was called stands.
  func lose(_ server: String) {
    stays.withLock { stays in
      stays[server]?.session?.end()
      stays[server]?.session = nil
      stays[server]?.seen = 0
    }
  }

  /// As if it had never been called.
  func forget(_ server: String) {
    lose(server)
    stays.withLock { $0[server] = nil }
  }

  /// A session that has seen all earlier calls: where it has not, they are made again, and what is remembered of them stands.
  ///
  /// - Parameter differs: told each call that came to something else this time.
  /// Errors: those of ``ToolSession/begin(offering:)``; ``ToolFault`` where a call has no answer this time.
  func session(
    of tool: ServedTool, differs: (Past, ToolResult) async throws -> Void
  ) async throws -> any ToolSession {
    let name = tool.server.name
    let known = stays.withLock { $0[name]?.session }
    let session = known ?? tool.servers.session(of: tool.server)
    if known == nil {
      do { try await session.begin(offering: tool.offers) } catch {
        session.end()
        throw error
      }
      stays.withLock { stays in
        stays[name, default: Stay()].session = session
        stays[name]?.seen = 0
      }
    }
    let missed = stays.withLock { stays in Array((stays[name]?.past ?? []).dropFirst(stays[name]?.seen ?? 0))
    }
    for past in missed {
      let now: ToolResult
      do {
        let answer = try await session.call(ask(past.tool, past.arguments, of: name), tool.shelf)
        now = ToolResult(text: answer.text.storable, images: answer.images)
      } catch let fault as ToolFault {
        guard !fault.kind.passes else { throw fault }
        now = ToolResult(text: fault.description, fault: fault.kind)
      }
      stays.withLock { $0[name]?.seen += 1 }
      let isSame =
        now.text == past.result.text && now.images == past.result.images && now.fault == past.result.fault
      if !isSame { try await differs(past, now) }
    }
    return session
  }
}

extension String {
  /// A result is stored and sent as text, which holds no NUL in either place.
  var storable: String { replacing("\0", with: "\u{FFFD}") }
}
