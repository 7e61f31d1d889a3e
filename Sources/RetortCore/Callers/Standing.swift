internal import Synchronization

/// Whether a model may be called in this run: not any more once its endpoint has refused the key, the account or the
/// model itself, since each further call would be refused too.
final class Standing: Sendable {
  private struct State {
    var hasAnswered = false
    var closedBy: Halt?
    var isDoubted = false
  }
  private let state = Mutex(State())

  init() {}

  /// Errors: ``Halt`` for `parked` when the model is not to be called any more.
  func check() throws {
    guard var halt = state.withLock({ $0.closedBy }) else { return }
    halt.endsCall = false
    throw halt
  }

  func answered() { state.withLock { $0.hasAnswered = true } }

  /// True the first time only.
  func isFirstDoubt() -> Bool {
    state.withLock { state in
      defer { state.isDoubted = true }
      return !state.isDoubted
    }
  }

  /// What a call ends with: a halt where its error says that no call will be answered.
  func judged(_ error: ModelError, of model: ModelSpec) -> any Error {
    state.withLock {
      guard error.kind == .denied || error.kind == .forbidden && !$0.hasAnswered else { return error }
      let reason =
        error.status == 407
        ? "no request to model '\(model.alias)' gets through"
        : "the endpoint refuses model '\(model.alias)', whatever it is asked"
      let parked = Halt(
        .parked, status: error.status, "\(reason): \(error.message)", usage: error.usage)
      $0.closedBy = $0.closedBy ?? parked
      return parked
    }
  }
}

/// Sends no call to a model that its endpoint has refused. It sits inside the limits: calls that waited for a slot are
/// not sent either.
struct StandingCaller: Caller {
  let inner: any Caller
  let standing: Standing

  func answer(_ request: ModelRequest) async throws -> RawReply {
    try standing.check()
    do {
      let reply = try await inner.answer(request)
      standing.answered()
      return reply
    } catch let error as ModelError { throw standing.judged(error, of: request.model) }
  }
}
