internal import Synchronization

/// Stops calling an endpoint that keeps refusing, so that a run ends resumable instead of failing row by row.
///
/// It opens when `threshold` failures have gathered since the endpoint last answered anything, and either a call has
/// used up its retries or the refusal has lasted `patience` seconds. Once open it stays open: the run is parked.
///
/// A failure counts each time where it says nothing about the request (no connection, a rate limit). One that may be
/// the request's own doing (a server error, a time-out, a broken reply) counts once for each request: a row that makes
/// the server stumble fails alone, however often it is tried and though nothing else is left to call.
final class Breaker: Sendable {
  private struct State {
    var outright = 0
    var stumbled: Set<Digest> = []
    var tries = 0
    var since: Double?
    var openedBy: String?
    var failures: Int { outright + stumbled.count }
  }
  private let state = Mutex(State())
  private let threshold: Int
  private let patience: Double

  init(threshold: Int = 5, patience: Double = 120) {
    self.threshold = threshold
    self.patience = patience
  }

  /// Errors: ``Halt`` for `parked` when the endpoint is not to be called any more.
  func check() throws {
    if let reason = state.withLock({ $0.openedBy }) { throw Halt(.parked, reason) }
  }

  /// The endpoint answered, be it with a refusal of one request.
  func answered() {
    state.withLock { $0 = State(openedBy: $0.openedBy) }
  }

  func failed(_ error: ModelError, of request: Digest, at seconds: Double) {
    state.withLock {
      $0.tries += 1
      switch error.kind {
      case .unreachable, .rateLimited: $0.outright += 1
      default: $0.stumbled.insert(request)
      }
      let since = $0.since ?? seconds
      $0.since = since
      if $0.failures >= threshold, seconds - since >= patience, $0.openedBy == nil {
        $0.openedBy = Self.words($0.tries, error)
      }
    }
  }

  /// A call has used up its retries; answers what it ends with.
  func gaveUp(_ error: ModelError) -> any Error {
    state.withLock {
      guard $0.failures >= threshold || $0.openedBy != nil else { return error }
      let reason = $0.openedBy ?? Self.words($0.tries, error)
      $0.openedBy = reason
      return Halt(.parked, status: error.status, reason)
    }
  }

  func open(_ reason: String) -> Halt {
    state.withLock {
      $0.openedBy = $0.openedBy ?? reason
      return Halt(.parked, reason)
    }
  }

  private static func words(_ tries: Int, _ error: ModelError) -> String {
    "the endpoint failed \(tries) times in a row; the last time it said \(error.description)"
  }
}
