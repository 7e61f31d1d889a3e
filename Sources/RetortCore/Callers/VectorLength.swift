internal import OrderedCollections
internal import Synchronization

/// How long a model's vectors are: as long as the first one seen, or as the request says.
final class VectorLength: Sendable {
  private let length: Mutex<Int?>

  /// - Parameter model: its `extra_body` may ask for a number of `dimensions`.
  init(_ model: ModelSpec) {
    length = Mutex(model.extraBody["dimensions"]?.int.flatMap { Int(exactly: $0) })
  }

  /// What is remembered is as long as it is: it says how long further ones must be.
  func learn(_ count: () -> Int?) { length.withLock { $0 = $0 ?? count() } }

  /// Errors: ``ModelError`` of kind `malformed` for vectors of another length.
  func check(_ vectors: [[JSON]]) throws {
    for vector in vectors {
      let expected = length.withLock { length in
        length = length ?? vector.count
        return length
      }
      guard vector.count != expected else { continue }
      throw ModelError(
        .malformed, "expected vectors of \(expected ?? 0) numbers, found one of \(vector.count)")
    }
  }
}
