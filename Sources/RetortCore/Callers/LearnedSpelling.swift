internal import Synchronization

/// How a model's server wants to be asked: as the file says, and as its refusals have taught since the process began.
final class LearnedSpelling: Sendable {
  private let spelling: Mutex<Spelling>
  private let tell: @Sendable (Spelling.Refusal) -> Void

  /// - Parameter tell: told of each refusal once.
  init(_ spelling: Spelling = Spelling(), tell: @escaping @Sendable (Spelling.Refusal) -> Void = { _ in }) {
    self.spelling = Mutex(spelling)
    self.tell = tell
  }

  func text(of exchange: Exchange) -> String { spelling.withLock { $0 }.text(of: exchange) }

  func learn(_ refusal: Spelling.Refusal) {
    let isNew = spelling.withLock {
      let before = $0
      switch refusal {
      case .maxTokens: $0.maxTokens = .maxCompletionTokens
      case .systemTurn: $0.foldsSystemTurn = true
      }
      return $0 != before
    }
    if isNew { tell(refusal) }
  }
}
