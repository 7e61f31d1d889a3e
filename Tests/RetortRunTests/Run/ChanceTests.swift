import Testing

@testable import RetortRun

@Suite struct ChanceTests {
  private func moments(_ draw: (inout Chance) -> Double) -> (mean: Double, variance: Double) {
    var chance = Chance(seed: 3)
    let drawn = (0..<20_000).map { _ in draw(&chance) }
    let mean = drawn.reduce(0, +) / 20_000
    return (mean, drawn.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20_000)
  }

  @Test(arguments: [0.3, 1, 4.5, 80]) func aGammaHasItsShapeAsMeanAndVariance(shape: Double) {
    let (mean, variance) = moments { $0.gamma(shape) }
    #expect(abs(mean / shape - 1) < 0.05)
    #expect(abs(variance / shape - 1) < 0.1)
  }

  @Test func aBetaHasItsMeanAndVariance() {
    let (mean, variance) = moments { $0.beta(2, 6) }
    #expect(abs(mean - 0.25) < 0.01)
    #expect(abs(variance - 0.1875 / 9) < 0.002)
  }

  @Test(arguments: [30.0, 4000]) func aBinomialHasItsMeanAndVariance(count: Double) {
    let (mean, variance) = moments { $0.binomial(count, 0.3) }
    #expect(abs(mean / (0.3 * count) - 1) < 0.02)
    #expect(abs(variance / (0.21 * count) - 1) < 0.1)
  }

  @Test func theEdgesAreNumbers() {
    var chance = Chance(seed: 0)
    #expect(chance.gamma(0) == 0)
    #expect(chance.gamma(1e300) == 1e300)
    #expect(chance.beta(0, 1) == 0)
    #expect(chance.beta(1, 0) == 1)
    #expect(chance.binomial(0, 0.5) == 0)
    #expect(chance.positive(mean: 0, variance: 1) == 0)
    #expect(chance.positive(mean: 5, variance: 0) == 5)
    #expect(chance.positive(mean: 1e150, variance: 1).isFinite)
  }
}
