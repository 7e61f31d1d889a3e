package import RetortCore

/// A reward of a conversation with tools: what is right, what is well-formed, and what the tools were for.
///
/// Forms of the field, by their keys: DeepEyes (arXiv 2505.14362, its repository's `vl_agent.py`) is 0.8 accuracy + 0.2
/// format in {-1, 0} + 1.2 for a tool where the answer is right; DeepEyesV2 (arXiv 2511.05271) is 0.8 accuracy, a tenth less
/// where a search was called, + 0.2 format in {0, 1}.
package struct RewardRollout: RowStage {
  package static let name = "reward-rollout"
  package static let version = 1
  package static let summary =
    "Score a conversation with tools: accuracy, format and use of tools, each with a weight."
  package static let keys = [
    "accuracy": "Column with the accuracy: true or false, or a number from 0 to 1; default 'correct'.",
    "accuracy_weight": "Weight of the accuracy; default 1.",
    "format_weight": "Weight of the format; default 0.",
    "format_values":
      "What a bad and a good format count as: [0, 1] by default. Bad are forged results, unbalanced tags, calls without a result and an empty answer.",
    "tool_weight": "Weight of a successful call; default 0.",
    "tool_when":
      "accurate: calls count only where the accuracy is above the threshold; always: in any case. Default accurate.",
    "threshold": "The accuracy above which an answer counts as right; default 0.5.",
    "call_penalty":
      "The share of the accuracy that is taken off where anything was called, 0 to 1; default 0.",
    "messages": "Column of the conversation; default 'messages'.",
    "answer": "Column of the final answer; default 'final_answer'.",
  ]
  package static let plots = PlottedColumns.own([PlottedColumn("reward")])

  package enum ToolWhen: String, Codable, Hashable, Sendable, CaseIterable { case accurate, always }

  package struct Config: Codable, Sendable {
    package var accuracy: String?
    package var accuracyWeight: Double?
    package var formatWeight: Double?
    package var formatValues: [Double]?
    package var toolWeight: Double?
    package var toolWhen: ToolWhen?
    package var threshold: Double?
    package var callPenalty: Double?
    package var messages: String?
    package var answer: String?

    package enum CodingKeys: String, CodingKey {
      case accuracy, threshold, messages, answer
      case accuracyWeight = "accuracy_weight"
      case formatWeight = "format_weight"
      case formatValues = "format_values"
      case toolWeight = "tool_weight"
      case toolWhen = "tool_when"
      case callPenalty = "call_penalty"
    }

    package init(
      accuracyWeight: Double? = nil, formatWeight: Double? = nil, formatValues: [Double]? = nil,
      toolWeight: Double? = nil, toolWhen: ToolWhen? = nil, callPenalty: Double? = nil
    ) {
      self.accuracyWeight = accuracyWeight
      self.formatWeight = formatWeight
      self.formatValues = formatValues
      self.toolWeight = toolWeight
      self.toolWhen = toolWhen
      self.callPenalty = callPenalty
    }
  }

  package typealias Input = Columns

  package struct Output: Codable, Hashable, Sendable {
    package var reward: Double
    /// The terms, each without its weight.
    package var rewardAccuracy: Double
    package var rewardFormat: Double
    package var rewardTool: Double

    package enum CodingKeys: String, CodingKey {
      case reward
      case rewardAccuracy = "reward_accuracy"
      case rewardFormat = "reward_format"
      case rewardTool = "reward_tool"
    }
  }

  package let reads: [ColumnUse]
  private let columns: RolloutReading
  private let accuracy: String
  private let config: Config
  private let formats: (bad: Double, good: Double)

  package init(_ config: Config, in workspace: Workspace) throws {
    let values = config.formatValues ?? [0, 1]
    guard values.count == 2, values.allSatisfy(\.isFinite) else {
      throw StageError(
        "format_values: expected two numbers, for a bad and for a good format, found \(values.count)")
    }
    if let penalty = config.callPenalty, !(0...1).contains(penalty) {
      throw StageError("call_penalty: expected 0 to 1, found \(penalty)")
    }
    formats = (values[0], values[1])
    columns = RolloutReading(messages: config.messages, answer: config.answer)
    accuracy = config.accuracy ?? "correct"
    reads = [ColumnUse(accuracy)] + columns.reads(answerRequired: true)
    self.config = config
  }

  package func process(_ input: Columns) async throws -> Outcome<Output> {
    let record = try columns.record(input)
    guard let right = Self.share(input[accuracy]) else {
      return .drop(
        reason: "accuracy unreadable",
        detail:
          "expected true, false or a number from 0 to 1 in '\(accuracy)', found \(input[accuracy]?.text.prefix(60) ?? "none")"
      )
    }
    let isWhole = record.flaw() == nil && !columns.answer(input).isEmpty
    let format = isWhole ? formats.good : formats.bad
    let isRight = right > config.threshold ?? 0.5
    let hasSucceeded = record.results.count > record.failures
    let tool: Double = hasSucceeded && (isRight || config.toolWhen == .always) ? 1 : 0
    let penalty = record.calls.isEmpty ? 0 : config.callPenalty ?? 0
    let reward =
      (config.accuracyWeight ?? 1) * right * (1 - penalty) + (config.formatWeight ?? 0) * format
      + (config.toolWeight ?? 0) * tool
    return .emit([Output(reward: reward, rewardAccuracy: right, rewardFormat: format, rewardTool: tool)])
  }

  /// What is unknown has not passed.
  private static func share(_ value: JSON?) -> Double? {
    switch value {
    case nil, .null: 0
    case .bool(let isRight): isRight ? 1 : 0
    case let value?: value.number.flatMap { (0...1).contains($0) ? $0 : nil }
    }
  }
}
