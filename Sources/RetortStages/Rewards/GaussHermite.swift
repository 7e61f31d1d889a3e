internal import Foundation
internal import RetortCore

/// Expectations under a normal distribution by Gauss-Hermite quadrature, the same numbers on every machine.
enum GaussHermite {
  /// Points x and weights w, which add up to 1, such that `E[f(N(0, 1))]` is the sum of `w f(x)`: 64 of them, exact
  /// for polynomials of degree 127.
  static let standardNormal: [(x: Double, weight: Double)] = nodes(64)

  /// Roots of the Hermite polynomial of degree n by Newton's method, from the largest down (Numerical Recipes, `gauher`).
  private static func nodes(_ n: Int) -> [(x: Double, weight: Double)] {
    var nodes: [(x: Double, weight: Double)] = []
    let degree = Double(n)
    var roots: [Double] = []
    for index in 0..<(n + 1) / 2 {
      var z: Double
      switch index {
      case 0: z = (2 * degree + 1).squareRoot() - 1.85575 * pow(2 * degree + 1, -1.0 / 6)
      case 1: z = roots[0] - 1.14 * pow(degree, 0.426) / roots[0]
      case 2: z = 1.86 * roots[1] - 0.86 * roots[0]
      case 3: z = 1.91 * roots[2] - 0.91 * roots[1]
      default: z = 2 * roots[index - 1] - roots[index - 2]
      }
      var slope = 0.0
      for _ in 0..<100 {
        // Orthonormal polynomials: no overflow at this degree.
        var (value, before) = (pow(Double.pi, -0.25), 0.0)
        for k in 0..<n {
          let next =
            z * (2 / Double(k + 1)).squareRoot() * value - (Double(k) / Double(k + 1)).squareRoot() * before
          (value, before) = (next, value)
        }
        slope = (2 * degree).squareRoot() * before
        let step = value / slope
        z -= step
        if abs(step) < 1e-14 { break }
      }
      roots.append(z)
      let weight = 2 / (slope * slope) / Double.pi.squareRoot()
      let x = z * 2.0.squareRoot()
      nodes.append((x, weight))
      if index < n / 2 { nodes.append((-x, weight)) }
    }
    return nodes
  }
}
