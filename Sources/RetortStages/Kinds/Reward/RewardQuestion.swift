internal import Foundation
package import RetortCore

/// What a question is worth to whoever learns from it, and so to the model that wrote it: nothing where all answers pass or
/// none does, and nothing where its own answer does not stand (Agentic Self-Learning, arXiv 2510.14253; absolute_zero is the
/// rule of arXiv 2505.03335).
package struct RewardQuestion: RowStage {
  package enum Rule: String, Codable, Hashable, Sendable, CaseIterable {
    case entropy
    case absoluteZero = "absolute_zero"
  }

  package struct Config: Codable, Sendable {
    package var rule: Rule?
    package var passRate: String?
    package var check: String?
    package var leastCheck: Double?

    package init(
      rule: Rule? = nil, passRate: String? = nil, check: String? = nil, leastCheck: Double? = nil
    ) {
      self.rule = rule
      self.passRate = passRate
      self.check = check
      self.leastCheck = leastCheck
    }

    package enum CodingKeys: String, CodingKey {
      case rule, check
      case passRate = "pass_rate"
      case leastCheck = "least_check"
    }
  }

  package typealias Input = Columns

  package struct Output: Codable, Hashable, Sendable {
    /// 0 where the check is not passed, else as ``rewardDifficulty``.
    package var reward: Double
    /// By the answers alone: nats from 0 to ln 2 under entropy, 0 ..< 1 under absolute_zero.
    package var rewardDifficulty: Double
    /// Whether the reward is above 0.
    package var accepted: Bool

    package enum CodingKeys: String, CodingKey {
      case reward, accepted
      case rewardDifficulty = "reward_difficulty"
    }
  }

  package static let name = "reward-question"
  package static let version = 1
  package static let isForeseeable = true
  package static let summary =
    "Reward a question by how its answers differ: nothing where all pass or none, or where its own answer does not stand."
  package static let keys = [
    "rule":
      "entropy (-p ln p - (1 - p) ln (1 - p), at most 0.693 at a half; the default) or absolute_zero (1 - p, and 0 at p = 0), of "
      + "the pass rate p.",
    "pass_rate": "The column with the share of answers that pass, 0 to 1; default 'pass_rate'.",
    "check":
      "The column with the share of checks that the question's own answer passed, 0 to 1; default none: nothing is checked.",
    "least_check": "With check: the least share that stands; default 0.8, which is 4 of 5.",
  ]
  package static let plots = PlottedColumns.own([PlottedColumn("reward")])

  private let rule: Rule
  private let passRate: String
  private let check: String?
  private let leastCheck: Double

  package init(_ config: Config, in workspace: Workspace) throws {
    rule = config.rule ?? .entropy
    passRate = config.passRate ?? "pass_rate"
    check = config.check
    leastCheck = config.leastCheck ?? 0.8
    guard config.leastCheck == nil || check != nil else {
      throw StageError("least_check: expected check: with it, found none")
    }
    guard (0...1).contains(leastCheck) else {
      throw StageError("least_check: expected 0 to 1, found \(leastCheck)")
    }
  }

  package var reads: [ColumnUse] { [passRate, check].compactMap { $0.map { ColumnUse($0) } } }

  package func process(_ input: Columns) async throws -> Outcome<Output> {
    do {
      let difficulty = Self.reward(rule, of: try share(passRate, of: input))
      let stands = try check.map { try share($0, of: input) >= leastCheck } ?? true
      let reward = stands ? difficulty : 0
      return .emit([Output(reward: reward, rewardDifficulty: difficulty, accepted: reward > 0)])
    } catch let bad as BadRow {
      return .drop(reason: bad.reason, detail: bad.detail)
    }
  }

  static func reward(_ rule: Rule, of p: Double) -> Double {
    guard p > 0, p < 1 else { return 0 }
    return switch rule {
    case .entropy: -p * log(p) - (1 - p) * log(1 - p)
    case .absoluteZero: 1 - p
    }
  }

  private func share(_ column: String, of row: Columns) throws -> Double {
    guard let share = row[column]?.number, (0...1).contains(share) else {
      throw BadRow("no share", "\(column): expected a number from 0 to 1, found \(row.found(column))")
    }
    return share
  }
}
