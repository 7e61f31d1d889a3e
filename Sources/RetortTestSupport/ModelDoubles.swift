package import RetortCore
internal import RetortRun
internal import RetortStages
internal import RetortStore
internal import Synchronization

/// A clock that never waits: sleeping moves it on. It remembers how long was slept.
package final class JumpingClock: ModelClock {
  private let state: Mutex<(now: Double, slept: [Double])>
  private let epoch: Double

  /// - Parameter epoch: the Unix time at which the clock stands at 0 seconds.
  package init(epoch: Double = 0) {
    self.epoch = epoch
    state = Mutex((0, []))
  }

  package var seconds: Double { state.withLock { $0.now } }
  package var unixTime: Double { epoch + seconds }
  package var slept: [Double] { state.withLock { $0.slept } }

  package func advance(_ seconds: Double) { state.withLock { $0.now += seconds } }

  package func sleep(_ seconds: Double) async throws {
    try Task.checkCancellation()
    state.withLock {
      $0.now += max(0, seconds)
      if seconds > 0 { $0.slept.append(seconds) }
    }
  }
}

/// A caller whose answers come from a closure; it remembers what it was asked.
package final class ScriptedCaller: Caller {
  private let asked = Mutex<[Call]>([])
  private let script: @Sendable (Call, Int) async throws -> RawReply

  /// - Parameter script: given the call and how many came before it.
  package init(_ script: @escaping @Sendable (Call, Int) async throws -> RawReply) { self.script = script }

  package var calls: [Call] { asked.withLock { $0 } }

  package func answer(_ call: Call) async throws -> RawReply {
    let before = asked.withLock {
      $0.append(call)
      return $0.count - 1
    }
    return try await script(call, before)
  }
}

/// A transport whose answers come from a closure.
package final class ScriptedTransport: Transport {
  private let asked = Mutex<[HTTPRequest]>([])
  private let script: @Sendable (HTTPRequest, Int) async throws -> HTTPResponse

  package init(_ script: @escaping @Sendable (HTTPRequest, Int) async throws -> HTTPResponse) {
    self.script = script
  }

  package var requests: [HTTPRequest] { asked.withLock { $0 } }

  package func send(_ request: HTTPRequest) async throws -> HTTPResponse {
    let before = asked.withLock {
      $0.append(request)
      return $0.count - 1
    }
    return try await script(request, before)
  }
}

/// Replies kept in a dictionary, numbered from 1.
package final class DictionaryMemory: ReplyMemory {
  private let state = Mutex<(replies: [Digest: RawReply], failures: [FailedCall])>(([:], []))

  package init() {}

  package var count: Int { state.withLock { $0.replies.count } }
  package var failures: [FailedCall] { state.withLock { $0.failures } }

  package func recall(_ request: Digest) async throws -> RawReply? { state.withLock { $0.replies[request] } }

  package func remember(_ call: Call, _ reply: RawReply) async throws -> Int64 {
    state.withLock {
      let number = Int64($0.replies.count + 1)
      var kept = reply
      kept.call = number
      $0.replies[call.request] = kept
      return number
    }
  }

  package func failed(_ call: Call, _ failure: FailedCall) async throws {
    state.withLock { $0.failures.append(failure) }
  }
}

/// A door that calls wait at until it is opened.
package final class Gate: Sendable {
  private let state = Mutex<(open: Bool, waiters: [CheckedContinuation<Void, Never>])>((false, []))

  package init() {}

  package func pass() async {
    await withCheckedContinuation { continuation in
      let open = state.withLock {
        if !$0.open { $0.waiters.append(continuation) }
        return $0.open
      }
      if open { continuation.resume() }
    }
  }

  package func open() {
    let waiters = state.withLock { state in
      state.open = true
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume() }
  }
}

/// Lets other tasks run until the condition holds; gives up after a million turns.
package func turn(until condition: @Sendable () -> Bool) async -> Bool {
  for _ in 0..<1_000_000 {
    if condition() { return true }
    await Task.yield()
  }
  return false
}
