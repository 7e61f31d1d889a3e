internal import Foundation
internal import RetortCore

/// Ranking of candidate instructions by a model's own preference: Reversal of Thought (arXiv 2410.12323).
///
/// Differences from the released code, each for a reason: a vote is read from the probability of both letters, not
/// from the likeliest token alone; both orders are asked, so that preference for a position cancels; strengthening
/// works on a copy with the pivot outermost, so that its result does not depend on the order of the candidates.
enum Preference {
  /// `matrix[i][j]`: how much candidate i is preferred to candidate j, from 0 to 1; the diagonal is 0.5.
  typealias Matrix = [[Double]]

  /// P_res: the arithmetic mean of the tokens' probabilities, from 0 to 1; nil without log-probabilities.
  static func responseProbability(_ logprobs: [Double]) -> Double? {
    logprobs.isEmpty ? nil : logprobs.reduce(0) { $0 + exponential($1) } / Double(logprobs.count)
  }

  /// P(A) / (P(A) + P(B)) at one position; a token counts for a letter when it is that letter but for white space
  /// and case. Nil when neither letter is among the tokens.
  static func vote(_ tokens: [(token: String, logprob: Double)]) -> Double? {
    var mass = ["A": 0.0, "B": 0.0]
    for (token, logprob) in tokens {
      let letter = token.trimmed.uppercased()
      if let sum = mass[letter] { mass[letter] = sum + exponential(logprob) }
    }
    guard let a = mass["A"], let b = mass["B"], a + b > 0 else { return nil }
    return a / (a + b)
  }

  /// The mean of both orders: `forward[i][j]` is the vote for i shown first, `forward[j][i]` the vote for j shown
  /// first. The result has P(i,j) + P(j,i) = 1.
  static func bothOrders(_ forward: Matrix) -> Matrix {
    forward.indices.map { i in
      forward.indices.map { j in i == j ? 0.5 : (forward[i][j] + 1 - forward[j][i]) / 2 }
    }
  }

  /// Transitive strengthening: P(i,k) = max(P(i,k), P(i,j) P(j,k)) for every pivot j. Afterwards P(i,k) + P(k,i)
  /// may be above 1: these are strengths, no longer probabilities.
  static func strengthened(_ matrix: Matrix) -> Matrix {
    var closed = matrix
    for j in matrix.indices {
      for i in matrix.indices where i != j {
        for k in matrix.indices where k != j && k != i {
          closed[i][k] = max(closed[i][k], closed[i][j] * closed[j][k])
        }
      }
    }
    return closed
  }

  /// S(i) = (P_res(i) + mean of P(i,j) over the others) / 2; a lone candidate has no others and scores P_res.
  static func scores(_ matrix: Matrix, responses: [Double]) -> [Double] {
    matrix.indices.map { i in
      guard matrix.count > 1 else { return responses[i] }
      let preferred = matrix.indices.filter { $0 != i }.reduce(0) { $0 + matrix[i][$1] }
      return (responses[i] + preferred / Double(matrix.count - 1)) / 2
    }
  }

  /// Position of the largest value; of equal ones the first. Nil for no values.
  static func best(_ values: [Double]) -> Int? {
    values.indices.max { (values[$0], -$0) < (values[$1], -$1) }
  }

  /// F1 of two lists of texts, from 0 to 1: predicted texts are matched one to one, in their order, with the
  /// unmatched reference whose words agree best, at a word F1 of at least `threshold`.
  static func listF1(_ predicted: [String], reference: [String], threshold: Double = 0.5) -> Double {
    guard !predicted.isEmpty, !reference.isEmpty else {
      return predicted.isEmpty && reference.isEmpty ? 1 : 0
    }
    var left = reference.map { WordList($0) }
    var matched = 0
    for text in predicted {
      let agreement = left.map { WordList(text).f1(with: $0) }
      guard let best = best(agreement), agreement[best] >= threshold else { continue }
      left.remove(at: best)
      matched += 1
    }
    return 2 * Double(matched) / Double(predicted.count + reference.count)
  }
}

private func exponential(_ value: Double) -> Double { exp(value) }
