internal import Foundation
package import RetortCore

/// A linear head on embeddings that answers with a reward's mean and deviation (PURM, arXiv 2503.22480).
package struct RewardHead: Codable, Hashable, Sendable {
  /// `mean = meanWeights · x + meanBias`, a logit; 0 is the average response it was fitted on.
  package var meanWeights: [Double]
  package var meanBias: Double
  /// `sigma = exp((spreadWeights · x + spreadBias) / 10)`, in logits; the authors' 10 keeps early steps small. Empty
  /// for a plain Bradley-Terry head, whose deviation is 0.
  package var spreadWeights: [Double]
  package var spreadBias: Double

  package enum CodingKeys: String, CodingKey {
    case meanWeights = "mean_weights"
    case meanBias = "mean_bias"
    case spreadWeights = "spread_weights"
    case spreadBias = "spread_bias"
  }

  static let temperature = 10.0

  /// - Parameter x: an embedding, as long as the weights.
  package func reward(_ x: [Float]) -> RewardDistribution {
    let spread = spreadWeights.isEmpty ? -.infinity : dot(spreadWeights, x) + spreadBias
    return RewardDistribution(mean: dot(meanWeights, x) + meanBias, sigma: exp(spread / Self.temperature))
  }

  /// The mean loss over pairs, in nats.
  func loss(_ loss: PairLoss, on pairs: [EmbeddedPair]) -> Double {
    -pairs.map { reward($0.chosen).logWin(over: reward($0.rejected), loss: loss) }.reduce(0, +)
      / Double(max(1, pairs.count))
  }

  private func dot(_ weights: [Double], _ x: [Float]) -> Double {
    zip(weights, x).reduce(0) { $0 + $1.0 * Double($1.1) }
  }
}

/// A preference between two embedded responses to one question.
package struct EmbeddedPair: Hashable, Sendable {
  package var chosen: [Float]
  package var rejected: [Float]

  package init(chosen: [Float], rejected: [Float]) {
    self.chosen = chosen
    self.rejected = rejected
  }
}

extension HeadReport {
  package init(_ head: RewardHead, on pairs: [EmbeddedPair]) {
    let logs = pairs.map { head.reward($0.chosen).logWin(over: head.reward($0.rejected)) }
    let count = Double(max(1, pairs.count))
    let wins = logs.map(exp)
    let loss = -logs.reduce(0, +) / count
    // Through the quadrature, a tie is one but for rounding.
    let right = wins.map { abs($0 - 0.5) < 1e-12 ? 0.5 : $0 > 0.5 ? 1.0 : 0.0 }
    let accuracy = right.reduce(0, +) / count
    let calibration = (5...9).compactMap { tenth -> Bin? in
      let members = wins.indices.filter { min(9, Int(max(wins[$0], 1 - wins[$0]) * 10)) == tenth }
      guard !members.isEmpty else { return nil }
      let size = Double(members.count)
      return Bin(
        from: Double(tenth) / 10, pairs: members.count,
        confidence: members.reduce(0) { $0 + max(wins[$1], 1 - wins[$1]) } / size,
        accuracy: members.reduce(0) { $0 + right[$1] } / size)
    }
    self.init(pairs: pairs.count, accuracy: accuracy, loss: loss, calibration: calibration)
  }
}
