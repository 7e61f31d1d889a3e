/// The sessions of rollouts that are alive in a run. Each is a process that holds memory, and rollouts may be many: where there
/// are too many, the one that was longest without a call is ended, and brought to where it was once it is called again.
///
/// A session that cannot be rebuilt (`effect: effect`) stays, and where all are of that kind there may be more.
package final class SessionRoom: Sendable {
  package static let usual = 64

  private struct Name: Hashable, Sendable {
    let visit: ObjectIdentifier
    let server: String
  }

  private struct Guest: Sendable {
    /// Ends the session; nil where it could not be rebuilt.
    let end: (@Sendable () -> Void)?
    var isBusy: Bool
    /// Counts calls.
    var lastCall: Int
  }

  private struct State: Sendable {
    var guests: [Name: Guest] = [:]
    var calls = 0

    /// Whether one may come in, where another has to go for it.
    mutating func makesRoom(among most: Int) -> Bool {
      guard guests.count >= most else { return true }
      let idle = guests.filter { !$0.value.isBusy && $0.value.end != nil }
      if let (name, guest) = idle.min(by: { $0.value.lastCall < $1.value.lastCall }) {
        guest.end?()
        guests[name] = nil
        return true
      }
      // Of those that are busy one will be idle before long.
      return guests.values.allSatisfy { $0.end == nil }
    }
  }

  private let most: Int
  private let inside = Waiters<State, Int, Void>(State())

  package init(most: Int = SessionRoom.usual) { self.most = most }

  /// Waits until a visit's session may be alive and is not ended by others. Errors: `CancellationError`.
  ///
  /// - Parameter mayEnd: whether it can be rebuilt.
  func enter(_ visit: ToolVisit, _ server: String, mayEnd: Bool) async throws {
    let name = Name(visit: ObjectIdentifier(visit), server: server)
    let end: @Sendable () -> Void = { [weak visit] in visit?.lose(server) }
    while true {
      var isIn = false
      try await inside.wait(under: 0) { state in
        guard state.guests[name] != nil || state.makesRoom(among: most) else { return nil }
        state.calls += 1
        state.guests[name] = Guest(end: mayEnd ? end : nil, isBusy: true, lastCall: state.calls)
        isIn = true
        return .some(())
      }
      if isIn { return }
    }
  }

  /// A call has ended, and its session may have.
  func leave(_ visit: ToolVisit, _ server: String, isAlive: Bool) {
    let name = Name(visit: ObjectIdentifier(visit), server: server)
    inside.change { state, waiting in
      state.guests[name]?.isBusy = false
      if !isAlive { state.guests[name] = nil }
      waiting.releaseFirst(under: 0, with: ())
    }
  }

  /// All of a visit's sessions have ended.
  func leave(_ visit: ToolVisit) {
    let gone = ObjectIdentifier(visit)
    inside.change { state, waiting in
      let names = state.guests.keys.filter { $0.visit == gone }
      for name in names {
        state.guests[name] = nil
        waiting.releaseFirst(under: 0, with: ())
      }
    }
  }
}
