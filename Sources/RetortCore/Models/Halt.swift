/// Why a step stops before it is answered. It says nothing of the row, which stays pending, nor of the model's answer:
/// whoever goes on with the run asks again.
package struct Halt: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Reason: String, Hashable, Sendable, CaseIterable {
    /// The run's budget does not cover the call.
    case budget
    /// The endpoint kept refusing, or cannot be called from this machine as it is.
    case parked
    /// The run was interrupted before the call was sent.
    case interrupted
    /// An answer from outside, as a person's, is still to come. It holds up nothing but its own row.
    case waiting
  }

  package var reason: Reason
  /// The HTTP status, where there was one.
  package var status: Int?
  package var message: String
  /// Tokens that the call was charged for, where the endpoint reported them.
  package var usage: Usage?
  /// Whether a call came to nothing with it, so that the table of calls has a line; else none was sent.
  package var endsCall: Bool

  package init(_ reason: Reason, status: Int? = nil, _ message: String, usage: Usage? = nil) {
    self.reason = reason
    self.status = status
    self.message = message
    self.usage = usage
    endsCall = reason == .parked
  }

  /// What every call to a model needs is not there, its key or its server: the run is parked, nothing was sent.
  package static func unready(_ message: String) -> Halt {
    var halt = Halt(.parked, message)
    halt.endsCall = false
    return halt
  }

  package static let interrupted = Halt(.interrupted, "the run was interrupted before the call was sent")

  package var description: String {
    "\(reason.rawValue)\(status.map { " (HTTP \($0))" } ?? ""): \(message)"
  }
}
