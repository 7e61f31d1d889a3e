internal import Foundation
internal import RetortCore

/// Draws from distributions, the same on every machine for a seed.
struct Chance {
  private var source: SplitMix64

  init(seed: UInt64) { source = SplitMix64(seed: seed) }

  /// Uniform in 0 ..< 1.
  mutating func uniform() -> Double { Double(source.next() >> 11) / Double(UInt64(1) << 53) }

  /// Of mean 0 and deviation 1 (Box and Muller 1958).
  mutating func normal() -> Double {
    (-2 * log(1 - uniform())).squareRoot() * cos(2 * .pi * uniform())
  }

  /// Of mean and variance `shape` (Marsaglia and Tsang 2000; below 1 by their boost).
  mutating func gamma(_ shape: Double) -> Double {
    guard shape > 0 else { return 0 }
    guard shape < 1e9 else { return shape }
    guard shape >= 1 else {
      let boost = pow(1 - uniform(), 1 / shape)
      return gamma(shape + 1) * boost
    }
    let d = shape - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = normal()
      let v = (1 + c * x) * (1 + c * x) * (1 + c * x)
      guard v > 0 else { continue }
      if log(1 - uniform()) < 0.5 * x * x + d - d * v + d * log(v) { return d * v }
    }
  }

  /// At least 0, with a mean and a variance: a gamma distribution; the mean itself without variance.
  mutating func positive(mean: Double, variance: Double) -> Double {
    guard mean > 0, variance > 0 else { return max(0, mean) }
    return gamma(mean * mean / variance) * variance / mean
  }

  /// Between 0 and 1.
  mutating func beta(_ a: Double, _ b: Double) -> Double {
    guard a > 0 else { return 0 }
    guard b > 0 else { return 1 }
    let (x, y) = (gamma(a), gamma(b))
    return x + y > 0 ? x / (x + y) : a / (a + b)
  }

  /// How many of `count` happen that each do with a probability. Exact for few, else normal.
  mutating func binomial(_ count: Double, _ probability: Double) -> Double {
    if count <= 40 {
      var happened = 0.0
      for _ in 0..<Int(max(0, count.rounded())) where uniform() < probability { happened += 1 }
      return happened
    }
    let mean = count * probability
    let drawn = mean + (mean * (1 - probability)).squareRoot() * normal()
    return min(count, max(0, drawn.rounded()))
  }
}
