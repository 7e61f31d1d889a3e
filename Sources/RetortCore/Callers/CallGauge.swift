internal import Synchronization

/// What holds a call up before it is sent.
package enum Brake: String, Hashable, Sendable, CaseIterable {
  /// After a failure, for as long as the endpoint asked.
  case retryAfter = "retry-after"
  /// After a failure, for a while that grows.
  case retry = "a retry"
  /// For calls in flight, which may have set aside more of the run's budget than they cost.
  case budget
  case tpm, rpm
  /// For one of the model's slots.
  case concurrency
}

/// What the calls of a run are doing, for whoever watches: how many wait, and for what, and how many were answered.
package final class CallGauge: Sendable {
  package struct Wait: Hashable, Sendable {
    package let brake: Brake
    /// The model's alias.
    package let model: String
  }

  package struct Reading: Hashable, Sendable {
    package fileprivate(set) var waiting: [Wait: Int] = [:]
    /// Sent and not answered yet.
    package fileprivate(set) var inFlight: [String: Int] = [:]
    package fileprivate(set) var answered = 0
    /// Of those, the ones to models without a price.
    package fileprivate(set) var unpriced = 0

    package init() {}

    /// What most calls wait for, with their number: a brake, else the endpoints' answers; nil when there are none.
    package var hold: (what: String, calls: Int)? {
      let order = Brake.allCases
      let most = waiting.max { left, right in
        (left.value, order.firstIndex(of: right.key.brake) ?? 0, right.key.model)
          < (right.value, order.firstIndex(of: left.key.brake) ?? 0, left.key.model)
      }
      if let most { return ("\(most.key.brake.rawValue) of \(most.key.model)", most.value) }
      let asked = inFlight.max { ($0.value, $1.key) < ($1.value, $0.key) }
      return asked.map { ("answers of \($0.key)", $0.value) }
    }
  }

  private let state = Mutex(Reading())

  package init() {}

  package var reading: Reading { state.withLock { $0 } }

  /// Counts a call as waiting while `body` runs.
  func holding<T>(_ brake: Brake, _ model: ModelSpec, _ body: () async throws -> T) async rethrows -> T {
    let wait = Wait(brake: brake, model: model.alias)
    state.withLock { $0.waiting[wait, default: 0] += 1 }
    defer { state.withLock { Self.less(&$0.waiting, wait) } }
    return try await body()
  }

  /// Counts a call as in flight while `body` runs, and as answered when it returns.
  func asking<T>(_ model: ModelSpec, _ body: () async throws -> T) async rethrows -> T {
    state.withLock { $0.inFlight[model.alias, default: 0] += 1 }
    defer { state.withLock { Self.less(&$0.inFlight, model.alias) } }
    let answer = try await body()
    state.withLock {
      $0.answered += 1
      if model.price == nil { $0.unpriced += 1 }
    }
    return answer
  }

  private static func less<Key>(_ counts: inout [Key: Int], _ key: Key) {
    let count = counts[key, default: 1] - 1
    counts[key] = count > 0 ? count : nil
  }
}
