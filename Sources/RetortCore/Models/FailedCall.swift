/// A call that came to nothing, as the table of calls has it.
package struct FailedCall: Hashable, Sendable {
  /// ``ModelError/Kind`` or ``Halt/Reason``.
  package var kind: String
  /// The HTTP status, where there was one.
  package var status: Int?
  package var message: String
  /// What it cost all the same, where the endpoint reported it or may have worked.
  package var usage: Usage?

  /// Nil for what was no call: it was never sent, or the error is none of a call's.
  package init?(_ error: any Error) {
    switch error {
    case let error as ModelError:
      (kind, status, message, usage) = (error.kind.rawValue, error.status, error.message, error.usage)
    case let halt as Halt where halt.endsCall:
      (kind, status, message, usage) = (halt.reason.rawValue, halt.status, halt.message, halt.usage)
    default: return nil
    }
  }
}
