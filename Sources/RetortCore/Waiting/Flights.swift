/// What is in flight under a digest, and who waits for each.
final class Flights<Answer: Sendable>: Sendable {
  private let flying = Waiters<Set<Digest>, Digest, Answer?>([])

  init() {}

  /// Whether the caller goes ahead; if so it must ``land(_:_:)``.
  func lead(_ request: Digest) -> Bool { flying.withState { $0.insert(request).inserted } }

  /// The answer of the one that went ahead; nil if it failed or has landed meanwhile: then look again.
  func follow(_ request: Digest) async throws -> Answer? {
    try await flying.wait(under: request) { $0.contains(request) ? nil : .some(nil) }
  }

  /// Ends the flight; nil when it failed.
  func land(_ request: Digest, _ answer: Answer?) {
    flying.change { flying, waiting in
      flying.remove(request)
      waiting.releaseAll(under: request, with: answer)
    }
  }
}
