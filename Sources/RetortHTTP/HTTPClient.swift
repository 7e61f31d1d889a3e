internal import CCurl
internal import Foundation
package import RetortCore
internal import Synchronization

/// HTTP by libcurl's multi interface: one thread runs all transfers, callers wait without holding a thread.
///
/// A request with a body is sent at most once (see ``Transfer``), redirects are not followed, and proxies come from
/// the environment as libcurl reads it (`http_proxy`, `HTTPS_PROXY`, `NO_PROXY`), but never for this machine's own addresses.
package final class HTTPClient: Transport {
  private let inbox: Inbox

  /// - Parameters:
  ///   - connections: how many idle connections are kept; the most calls that will be in flight.
  ///   - certificates: a PEM file of the authorities to trust, instead of the system's.
  package init(
    connections: Int = 64,
    certificates: String? = ProcessInfo.processInfo.environment["RETORT_CA_FILE"]
  ) {
    inbox = Inbox()
    let inbox = inbox
    let thread = Thread {
      var loop = EngineLoop(inbox: inbox, connections: connections, certificates: certificates)
      loop.run()
    }
    thread.name = "retort-http"
    thread.start()
  }

  deinit { inbox.stop() }

  /// Errors: `.timeout`; `.unreachable`; `.connection`, also when the task is cancelled, so ask `Task.isCancelled` before trying
  /// again; `.refused` for an address or a header that cannot be sent; `.malformed` for what is not HTTP, or is longer
  /// than `maxBody`. No message holds a header's value, and so none holds the key.
  package func send(_ request: HTTPRequest) async throws(ModelError) -> HTTPResponse {
    let call = PendingRequest(request)
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { inbox.enqueue(call, $0) }
    } onCancel: {
      inbox.cancel(call)
    }
    return try result.get()
  }
}

/// One call to ``HTTPClient/send(_:)``.
final class PendingRequest: Sendable {
  let request: HTTPRequest
  /// Written and read under the inbox's lock only.
  fileprivate let cancelled = Atomic(false)

  init(_ request: HTTPRequest) { self.request = request }

  typealias Continuation = CheckedContinuation<Result<HTTPResponse, ModelError>, Never>
}

/// What callers leave for the engine's thread. One lock guards all of it, so that a call that is cancelled before it
/// is enqueued is never started.
final class Inbox: Sendable {
  struct Items {
    var calls: [(PendingRequest, PendingRequest.Continuation)] = []
    var cancelled: [PendingRequest] = []
    var stopped = false
  }

  private struct State {
    var items = Items()
    /// Rung, under the lock, when the inbox is no longer empty; nil before the loop has begun and after it has ended.
    var bell: Int32?

    mutating func add(_ change: (inout Items) -> Void) {
      let isQuiet = items.calls.isEmpty && items.cancelled.isEmpty && !items.stopped
      change(&items)
      if isQuiet, let bell { SocketPoll.ring(bell) }
    }
  }

  private let state = Mutex(State())

  func enqueue(_ call: PendingRequest, _ continuation: PendingRequest.Continuation) {
    let refusal = state.withLock { state -> ModelError? in
      if call.cancelled.load(ordering: .relaxed) { return .cancelled }
      if state.items.stopped { return .stopped }
      state.add { $0.calls.append((call, continuation)) }
      return nil
    }
    if let refusal { continuation.resume(returning: .failure(refusal)) }
  }

  func cancel(_ call: PendingRequest) {
    state.withLock { state in
      call.cancelled.store(true, ordering: .relaxed)
      state.add { $0.cancelled.append(call) }
    }
  }

  func stop() {
    state.withLock { $0.add { $0.stopped = true } }
  }

  /// Called by the engine's thread before the first `take`, and with nil before it closes the bell.
  func publish(_ bell: Int32?) { state.withLock { $0.bell = bell } }

  func take() -> Items {
    state.withLock { state in
      defer { state.items = Items(stopped: state.items.stopped) }
      return state.items
    }
  }
}

extension ModelError {
  static let cancelled = ModelError(.connection, "the call was cancelled before its answer was complete")
  static let stopped = ModelError(.connection, "the HTTP client has stopped")
}
