internal import RetortCore

/// How a run ended. All but `complete` can be resumed.
package enum RunStatus: String, Codable, Hashable, Sendable, CaseIterable {
  /// Every row is accounted for and none failed.
  case complete
  /// Rows failed, were lost to failures turned into drops, or wait for failed ones.
  case incomplete
  /// A budget stopped it.
  case budget
  /// An endpoint kept refusing.
  case parked
  case interrupted
  /// Rows wait for an answer from outside that is still to come, and nothing else could be done.
  case waiting

  init(_ reason: Halt.Reason) {
    self =
      switch reason {
      case .budget: .budget
      case .parked: .parked
      case .interrupted: .interrupted
      case .waiting: .waiting
      }
  }

  /// The exit status of `retort run`.
  package var exitCode: Int32 {
    switch self {
    case .complete: 0
    case .incomplete: 3
    case .budget: 4
    case .parked: 5
    case .waiting: 6
    case .interrupted: 130
    }
  }
}
