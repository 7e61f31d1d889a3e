internal import Synchronization

/// Work that is done one after the other, in the order in which it came, in each of some lanes.
final class Lanes: Sendable {
  private struct State {
    var last: [Task<Void, Never>?]
    var next = 0
  }

  private let state: Mutex<State>

  init(_ count: Int) { state = Mutex(State(last: Array(repeating: nil, count: max(1, count)))) }

  func run<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
    let mine = state.withLock { state in
      let lane = state.next % state.last.count
      state.next += 1
      let before = state.last[lane]
      let mine = Task {
        await before?.value
        try Task.checkCancellation()
        return try await work()
      }
      state.last[lane] = Task { _ = try? await mine.value }
      return mine
    }
    return try await withTaskCancellationHandler {
      try await mine.value
    } onCancel: {
      mine.cancel()
    }
  }
}
