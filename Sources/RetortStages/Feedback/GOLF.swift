import Foundation
internal import RetortCore

/// The rules of GOLF (arXiv 2603.04597 and its repository's hybrid trainer): which groups are hard, which attempts a
/// refinement sees, and which members it replaces.
enum GOLF {
  /// Where a right refinement is put into its group.
  enum Strategy: String, Codable, Hashable, Sendable, CaseIterable {
    /// Into hard groups.
    case adaptive
    /// Into hard ones, and into three of ten of the others.
    case hybrid
    /// Into each that has a wrong member.
    case always
  }

  /// The share of groups that are not hard and take a refinement all the same (``Strategy/hybrid``).
  static let hybridShare = 0.3

  /// Only the whole reward is right: partial credit is not.
  static func isRight(_ score: Double) -> Bool { score == 1 }

  /// Right ones that a group needs in order not to be hard: `ceil(tau n)` in binary64, as the authors take it.
  static func needed(_ count: Int, tau: Double) -> Int { Int((tau * Double(count)).rounded(.up)) }

  static func isHard(_ scores: [Double], tau: Double) -> Bool {
    scores.count(where: isRight) < needed(scores.count, tau: tau)
  }

  /// An attempt and what its part of a prompt takes, in tokens.
  struct Attempt: Hashable, Sendable {
    /// Of the response alone: attempts are sorted by it.
    let response: Int
    /// Of the response with its critique and what stands around them.
    let segment: Int
    let score: Double
  }

  /// The failed attempts, shortest response first, until the next one no longer fits: then no other either.
  ///
  /// - Parameters:
  ///   - room: tokens that the segments may take together.
  ///   - onlyWrong: whether right ones are left out.
  /// - Returns: places in `attempts`: those that go in, and those that do not.
  static func pack(
    _ attempts: [Attempt], room: Int, onlyWrong: Bool = true
  ) -> (included: [Int], leftOut: [Int]) {
    let order = attempts.indices.filter { !onlyWrong || !isRight(attempts[$0].score) }
      .sorted { (attempts[$0].response, $0) < (attempts[$1].response, $1) }
    var left = room
    var count = 0
    for place in order {
      guard attempts[place].segment <= left else { break }
      left -= attempts[place].segment
      count += 1
    }
    return (Array(order[..<count]), Array(order[count...]))
  }

  /// Which members of a group refinements replace: as many as there are right refinements, wrong members and `most`, each
  /// chosen with equal chance.
  ///
  /// - Parameter eligible: places of the refinements that may be put in.
  static func injections(
    _ scores: [Double], eligible: [Int], tau: Double, most: Int, strategy: Strategy,
    _ random: inout SplitMix64
  ) -> [(member: Int, refinement: Int)] {
    let takes =
      switch strategy {
      case .adaptive: isHard(scores, tau: tau)
      case .hybrid: isHard(scores, tau: tau) || Double(random.below(1000)) < hybridShare * 1000
      case .always: true
      }
    let wrong = scores.indices.filter { !isRight(scores[$0]) }
    let count = takes ? min(most, wrong.count, eligible.count) : 0
    let (members, chosen) = (random.shuffled(wrong).prefix(count), random.shuffled(eligible).prefix(count))
    return Array(zip(members.sorted(), chosen))
  }

  /// The group's reward less its mean; no division.
  static func advantages(_ rewards: [Double]) -> [Double] {
    let mean = rewards.reduce(0, +) / Double(max(1, rewards.count))
    return rewards.map { $0 - mean }
  }

  /// What a token of a refinement counts under the original prompt: p / (p + lambda).
  static func weight(logprob: Double, lambda: Double = 0.1) -> Double {
    let p = exp(logprob)
    return p / (p + lambda)
  }
}
