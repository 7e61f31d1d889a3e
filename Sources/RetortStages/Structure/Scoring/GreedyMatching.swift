/// A prediction with the reference that it was found to say, by their places in their lists, from 0.
package struct StructureMatch: Codable, Hashable, Sendable {
  package var predicted: Int
  package var gold: Int
  /// 0 to 1.
  package var similarity: Double
}

/// How the shared task pairs what was predicted with what is known.
enum GreedyMatching {
  /// Each prediction, in order, takes the reference that is most like it of those that are left, the first of equals, if
  /// it is more like it than `threshold`. Greedy, and so not the best pairing there is.
  ///
  /// - Parameter similarity: of a prediction with each of some references.
  static func matches(
    _ predictions: some Sequence<Int>, references: [Int], above threshold: Double,
    similarity: (_ prediction: Int, _ references: [Int]) async throws -> [Double]
  ) async rethrows -> [StructureMatch] {
    var left = references
    var matches: [StructureMatch] = []
    for prediction in predictions where !left.isEmpty {
      let likenesses = try await similarity(prediction, left)
      var best: Int?
      for (place, likeness) in likenesses.enumerated()
      where likeness > best.map({ likenesses[$0] }) ?? threshold {
        best = place
      }
      guard let best else { continue }
      matches.append(.init(predicted: prediction, gold: left[best], similarity: likenesses[best]))
      left.remove(at: best)
    }
    return matches
  }

  /// Harmonic mean of precision and recall, 0 to 1. Where nothing is known and nothing was predicted there was nothing
  /// to get wrong: 1, where the organisers' script says 0.
  static func f1(_ right: Int, predicted: Int, gold: Int) -> Double {
    predicted + gold == 0 ? 1 : 2 * Double(right) / Double(predicted + gold)
  }
}
