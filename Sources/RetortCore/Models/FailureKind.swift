extension Error {
  /// What a failure is counted by, in a word: of a model what kind of error it was, of all else that it was one. Its
  /// message says the rest.
  package var failureKind: String { (self as? ModelError)?.kind.rawValue ?? FailureKind.plain }
}

package enum FailureKind {
  /// Of a failure that no model had a part in.
  package static let plain = "error"

  /// A failure in words, which need not say that it is one.
  package static func words(_ kind: String, _ message: String) -> String {
    kind == plain || message.hasPrefix(kind) ? message : "\(kind): \(message)"
  }
}
