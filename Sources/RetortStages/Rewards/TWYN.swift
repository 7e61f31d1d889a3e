internal import RetortCore

/// Rewards from comparing the responses of a group in pairs: right beats wrong, and of two right ones the shorter wins
/// (Think When You Need, arXiv 2504.03234; its text was checked against the authors' `grpo_twyn` estimator).
package enum TWYN {
  package struct Scored: Hashable, Sendable {
    /// Sums of pair rewards, in units of the weights alpha and beta.
    package var scores: [Double]
    package var advantages: [Double]
  }

  /// One preference that the comparison induces, and its weight in the same units.
  package struct Pair: Hashable, Sendable {
    package enum Relation: String, Codable, Hashable, Sendable, CaseIterable { case better, shorter }
    package var chosen: Int
    package var rejected: Int
    package var weight: Double
    /// Why: the answer is better, or as good and shorter.
    package var relation: Relation
  }

  /// Scores of a group whose answers can be verified.
  ///
  /// The reward of i in the pair (i, k) is `alpha (C_i - C_k) + beta C_i C_k sgn(l_k - l_i)`; a score is the sum over
  /// all k. In closed form a wrong response has `-alpha K` and a right one
  /// `alpha W + beta (right and longer - right and shorter)`, with K right and W wrong ones; equal lengths count for
  /// nothing. So it takes O(G log G). Scores add up to 0, and every right response beats every wrong one when
  /// `alpha >= beta`.
  ///
  /// - Parameters:
  ///   - correct: for each response.
  ///   - lengths: above 0, in tokens of the whole response; only their order counts.
  ///   - alpha: what being right is worth; the authors' 10.
  ///   - beta: what being shorter is worth; the authors' 1.
  ///   - anchors: whether two virtual responses take part, a wrong one of length 0 and a right one of infinite length.
  ///     They count towards the scores, the mean and the deviation, so that a group that is all right is still graded
  ///     by length and one that is all wrong has advantages below 0.
  package static func verifiable(
    correct: [Bool], lengths: [Double], alpha: Double = 10, beta: Double = 1, anchors: Bool = true,
    norm: AdvantageNorm = .sampleStd
  ) -> Scored {
    let right = zip(correct, lengths).lazy.filter(\.0).map(\.1).sorted()
    let extra = anchors ? 1 : 0
    let rightCount = Double(right.count + extra)
    let wrongCount = Double(correct.count - right.count + extra)
    let scores = zip(correct, lengths).map { isRight, length in
      guard isRight else { return -alpha * rightCount }
      let shorter = right.firstIndexSorted { $0 >= length }
      let longer = right.count - right.firstIndexSorted { $0 > length } + extra
      return alpha * wrongCount + beta * Double(longer - shorter)
    }
    let virtual = anchors ? [-alpha * rightCount, alpha * wrongCount - beta * Double(right.count)] : []
    return Scored(scores: scores, advantages: norm.advantages(scores, virtual: virtual))
  }

  /// The pairs behind ``verifiable(correct:lengths:alpha:beta:anchors:norm:)``, virtual responses left out.
  package static func pairs(
    correct: [Bool], lengths: [Double], alpha: Double = 10, beta: Double = 1
  ) -> [Pair] {
    unordered(correct.count).compactMap { i, k in
      switch (correct[i], correct[k]) {
      case (false, false): nil
      case (true, false): Pair(chosen: i, rejected: k, weight: alpha, relation: .better)
      case (false, true): Pair(chosen: k, rejected: i, weight: alpha, relation: .better)
      case (true, true): shorter(i, k, lengths, beta)
      }
    }
  }

  /// Scores of a group that a judge compared in pairs.
  ///
  /// The winner of a pair has `alpha`, and `beta` more if its reasoning is also shorter; the loser has the negative. A
  /// tie gives `beta` to the shorter reasoning. A response of bad format has `penalty` in each of its pairs instead,
  /// while its partner keeps what it has; so scores add up to 0 only where all formats are good.
  ///
  /// - Parameters:
  ///   - verdicts: for i < k: 1 where i is better, -1 where k is, 0 for a tie.
  ///   - lengths: of the reasoning alone.
  ///   - alpha: the authors' 5.
  ///   - beta: the authors' 1.
  ///   - penalty: the authors' -100.
  package static func fuzzy(
    verdicts: (_ i: Int, _ k: Int) -> Int, lengths: [Double], wellFormed: [Bool], alpha: Double = 5,
    beta: Double = 1, penalty: Double = -100, norm: AdvantageNorm = .sampleStd
  ) -> Scored {
    var scores = [Double](repeating: 0, count: lengths.count)
    for (i, k) in unordered(lengths.count) {
      let reward = reward(verdicts(i, k), lengths[i], lengths[k], alpha, beta)
      scores[i] += wellFormed[i] ? reward : penalty
      scores[k] += wellFormed[k] ? -reward : penalty
    }
    return Scored(scores: scores, advantages: norm.advantages(scores))
  }

  /// The pairs behind ``fuzzy(verdicts:lengths:wellFormed:alpha:beta:penalty:norm:)``; responses of bad format are in
  /// none.
  package static func pairs(
    verdicts: (_ i: Int, _ k: Int) -> Int, lengths: [Double], wellFormed: [Bool], alpha: Double = 5,
    beta: Double = 1
  ) -> [Pair] {
    unordered(lengths.count).compactMap { i, k in
      guard wellFormed[i], wellFormed[k] else { return nil }
      let verdict = verdicts(i, k)
      guard verdict != 0 else { return shorter(i, k, lengths, beta) }
      let weight = abs(reward(verdict, lengths[i], lengths[k], alpha, beta))
      return verdict > 0
        ? Pair(chosen: i, rejected: k, weight: weight, relation: .better)
        : Pair(chosen: k, rejected: i, weight: weight, relation: .better)
    }
  }

  /// What the first of a pair earns; the second earns the negative.
  private static func reward(
    _ verdict: Int, _ first: Double, _ second: Double, _ alpha: Double, _ beta: Double
  ) -> Double {
    let length = first < second ? beta : first > second ? -beta : 0
    return switch verdict.signum() {
    case 1: alpha + max(length, 0)
    case -1: -alpha + min(length, 0)
    default: length
    }
  }

  private static func shorter(_ i: Int, _ k: Int, _ lengths: [Double], _ beta: Double) -> Pair? {
    if lengths[i] == lengths[k] || beta == 0 { return nil }
    let (short, long) = lengths[i] < lengths[k] ? (i, k) : (k, i)
    return Pair(chosen: short, rejected: long, weight: beta, relation: .shorter)
  }

  private static func unordered(_ count: Int) -> [(Int, Int)] {
    (0..<count).flatMap { i in (i + 1..<max(count, i + 1)).map { (i, $0) } }
  }
}

extension Array {
  /// The first index whose element satisfies a condition that all later ones satisfy too; O(log n).
  fileprivate func firstIndexSorted(where condition: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if condition(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
