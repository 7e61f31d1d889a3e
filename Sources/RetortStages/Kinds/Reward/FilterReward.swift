package import RetortCore

/// Keeps rows whose reward is above a threshold.
package struct FilterReward: RowStage {
  package static let name = "filter-reward"
  package static let version = 1
  package static let isForeseeable = true
  package static let summary = "Keep rows whose reward is above a threshold."
  package static let keys = [
    "strategy": RewardStrategy.help,
    "threshold": "A logit; rows at or below it are dropped. Default 0: more good than bad.",
  ]

  package struct Config: Codable, Sendable {
    package var strategy: RewardStrategy?
    package var threshold: Double?

    package init(strategy: RewardStrategy? = nil, threshold: Double? = nil) {
      self.strategy = strategy
      self.threshold = threshold
    }
  }

  package typealias Input = Columns
  package typealias Output = NoColumns

  package var reads: [ColumnUse] { [ColumnUse(strategy.column)] }
  package var adds: [String]? { [] }
  private let strategy: RewardStrategy
  private let threshold: Double

  package init(_ config: Config, in workspace: Workspace) throws {
    strategy = config.strategy ?? .average
    threshold = config.threshold ?? 0
  }

  package func process(_ input: Columns) async throws -> Outcome<NoColumns> {
    guard let reward = try strategy.reward(of: input) else {
      let bad = Columns.unreadable(strategy.column)
      return .drop(reason: bad.reason, detail: bad.detail)
    }
    return reward > threshold
      ? .emit([NoColumns()])
      : .drop(reason: "low reward", detail: "\(strategy.column) \(reward) is not above \(threshold)")
  }
}
