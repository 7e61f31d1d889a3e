internal import Synchronization

/// Most texts of one request to a model's server: as the file says, and fewer once the server has refused as many.
final class BatchLimit: Sendable {
  static let usual = 64
  private let limit: Mutex<Int>

  init(_ model: ModelSpec) { limit = Mutex(model.maxInputs ?? Self.usual) }

  var most: Int { limit.withLock { $0 } }

  /// - Parameter count: of the texts that were refused together, at least 2.
  func learn(_ error: ModelError, of count: Int) {
    guard error.refusesNumber else { return }
    limit.withLock { $0 = min($0, count / 2) }
  }
}

extension ModelError {
  /// Whether the server refused how much it was asked at once, and not one of the texts for its length.
  fileprivate var refusesNumber: Bool {
    guard kind == .refused, status == 413 || status == 422 else { return false }
    let words = message.lowercased()
    return words.contains("batch") || status == 413 && !words.contains("token")
  }
}
