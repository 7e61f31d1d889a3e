internal import Foundation
internal import RetortCore

/// What a reward model is fitted by, of a pair whose rewards differ by z ~ N(mean, sigma^2).
package enum PairLoss: String, Codable, Hashable, Sendable, CaseIterable {
  /// `-log E[sigmoid(z)]`, the likelihood that the paper states: deviations grow on pairs that contradict the means.
  case stated
  /// `-E[log sigmoid(z)]`, which the first author's `purm.py` computes by sampling: never below the stated one, and its
  /// slope shrinks every deviation.
  case code
}

/// The negative of a pair's loss, and its slopes.
struct PairLikelihood {
  /// `log E[sigmoid(z)]`, or `E[log sigmoid(z)]` for the code's loss.
  let logWin: Double
  /// With respect to the mean, from 0 to 1.
  let byMean: Double
  /// With respect to the deviation; for the stated loss below 0 where the mean is above 0, for the code's always.
  let bySigma: Double

  init(_ mean: Double, _ sigma: Double, loss: PairLoss = .stated) {
    guard sigma > 0 else {
      // Bradley and Terry's: z is the mean.
      logWin = -softplus(-mean)
      byMean = Logistic.probability(-mean)
      bySigma = 0
      return
    }
    self = loss == .stated ? Self.stated(mean, sigma) : Self.code(mean, sigma)
  }

  private init(logWin: Double, byMean: Double, bySigma: Double) {
    self.logWin = logWin
    self.byMean = byMean
    self.bySigma = bySigma
  }

  /// Up to here the nodes of Gauss and Hermite are exact to 12 digits; beyond, the sigmoid is too steep for them.
  private static let steep = 1.5

  private static func stated(_ mean: Double, _ sigma: Double) -> PairLikelihood {
    if sigma <= steep {
      return summed(
        GaussHermite.standardNormal.map { ($0.x, log($0.weight)) }, mean, sigma)
    }
    let found = summed(NormalPanels.nodes(mean, sigma, around: mode(mean, sigma)), mean, sigma)
    guard mean > 0 else { return found }
    // Near 1, what is missing to it has the digits.
    let lost = summed(NormalPanels.nodes(-mean, sigma, around: mode(-mean, sigma)), -mean, sigma)
    return PairLikelihood(logWin: log1p(-exp(lost.logWin)), byMean: found.byMean, bySigma: found.bySigma)
  }

  /// Log-sum-exp over nodes and the logarithms of their weights, so that a mean far below 0 stays finite.
  private static func summed(_ nodes: [(x: Double, log: Double)], _ mean: Double, _ sigma: Double)
    -> PairLikelihood
  {
    let terms = nodes.map { node -> (x: Double, z: Double, log: Double) in
      let z = mean + sigma * node.x
      return (node.x, z, node.log - softplus(-z))
    }
    let top = terms.map(\.log).max() ?? 0
    var (sum, slope, slant) = (0.0, 0.0, 0.0)
    for term in terms {
      let share = exp(term.log - top)
      let left = Logistic.probability(-term.z)
      sum += share
      slope += share * left
      slant += share * left * term.x
    }
    return PairLikelihood(logWin: top + log(sum), byMean: slope / sum, bySigma: slant / sum)
  }

  private static func code(_ mean: Double, _ sigma: Double) -> PairLikelihood {
    var (sum, slope, slant) = (0.0, 0.0, 0.0)
    for node in NormalPanels.nodes(mean, sigma, around: 0) {
      let z = mean + sigma * node.x
      let weight = exp(node.log)
      let left = Logistic.probability(-z)
      sum -= weight * softplus(-z)
      slope += weight * left
      slant += weight * left * node.x
    }
    return PairLikelihood(logWin: sum, byMean: slope, bySigma: slant)
  }

  /// Where `exp(-x^2 / 2) sigmoid(mean + sigma x)`, which has one peak, is highest; from 0 to sigma.
  private static func mode(_ mean: Double, _ sigma: Double) -> Double {
    var (low, high) = (0.0, sigma)
    for _ in 0..<64 {
      let x = (low + high) / 2
      if sigma * Logistic.probability(-(mean + sigma * x)) > x { low = x } else { high = x }
    }
    return (low + high) / 2
  }
}
