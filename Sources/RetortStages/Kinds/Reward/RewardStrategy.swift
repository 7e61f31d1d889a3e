internal import RetortCore

/// Which of the dual rewards a filter goes by.
package enum RewardStrategy: String, Codable, Hashable, Sendable, CaseIterable {
  case withFewShot = "with_few_shot"
  case withoutFewShot = "without_few_shot"
  case average

  package var column: String { "reward_" + rawValue }

  static let help = "The reward to go by: with_few_shot, without_few_shot or average; default average."

  /// The row's reward; nil where it is null. Errors: ``StageError`` when the column holds no number.
  func reward(of row: Columns) throws -> Double? {
    if row.isUnread(column) { return nil }
    guard let value = row[column]?.number, value.isFinite else {
      throw StageError(
        "column '\(column)': expected a number, found \(row[column]?.kind ?? "nothing")")
    }
    return value
  }
}
