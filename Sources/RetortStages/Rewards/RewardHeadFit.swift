internal import Foundation
internal import RetortCore

/// Fits a ``RewardHead`` to preferences by maximum likelihood, with Adam (arXiv 1412.6980, weight decay as in
/// 1711.05101). The same pairs, options and seed give the same weights.
struct RewardHeadFit: Sendable {
  struct Options: Hashable, Sendable {
    /// Whether deviations are fitted too; without, the head is a plain Bradley-Terry one.
    var spread = true
    var loss = PairLoss.stated
    var epochs = 200
    /// Epochs without a better loss on the validation pairs after which fitting stops.
    var patience = 20
    var batch = 32
    var learningRate = 0.01
    var weightDecay = 0.01
    var seed = 0
    init() {}
  }

  /// The weights of the best epoch.
  let head: RewardHead
  /// The best epoch, from 1; 0 where no epoch did better than the weights it began with.
  let epoch: Int
  let validationLoss: Double

  /// - Parameters:
  ///   - pairs: at least one; all embeddings of one length.
  ///   - validation: what early stopping goes by; the pairs themselves where it is empty.
  init(_ pairs: [EmbeddedPair], validation: [EmbeddedPair], _ options: Options = .init()) throws {
    let scaling = Scaling(pairs)
    let dimension = scaling.center.count
    let scaled = pairs.map { (chosen: scaling.apply($0.chosen), rejected: scaling.apply($0.rejected)) }
    let judged = validation.isEmpty ? pairs : validation
    var random = SplitMix64(seed: UInt64(bitPattern: Int64(options.seed)))
    // Means, spreads and the spreads' bias; all 0 at first, that is P = 1/2 and sigma = 1.
    var adam = Adam(count: 2 * dimension + 1, decayed: 2 * dimension, options)
    var best = (head: scaling.head(adam.weights, spread: options.spread), epoch: 0, loss: Double.infinity)
    best.loss = best.head.loss(options.loss, on: judged)
    for epoch in 1...max(1, options.epochs) {
      try Task.checkCancellation()
      let order = random.shuffled(Array(scaled.indices))
      for start in stride(from: 0, to: order.count, by: max(1, options.batch)) {
        let members = order[start..<min(order.count, start + max(1, options.batch))]
        var slope = [Double](repeating: 0, count: adam.weights.count)
        for index in members {
          Self.add(scaled[index], adam.weights, options, scale: 1 / Double(members.count), to: &slope)
        }
        adam.step(slope)
      }
      let head = scaling.head(adam.weights, spread: options.spread)
      let loss = head.loss(options.loss, on: judged)
      if loss < best.loss - 1e-6 {
        best = (head, epoch, loss)
      } else if epoch - best.epoch >= options.patience {
        break
      }
    }
    (head, epoch, validationLoss) = best
  }

  /// Adds a pair's share of the loss's slope.
  private static func add(
    _ pair: (chosen: [Double], rejected: [Double]), _ weights: [Double], _ options: Options, scale: Double,
    to slope: inout [Double]
  ) {
    let dimension = pair.chosen.count
    func sigma(_ x: [Double]) -> Double {
      guard options.spread else { return 0 }
      var sum = weights[2 * dimension]
      for index in 0..<dimension { sum += weights[dimension + index] * x[index] }
      return exp(sum / RewardHead.temperature)
    }
    var difference = 0.0
    for index in 0..<dimension { difference += weights[index] * (pair.chosen[index] - pair.rejected[index]) }
    let (won, lost) = (sigma(pair.chosen), sigma(pair.rejected))
    let total = (won * won + lost * lost).squareRoot()
    let likelihood = PairLikelihood(difference, total, loss: options.loss)
    let byMean = -scale * likelihood.byMean
    for index in 0..<dimension { slope[index] += byMean * (pair.chosen[index] - pair.rejected[index]) }
    guard options.spread, total > 0 else { return }
    // d total / d s = sigma^2 / (total T), s being what the exponential is taken of.
    let bySpread = -scale * likelihood.bySigma / (total * RewardHead.temperature)
    for index in 0..<dimension {
      slope[dimension + index] +=
        bySpread * (won * won * pair.chosen[index] + lost * lost * pair.rejected[index])
    }
    slope[2 * dimension] += bySpread * (won * won + lost * lost)
  }
}

/// Brings every dimension to mean 0 and deviation 1 over the pairs' responses, and the sum of squares to about 1.
private struct Scaling {
  let center: [Double]
  let factor: [Double]

  init(_ pairs: [EmbeddedPair]) {
    let all = pairs.flatMap { [$0.chosen, $0.rejected] }
    let dimension = all.first?.count ?? 0
    let count = Double(max(1, all.count))
    var (mean, square) = ([Double](repeating: 0, count: dimension), [Double](repeating: 0, count: dimension))
    for x in all { for index in 0..<dimension { mean[index] += Double(x[index]) / count } }
    for x in all {
      for index in 0..<dimension {
        let distance = Double(x[index]) - mean[index]
        square[index] += distance * distance / count
      }
    }
    center = mean
    // A dimension that never varies says nothing.
    factor = square.map { $0 > 1e-20 ? 1 / ($0 * Double(dimension)).squareRoot() : 0 }
  }

  func apply(_ x: [Float]) -> [Double] { x.indices.map { (Double(x[$0]) - center[$0]) * factor[$0] } }

  /// The head for embeddings as they are.
  func head(_ weights: [Double], spread: Bool) -> RewardHead {
    let dimension = center.count
    func unscaled(_ weights: ArraySlice<Double>) -> (weights: [Double], bias: Double) {
      let plain = zip(weights, factor).map { $0 * $1 }
      return (plain, -zip(plain, center).reduce(0) { $0 + $1.0 * $1.1 })
    }
    let mean = unscaled(weights[..<dimension])
    let deviation = unscaled(weights[dimension..<2 * dimension])
    return RewardHead(
      meanWeights: mean.weights, meanBias: mean.bias, spreadWeights: spread ? deviation.weights : [],
      spreadBias: spread ? deviation.bias + weights[2 * dimension] : 0)
  }
}

private struct Adam {
  var weights: [Double]
  private var first: [Double]
  private var second: [Double]
  private var steps = 0.0
  /// How many of the weights decay; biases do not.
  private let decayed: Int
  private let rate: Double
  private let decay: Double

  init(count: Int, decayed: Int, _ options: RewardHeadFit.Options) {
    weights = Array(repeating: 0, count: count)
    first = weights
    second = weights
    self.decayed = decayed
    rate = options.learningRate
    decay = options.weightDecay
  }

  mutating func step(_ slope: [Double]) {
    steps += 1
    let (one, two) = (1 - pow(0.9, steps), 1 - pow(0.999, steps))
    for index in weights.indices {
      first[index] = 0.9 * first[index] + 0.1 * slope[index]
      second[index] = 0.999 * second[index] + 0.001 * slope[index] * slope[index]
      if index < decayed { weights[index] *= 1 - rate * decay }
      weights[index] -= rate * (first[index] / one) / ((second[index] / two).squareRoot() + 1e-8)
    }
  }
}
