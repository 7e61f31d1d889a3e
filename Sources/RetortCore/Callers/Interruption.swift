/// A wish to end a run softly: no step and no call is begun any more, what is in flight comes to its end and is kept.
package final class Interruption: Sendable {
  private enum Moment: CaseIterable { case requested, quiet }
  private struct State {
    var isRequested = false
    var inFlight = 0

    func hasCome(_ moment: Moment) -> Bool { isRequested && (moment == .requested || inFlight == 0) }
  }
  private let state = Waiters<State, Moment, Void>(State())

  package init() {}

  package var isRequested: Bool { state.withState { $0.isRequested } }
  /// Calls that were sent and whose replies are not committed yet.
  package var inFlight: Int { state.withState { $0.inFlight } }

  package func request() { change { $0.isRequested = true } }

  /// Errors: ``Halt`` for `interrupted` once it was requested.
  func check() throws { if isRequested { throw Halt.interrupted } }

  /// Counts a call as in flight while `body` runs. Errors: as ``check()``, and those of `body`.
  func call<T>(_ body: () async throws -> T) async throws -> T {
    try state.withState {
      if $0.isRequested { throw Halt.interrupted }
      $0.inFlight += 1
    }
    defer { change { $0.inFlight -= 1 } }
    return try await body()
  }

  func requested() async throws { try await wait(for: .requested) }

  /// Returns once it was requested and no call is in flight.
  func quiet() async throws { try await wait(for: .quiet) }

  private func wait(for moment: Moment) async throws {
    try await state.wait(under: moment) { $0.hasCome(moment) ? () : nil }
  }

  private func change(_ body: (inout State) -> Void) {
    state.change { state, waiting in
      body(&state)
      for moment in Moment.allCases where state.hasCome(moment) {
        waiting.releaseAll(under: moment, with: ())
      }
    }
  }
}

/// A clock whose sleepers an interruption wakes. Errors: ``Halt`` for `interrupted`.
struct InterruptibleClock: ModelClock {
  private let clock: any ModelClock
  private let interruption: Interruption

  init(_ interruption: Interruption, on clock: any ModelClock = SystemModelClock()) {
    self.clock = clock
    self.interruption = interruption
  }

  var seconds: Double { clock.seconds }
  var unixTime: Double { clock.unixTime }

  func sleep(_ seconds: Double) async throws {
    guard seconds > 0 else { return try await clock.sleep(seconds) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await clock.sleep(seconds) }
      group.addTask {
        try await interruption.requested()
        throw Halt.interrupted
      }
      defer { group.cancelAll() }
      try await group.next()
    }
  }
}
