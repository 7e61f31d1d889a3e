package import RetortCore

/// Keeps the share of a set with the highest rewards.
package struct FilterRewardTop: SetStage {
  package static let name = "filter-reward-top"
  package static let version = 1
  package static let isForeseeable = true
  package static let summary = "Keep the share of the rows, or of each group, that has the highest rewards."
  package static let keys = [
    "strategy": RewardStrategy.help,
    "top_fraction": "Share of the rows to keep, above 0 and at most 1; rounded up to whole rows.",
  ]

  package struct Config: Codable, Sendable {
    package var strategy: RewardStrategy?
    package var topFraction: Double

    package enum CodingKeys: String, CodingKey {
      case strategy
      case topFraction = "top_fraction"
    }

    package init(strategy: RewardStrategy? = nil, topFraction: Double) {
      self.strategy = strategy
      self.topFraction = topFraction
    }
  }

  package typealias Input = Columns
  package typealias Output = NoColumns

  package var reads: [ColumnUse] { [ColumnUse(strategy.column)] }
  package var adds: [String]? { [] }
  private let strategy: RewardStrategy
  private let fraction: Double

  package init(_ config: Config, in workspace: Workspace) throws {
    strategy = config.strategy ?? .average
    fraction = config.topFraction
    guard fraction > 0, fraction <= 1 else {
      throw StageError("top_fraction: expected above 0 and at most 1, found \(fraction)")
    }
  }

  package func process(_ rows: RowSet<Columns>, into sink: KeepingSink<NoColumns>) async throws {
    var rewards: [Double] = []
    var ordinals: [Int] = []
    for try await row in rows {
      if let reward = try strategy.reward(of: row.value) {
        rewards.append(reward)
        ordinals.append(row.ordinal)
      } else {
        let bad = Columns.unreadable(strategy.column)
        try await sink.drop(row.ordinal, reason: bad.reason, detail: bad.detail)
      }
    }
    let keep = Int((fraction * Double(rewards.count) - 1e-9).rounded(.up))
    // Equal rewards: the earlier row wins, so that the choice does not depend on the sort.
    let ranked = rewards.indices.sorted { (-rewards[$0], $0) < (-rewards[$1], $1) }
    for (rank, place) in ranked.enumerated() {
      if rank < keep {
        try await sink.keep(ordinals[place], adding: NoColumns())
      } else {
        try await sink.drop(
          ordinals[place], reason: "low reward",
          detail: "\(strategy.column) \(rewards[place]) is number \(rank + 1) of \(rewards.count)")
      }
    }
  }
}
