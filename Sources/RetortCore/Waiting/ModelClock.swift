internal import Foundation

/// The time that limits, retries and the breaker go by; passed in so that tests need not wait.
package protocol ModelClock: Sendable {
  /// Seconds since some fixed moment; never goes back.
  var seconds: Double { get }
  /// Seconds since 1970 UTC, for `Retry-After` dates.
  var unixTime: Double { get }
  func sleep(_ seconds: Double) async throws
}

package struct SystemModelClock: ModelClock {
  private static let start = ContinuousClock.now
  package init() {}

  package var seconds: Double { (ContinuousClock.now - Self.start) / .seconds(1) }
  package var unixTime: Double { Date().timeIntervalSince1970 }
  package func sleep(_ seconds: Double) async throws {
    guard seconds > 0 else { return try Task.checkCancellation() }
    // A duration has its bounds too.
    try await Task.sleep(for: .seconds(min(seconds, 31_536_000)))
  }
}
