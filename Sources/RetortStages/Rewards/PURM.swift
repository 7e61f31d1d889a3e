internal import Foundation
internal import RetortCore

/// A reward as a normal distribution (Probabilistic Uncertain Reward Model, arXiv 2503.22480; formulas as in the first
/// author's code, numbers of equations after its reviews).
package struct RewardDistribution: Hashable, Sendable {
  /// A logit: a difference of 1 is odds of e.
  package var mean: Double
  /// A standard deviation, in logits, above 0.
  package var sigma: Double

  /// Below this a deviation is taken for this: two that differ a thousandfold overlap nowhere.
  package static let floor = 1e-3

  package init(mean: Double, sigma: Double) {
    self.mean = mean
    self.sigma = max(Self.floor, sigma)
  }

  /// `log P(self is preferred)` = `log E[sigmoid(z)]`, z ~ N(mu_w - mu_l, sigma_w^2 + sigma_l^2) (equations 4 and 7):
  /// the logarithm of the likelihood that the reward model is fitted by. With both deviations at 0 it is Bradley and
  /// Terry's.
  ///
  /// The first author's code takes the logarithm before the mean: ``PairLoss``.
  package func logWin(over other: RewardDistribution, loss: PairLoss = .stated) -> Double {
    PairLikelihood(
      mean - other.mean, (sigma * sigma + other.sigma * other.sigma).squareRoot(), loss: loss
    ).logWin
  }

  /// The Bhattacharyya coefficient of two normal distributions (equations 14 and 15), above 0 and at most 1, which is
  /// reached where they are the same. It is no area: it is the integral of `sqrt(p q)`.
  package func overlap(with other: RewardDistribution) -> Double {
    let variance = sigma * sigma + other.sigma * other.sigma
    let distance = mean - other.mean
    return (2 * sigma * other.sigma / variance).squareRoot() * exp(-distance * distance / (4 * variance))
  }
}

/// `log(1 + e^x)` without overflow.
func softplus(_ x: Double) -> Double { x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)) }

package enum PURM {
  /// Equation 16: each response's mean overlap with the others, from 0 to 1. O(n^2).
  ///
  /// High in dense regions as well as for vague rewards, and low for an outlier however sure of itself: it does not
  /// tell a confident mistake.
  package static func uncertainty(_ rewards: [RewardDistribution]) -> [Double] {
    guard rewards.count > 1 else { return rewards.map { _ in 0 } }
    var sums = [Double](repeating: 0, count: rewards.count)
    for (i, reward) in rewards.enumerated() {
      for k in (i + 1)..<rewards.count {
        let overlap = reward.overlap(with: rewards[k])
        sums[i] += overlap
        sums[k] += overlap
      }
    }
    return sums.map { $0 / Double(rewards.count - 1) }
  }

  /// The mean overlap with a reference set, leaving out one of its members, which is the response itself; 0 where
  /// nothing is left.
  package static func uncertainty(
    of reward: RewardDistribution, among reference: [RewardDistribution], except own: Int? = nil
  ) -> Double {
    var (sum, count) = (0.0, 0)
    for (index, other) in reference.enumerated() where index != own {
      sum += reward.overlap(with: other)
      count += 1
    }
    return count == 0 ? 0 : sum / Double(count)
  }

  /// `mu - lambda u`, in logits. lambda is in the rewards' unit: the authors' 30 suits their reward model alone.
  package static func penalized(_ mean: Double, uncertainty: Double, lambda: Double) -> Double {
    mean - lambda * uncertainty
  }
}
