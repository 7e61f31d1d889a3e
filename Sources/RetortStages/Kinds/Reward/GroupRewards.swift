internal import OrderedCollections
internal import RetortCore

/// The rewards of the groups of a set as GR3 takes them: 0 or more, with lengths.
struct GroupRewards: Sendable {
  /// How rewards that may be negative are brought to [0, 1], each group by itself.
  enum Map: String, Codable, Sendable, CaseIterable { case sigmoid, minmax }

  struct Group: Sendable {
    let ordinals: [Int]
    let rewards: [Double]
    let lengths: [Double]
  }

  static let laterKeys: Set = ["reference"]

  static let help = [
    "reward": "The column with the reward: a number of 0 or more, or a Boolean. Default 'reward'.",
    "map":
      "Brings rewards that may be negative to 0…1: sigmoid (of each), or minmax (over its group). Default: as they are.",
    "reference":
      "With map: sigmoid: the column with the score of a reference response, which each score is taken relative to (Eq. 17).",
  ]

  private let column: String
  private let map: Map?
  private let reference: String?

  init(column: String?, map: Map?, reference: String?) throws {
    self.column = column ?? "reward"
    self.map = map
    self.reference = reference
    guard reference == nil || map == .sigmoid else {
      throw StageError(
        "reference: expected map: sigmoid with it, found \(map.map { "map: \($0.rawValue)" } ?? "no map")")
    }
  }

  var reads: [ColumnUse] {
    RewardGroups<Double>.reads + [ColumnUse(column), ColumnUse("length")]
      + (reference.map { [ColumnUse($0)] } ?? [])
  }

  /// Errors: ``StageError`` at a negative reward that no map brings to 0 or more.
  func groups(of rows: RowSet<Columns>, dropping sink: some SetSink) async throws -> [Group] {
    let groups = try await RewardGroups(of: rows, dropping: sink) {
      row throws(BadRow) -> (reward: Double, length: Double) in
      let reward = try row.reward(column)
      guard let reference else { return (reward, try row.length()) }
      return (
        GR3.relative(reward, to: try row.number(reference, reason: "bad reference")), try row.length()
      )
    }.groups
    return try groups.map { group in
      Group(
        ordinals: group.ordinals,
        rewards: try mapped(group.members.map(\.reward), of: group.name, at: group.ordinals),
        lengths: group.members.map(\.length))
    }
  }

  private func mapped(_ rewards: [Double], of group: String, at ordinals: [Int]) throws -> [Double] {
    switch map {
    case .sigmoid: return reference == nil ? rewards.map(Logistic.probability) : rewards
    case .minmax:
      let (low, high) = (rewards.min() ?? 0, rewards.max() ?? 0)
      // Equal ones are all the group's best.
      return rewards.map { low == high ? 1 : ($0 - low) / (high - low) }
    case nil:
      guard let negative = rewards.firstIndex(where: { $0 < 0 }) else { return rewards }
      throw StageError(
        "column '\(column)': expected 0 or more, since a negative reward would grow with length, found "
          + "\(rewards[negative]) in group '\(group)' (row \(ordinals[negative]) of the set); "
          + "say map: sigmoid or map: minmax, or give wrong answers 0")
    }
  }
}

/// The candidates of a calibration and the rate to reach.
struct Calibration: Sendable {
  static let help = [
    "candidates": "The alphas to choose from, each above 0; default 0.05, 0.1, 0.2, 0.33, 0.5, 1, 1.5.",
    "target":
      "Share of the groups in which a best response of mean length must not lose, above 0, at most 1; default 0.999.",
  ]

  private let candidates: [Double]
  private let target: Double

  init(candidates: [Double]?, target: Double?) throws {
    self.candidates = candidates ?? [0.05, 0.1, 0.2, 0.33, 0.5, 1, 1.5]
    self.target = target ?? 0.999
    guard !self.candidates.isEmpty, self.candidates.allSatisfy({ $0 > 0 && $0.isFinite }) else {
      throw StageError("candidates: expected numbers above 0, found \(self.candidates)")
    }
    guard self.target > 0, self.target <= 1 else {
      throw StageError("target: expected above 0 and at most 1, found \(self.target)")
    }
  }

  /// Errors: ``StageError`` when no group's rewards differ.
  func table(_ groups: [GroupRewards.Group]) throws -> [GR3.Candidate] {
    let table = GR3.calibrate(
      groups.map { ($0.rewards, $0.lengths) }, candidates: candidates, target: target)
    guard let table else {
      throw StageError(
        "expected a group whose rewards differ to calibrate on, found none among \(groups.count); "
          + "sample more rollouts (and do not calibrate with per:), or give alpha a number")
    }
    return table
  }
}
