internal import Synchronization

/// A state under a lock, and the tasks that wait for it to change: each under a key, in the order in which they came.
///
/// Whether a task has to wait is decided under the same lock that lets it go on, so that no change is missed. A task that
/// is cancelled leaves, and what it waited for goes to another one.
final class Waiters<State: Sendable, Key: Hashable & Sendable, Answer: Sendable>: Sendable {
  typealias Continuation = CheckedContinuation<Answer, any Error>

  /// Who waits. Those that are released go on once the lock is given back.
  struct Queues: Sendable {
    fileprivate var byKey: [Key: Queue] = [:]
    fileprivate var released: [(Continuation, Answer)] = []

    /// The keys under which somebody waits.
    var keys: some Collection<Key> { byKey.keys }

    /// Lets the one go on that has waited longest under a key; false when none waits.
    @discardableResult mutating func releaseFirst(under key: Key, with answer: Answer) -> Bool {
      guard let waiter = byKey[key]?.first() else { return false }
      if byKey[key]?.waiters.isEmpty ?? false { byKey[key] = nil }
      released.append((waiter, answer))
      return true
    }

    /// Lets all go on that wait under a key.
    mutating func releaseAll(under key: Key, with answer: Answer) {
      while releaseFirst(under: key, with: answer) {}
    }
  }

  fileprivate struct Queue: Sendable {
    var waiters: [Int: Continuation] = [:]
    /// In the order in which they came, with some that have left.
    var order: ArraySlice<Int> = []

    mutating func add(_ id: Int, _ waiter: Continuation) {
      waiters[id] = waiter
      order.append(id)
    }

    mutating func first() -> Continuation? {
      while let id = order.popFirst() {
        if let waiter = waiters.removeValue(forKey: id) { return waiter }
      }
      return nil
    }

    mutating func remove(_ id: Int) -> Continuation? {
      guard let waiter = waiters.removeValue(forKey: id) else { return nil }
      // Looked through only when most have left, so that leaving costs the same however many wait.
      if order.count > 2 * waiters.count + 16 { order.removeAll { waiters[$0] == nil } }
      return waiter
    }
  }

  private struct Guarded {
    var state: State
    var queues = Queues()
    var last = 0
    /// Those whose task was cancelled before they had queued.
    var cancelled: Set<Int> = []
  }
  private let guarded: Mutex<Guarded>

  init(_ state: State) { guarded = Mutex(Guarded(state: state)) }

  /// How many wait.
  var count: Int { guarded.withLock { $0.queues.byKey.values.reduce(0) { $0 + $1.waiters.count } } }

  /// Looks at the state, or changes what nobody waits for.
  func withState<Result: Sendable>(_ body: (inout State) throws -> Result) rethrows -> Result {
    try guarded.withLock { try body(&$0.state) }
  }

  /// Changes the state, and lets those go on that `body` releases.
  @discardableResult
  func change<Result: Sendable>(_ body: (inout State, inout Queues) -> Result) -> Result {
    let (result, released) = guarded.withLock { guarded in
      let result = body(&guarded.state, &guarded.queues)
      defer { guarded.queues.released = [] }
      return (result, guarded.queues.released)
    }
    for (waiter, answer) in released { waiter.resume(returning: answer) }
    return result
  }

  /// What `ready` answers of the state at once, or what the one is given that waits under the key.
  /// Errors: those of `ready`; `CancellationError` when its task is cancelled before or while it waits.
  func wait(under key: Key, unless ready: (inout State) throws -> Answer?) async throws -> Answer {
    let id = guarded.withLock {
      $0.last += 1
      return $0.last
    }
    defer { guarded.withLock { _ = $0.cancelled.remove(id) } }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let outcome: Result<Answer, any Error>? = guarded.withLock { guarded in
          if guarded.cancelled.contains(id) { return .failure(CancellationError()) }
          do {
            if let answer = try ready(&guarded.state) { return .success(answer) }
          } catch { return .failure(error) }
          guarded.queues.byKey[key, default: Queue()].add(id, continuation)
          return nil
        }
        if let outcome { continuation.resume(with: outcome) }
      }
    } onCancel: {
      leave(id, key)?.resume(throwing: CancellationError())
    }
  }

  private func leave(_ id: Int, _ key: Key) -> Continuation? {
    guarded.withLock {
      $0.cancelled.insert(id)
      let waiter = $0.queues.byKey[key]?.remove(id)
      if $0.queues.byKey[key]?.waiters.isEmpty ?? false { $0.queues.byKey[key] = nil }
      return waiter
    }
  }
}
