internal import RetortCore

/// How the rewards of a group become advantages (GRPO, arXiv 2402.03300, section 4.1.2).
///
/// `A_i = r_i - mean(r)`, divided for the two standard deviations by `std(r) + 1e-6`, so that a group whose rewards are
/// all equal has the advantages 0 and not 0/0. Trainers differ: verl divides by the sample's, prime-rl not at all.
package enum AdvantageNorm: String, Codable, Hashable, Sendable, CaseIterable {
  case mean
  /// The sum of squares divided by n - 1.
  case sampleStd = "sample-std"
  /// The sum of squares divided by n.
  case populationStd = "population-std"

  static let help =
    "What the rewards less their mean are divided by: mean (nothing), sample-std or population-std."

  /// - Parameters:
  ///   - rewards: of one group, in any unit.
  ///   - virtual: rewards that count towards mean and deviation and get no advantage.
  /// - Returns: one for each of `rewards`; of a group of one, 0.
  package func advantages(_ rewards: [Double], virtual: [Double] = []) -> [Double] {
    let count = rewards.count + virtual.count
    guard count > 1 else { return rewards.map { _ in 0 } }
    let mean = virtual.reduce(rewards.reduce(0, +), +) / Double(count)
    let divisor: Double
    switch self {
    case .mean: divisor = 1
    case .sampleStd: divisor = (squares() / Double(count - 1)).squareRoot() + 1e-6
    case .populationStd: divisor = (squares() / Double(count)).squareRoot() + 1e-6
    }
    return rewards.map { ($0 - mean) / divisor }

    func squares() -> Double {
      func add(_ sum: Double, _ value: Double) -> Double { sum + (value - mean) * (value - mean) }
      return virtual.reduce(rewards.reduce(0, add), add)
    }
  }
}
