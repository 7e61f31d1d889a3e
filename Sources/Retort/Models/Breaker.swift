internal import Synchronization

/// Stops calling an endpoint that keeps refusing, so that a run ends resumable instead of failing row by row.
///
/// It opens when the last `threshold` tries, of whatever calls, all failed in a way that may pass, and either a call
/// has used up its retries or the refusal has lasted `patience` seconds. Once open it stays open: the run is parked.
package final class Breaker: Sendable {
  private struct State {
    var failures = 0
    var since: Double?
    var openedBy: String?
  }
  private let state = Mutex(State())
  private let threshold: Int
  private let patience: Double

  package init(threshold: Int = 5, patience: Double = 120) {
    self.threshold = threshold
    self.patience = patience
  }

  /// Errors: ``ModelError`` of kind `parked` when the endpoint is not to be called any more.
  package func check() throws {
    if let reason = state.withLock({ $0.openedBy }) { throw ModelError(.parked, reason) }
  }

  /// The endpoint answered, be it with a refusal of one request.
  package func answered() {
    state.withLock {
      $0.failures = 0
      $0.since = nil
    }
  }

  package func failed(_ error: ModelError, at seconds: Double) {
    state.withLock {
      $0.failures += 1
      let since = $0.since ?? seconds
      $0.since = since
      if $0.failures >= threshold, seconds - since >= patience, $0.openedBy == nil {
        $0.openedBy = Self.words($0.failures, error)
      }
    }
  }

  /// A call has used up its retries; answers the error it ends with.
  package func gaveUp(_ error: ModelError) -> ModelError {
    state.withLock {
      guard $0.failures >= threshold || $0.openedBy != nil else { return error }
      let reason = $0.openedBy ?? Self.words($0.failures, error)
      $0.openedBy = reason
      return ModelError(.parked, status: error.status, reason)
    }
  }

  package func open(_ reason: String) -> ModelError {
    state.withLock {
      $0.openedBy = $0.openedBy ?? reason
      return ModelError(.parked, reason)
    }
  }

  private static func words(_ failures: Int, _ error: ModelError) -> String {
    "the endpoint failed \(failures) times in a row; the last time it said \(error.description)"
  }
}
