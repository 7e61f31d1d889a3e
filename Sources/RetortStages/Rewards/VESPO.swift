internal import Foundation
internal import RetortCore

/// Weights for responses that another policy sampled (VESPO, arXiv 2602.10693).
package enum VESPO {
  package struct Weight: Hashable, Sendable {
    /// `log W`: the sum over tokens of `log pi - log mu`, in nats, from -20 to 20. It is not divided by the length.
    package var logRatio: Double
    /// `W`, how much likelier the response is under the current policy.
    package var ratio: Double
    /// `phi(W)`, from 0 to 1.2416; 1 where both policies agree.
    package var weight: Double
    /// Whether a token's log-ratio or the sum had to be cut to 20 in size.
    package var isClamped: Bool
  }

  /// Equation 16, shifted so that phi(1) = 1: `phi(W) = W^c1 exp(c2 (1 - W))`, with (c1, c2) = (2, 3) for an advantage
  /// of 0 or more and (3, 2) below.
  ///
  /// - Parameters:
  ///   - logprobs: of the response's tokens under the current policy, natural logarithms.
  ///   - behaviour: of the same tokens under the policy that sampled them; as many.
  ///   - mask: which tokens count; nil for all.
  package static func weight(
    logprobs: [Double], behaviour: [Double], advantage: Double, mask: [Bool]? = nil
  ) -> Weight {
    var sum = 0.0
    var isClamped = false
    for (index, (current, sampled)) in zip(logprobs, behaviour).enumerated() where mask?[index] ?? true {
      let ratio = current - sampled
      let bounded = clamp(ratio)
      if bounded != ratio { isClamped = true }
      sum += bounded
    }
    let logRatio = clamp(sum)
    if logRatio != sum { isClamped = true }
    let ratio = exp(logRatio)
    return Weight(
      logRatio: logRatio, ratio: ratio, weight: phi(ratio, advantage: advantage), isClamped: isClamped)
  }

  /// The kernel for W above 0. The power's base is floored at 1e-8, as in the authors' code.
  package static func phi(_ ratio: Double, advantage: Double) -> Double {
    let (power, decay) = advantage >= 0 ? (2.0, 3.0) : (3.0, 2.0)
    return exp(decay + power * log(max(ratio, 1e-8)) - decay * ratio)
  }

  private static func clamp(_ value: Double) -> Double { min(20, max(-20, value)) }

  /// `(sum w)^2 / sum w^2`: how many equally weighted responses these are worth, from 0 to their number; 0 when all
  /// weights are 0.
  package static func effectiveSampleSize(_ weights: [Double]) -> Double {
    // Divided by the largest first: weights go up to e^20 and their squares are summed.
    guard let largest = weights.max(), largest > 0 else { return 0 }
    let sum = weights.reduce(0) { $0 + $1 / largest }
    return sum * sum / weights.reduce(0) { $0 + ($1 / largest) * ($1 / largest) }
  }

  /// Whether a batch is still close enough to the policy to learn from. The bounds are ours, not the paper's.
  package enum Staleness: String, Codable, Hashable, Sendable, CaseIterable {
    /// The ratios' effective sample size is at least half of the batch.
    case fresh
    /// At least a tenth: the weights carry the difference.
    case stale
    /// Less than a tenth of the batch, or nine weights of ten below 0.01: a few responses, or none, decide everything.
    case unusable

    package init(_ weights: [Weight]) {
      let count = Double(max(1, weights.count))
      let share = VESPO.effectiveSampleSize(weights.map(\.ratio)) / count
      let negligible = Double(weights.count { $0.weight < 0.01 }) / count
      self = share < 0.1 || negligible >= 0.9 ? .unusable : share < 0.5 ? .stale : .fresh
    }
  }
}
