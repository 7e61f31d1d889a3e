internal import RetortCore

/// Group relative reward rescaling (GR3, arXiv 2603.10535): a reward multiplied by a factor in (0, 1) that falls with
/// the response's length in its group, so that no response earns anything by being short alone.
package enum GR3 {
  package struct Scored: Hashable, Sendable {
    /// `S_i`, above 0 and below 1.
    package var scales: [Double]
    /// `R_i S_i`, in the unit of the rewards.
    package var rewards: [Double]
    package var advantages: [Double]
    /// Whether a response of the highest reward and of mean length would have an advantage of 0 or more.
    package var condition: Bool
    /// Whether all rewards are equal: the group carries no signal but length, and the paper leaves it out.
    package var allMax: Bool

    /// The same without the advantages that it has by length alone, where all rewards are equal.
    package var setAside: Scored {
      var scored = self
      if allMax { scored.advantages = advantages.map { _ in 0 } }
      return scored
    }
  }

  /// Equations 6 and 2: `S_i = 1 / (1 + alpha l_i / mean(l))`, the mean over the whole group, right and wrong.
  ///
  /// - Parameters:
  ///   - rewards: 0 or more (the analysis has them in [0, 1]): a negative one would grow with length.
  ///   - lengths: above 0, in tokens.
  ///   - alpha: above 0; the paper has 0.33 for mathematics and code, and 0.00133 for chat.
  package static func score(
    rewards: [Double], lengths: [Double], alpha: Double, norm: AdvantageNorm = .sampleStd
  ) -> Scored {
    let mean = lengths.reduce(0, +) / Double(max(1, lengths.count))
    let scales = lengths.map { 1 / (1 + alpha * $0 / mean) }
    let rescaled = zip(rewards, scales).map { $0 * $1 }
    return Scored(
      scales: scales, rewards: rescaled, advantages: norm.advantages(rescaled),
      condition: condition(rewards, rescaled, alpha), allMax: allMax(rewards))
  }

  /// Equation 16: `max(R) / (1 + alpha) >= mean(R S)`. Groups of one length and one reward are equal on both sides, so
  /// a hair is allowed for.
  private static func condition(_ rewards: [Double], _ rescaled: [Double], _ alpha: Double) -> Bool {
    let mean = rescaled.reduce(0, +) / Double(max(1, rescaled.count))
    return (rewards.max() ?? 0) / (1 + alpha) >= mean - 1e-12
  }

  /// Equation 17: `sigmoid(R(y) - R(y_ref))`, from 0 to 1: how much better a response is than one that is given, by
  /// scores of any sign.
  package static func relative(_ score: Double, to reference: Double) -> Double {
    Logistic.probability(score - reference)
  }

  private static func allMax(_ rewards: [Double]) -> Bool { rewards.allSatisfy { $0 == rewards.first } }

  /// A row of the calibration's table.
  package struct Candidate: Codable, Hashable, Sendable {
    package var alpha: Double
    /// Groups whose rewards are not all equal.
    package var groups: Int
    /// Of them, those that satisfy the condition.
    package var satisfied: Int
    /// `satisfied / groups`, from 0 to 1: the constraint satisfaction rate. It is what the choice goes by.
    package var rate: Double
    package var chosen: Bool
    /// Whether `rate` reaches the target.
    package var met: Bool
  }

  /// Section 3.3: the largest alpha whose constraint satisfaction rate reaches `target` (the paper's 0.999), over the
  /// groups whose rewards are not all equal; the smallest one where none does. Candidates come back in ascending order.
  ///
  /// Nil when there are no candidates or no such group.
  package static func calibrate(
    _ groups: [(rewards: [Double], lengths: [Double])], candidates: [Double], target: Double = 0.999
  ) -> [Candidate]? {
    let usable = groups.filter { !allMax($0.rewards) }
    guard !usable.isEmpty, !candidates.isEmpty else { return nil }
    var table = Set(candidates).sorted().map { alpha in
      let satisfied = usable.count { score(rewards: $0.rewards, lengths: $0.lengths, alpha: alpha).condition }
      let rate = Double(satisfied) / Double(usable.count)
      return Candidate(
        alpha: alpha, groups: usable.count, satisfied: satisfied, rate: rate, chosen: false,
        met: rate >= target)
    }
    table[table.lastIndex { $0.met } ?? 0].chosen = true
    return table
  }
}
