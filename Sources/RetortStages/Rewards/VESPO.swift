internal import Foundation
internal import RetortCore

/// Weights for responses that another policy sampled (VESPO, arXiv 2602.10693).
package enum VESPO {
  package struct Weight: Hashable, Sendable {
    /// `log W`: the sum over tokens of `log pi - log mu`, in nats, from -20 to 20. It is not divided by the length.
    package var logRatio: Double
    /// `W`, how much likelier the response is under the current policy.
    package var ratio: Double
    /// `phi(W)`, from 0 to 1.2416 with the paper's kernel; 1 where both policies agree.
    package var weight: Double
    /// Whether a token's log-ratio or the sum had to be cut to 20 in size.
    package var isClamped: Bool
  }

  /// The shape of equation 16, for advantages of 0 or more and below.
  package struct Kernel: Hashable, Sendable {
    package struct Exponents: Hashable, Sendable {
      /// The paper's alpha (c1): the power of W.
      package var k: Double
      /// c2: how fast it falls for large W.
      package var lambda: Double
    }

    package var positive = Exponents(k: 2, lambda: 3)
    package var negative = Exponents(k: 3, lambda: 2)

    package init() {}
  }

  /// Equation 16, shifted so that phi(1) = 1: `phi(W) = W^k exp(lambda (1 - W))`.
  ///
  /// - Parameters:
  ///   - logprobs: of the response's tokens under the current policy, natural logarithms.
  ///   - behaviour: of the same tokens under the policy that sampled them; as many.
  ///   - mask: which tokens count; nil for all.
  ///   - truncated: a weight of each token that `W` is multiplied by: between the policy that `behaviour` is of, as its
  ///     trainer computes it, and the engine that sampled. Floored at 1e-8, as in the authors' code.
  package static func weight(
    logprobs: [Double], behaviour: [Double], advantage: Double, mask: [Bool]? = nil,
    truncated: [Double]? = nil, kernel: Kernel = Kernel()
  ) -> Weight {
    var sum = 0.0
    var isClamped = false
    for (index, (current, sampled)) in zip(logprobs, behaviour).enumerated() where mask?[index] ?? true {
      let ratio = current - sampled
      let bounded = clamp(ratio)
      if bounded != ratio { isClamped = true }
      sum += bounded
      if let truncated { sum += clamp(log(max(truncated[index], 1e-8))) }
    }
    let logRatio = clamp(sum)
    if logRatio != sum { isClamped = true }
    let ratio = exp(logRatio)
    return Weight(
      logRatio: logRatio, ratio: ratio, weight: phi(ratio, advantage: advantage, kernel: kernel),
      isClamped: isClamped)
  }

  /// Truncated importance weights: `min(old / sampler, cap)` of each token, 0 where the mask leaves it out. Nothing is
  /// raised.
  package static func truncatedWeights(
    _ old: [Double], sampler: [Double], cap: Double, mask: [Bool]? = nil
  ) -> [Double] {
    zip(old, sampler).enumerated().map { index, pair in
      mask?[index] ?? true ? min(cap, exp(clamp(pair.0 - pair.1))) : 0
    }
  }

  /// The kernel for W above 0. The power's base is floored at 1e-8 and lambda at 1e-4, as in the authors' code.
  package static func phi(_ ratio: Double, advantage: Double, kernel: Kernel = Kernel()) -> Double {
    let exponents = advantage >= 0 ? kernel.positive : kernel.negative
    let decay = max(exponents.lambda, 1e-4)
    return exp(decay + exponents.k * log(max(ratio, 1e-8)) - decay * ratio)
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

  /// What a batch is worth by its effective sample size; the bounds are ours, not the paper's. It says nothing of age: a
  /// batch that is one update old may be thin, and one of another engine too.
  package enum Worth: String, Codable, Hashable, Sendable, CaseIterable {
    case ample, thin, unusable

    package init(_ staleness: Staleness) {
      self =
        switch staleness {
        case .fresh: .ample
        case .stale: .thin
        case .unusable: .unusable
        }
    }
  }

  /// ``Worth`` under the names that it first had.
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
