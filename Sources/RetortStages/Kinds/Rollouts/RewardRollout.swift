package import RetortCore

/// A reward of a conversation with tools: what is right, what is well-formed, and what the tools were for.
///
/// By weights, or in a paper's own form (``DeepEyes``), to the letter.
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
    "max_bad_calls":
      "Most calls of a tool that was not offered, or with arguments that do not fit its schema, in a good format; default no bound, since such a call is answered with its fault and earns nothing.",
    "tool_weight": "Weight of a successful call; default 0.",
    "tool_when":
      "accurate: calls count only where the accuracy is above the threshold; always: in any case. Default accurate.",
    "threshold": "The accuracy above which an answer counts as right; default 0.5.",
    "call_penalty":
      "The share of the accuracy that is taken off where anything was called, 0 to 1; default 0.",
    "form":
      "A paper's form instead of weights: deepeyes (0.8 accuracy + 0.2 format in {-1, 0} + 1.2 for a right answer after an image came back; maths: 1.2 accuracy + 0.4 format) or deepeyes-v2 (0.8 accuracy + 0.2 format in {0, 1}; search: a tenth less accuracy where a search was called).",
    "task": "With 'form': perception, maths or search (deepeyes-v2); default perception.",
    "task_column": "With 'form': the column that says it of each row, in place of 'task'.",
    "searches": "With 'form': names of the tools that search; default [search].",
    "messages": "Column of the conversation; default 'messages'.",
    "answer": "Column of the final answer; default 'final_answer'.",
  ]
  package static let laterKeys: Set<String> = ["form", "task", "task_column", "searches", "max_bad_calls"]
  package static let plots = PlottedColumns.own([PlottedColumn("reward")])

  package enum ToolWhen: String, Codable, Hashable, Sendable, CaseIterable { case accurate, always }

  package struct Config: Codable, Sendable {
    package var accuracy: String?
    package var accuracyWeight: Double?
    package var formatWeight: Double?
    package var formatValues: [Double]?
    package var maxBadCalls: Int?
    package var toolWeight: Double?
    package var toolWhen: ToolWhen?
    package var threshold: Double?
    package var callPenalty: Double?
    package var messages: String?
    package var answer: String?
    package var form: DeepEyes.Version?
    package var task: DeepEyes.Task?
    package var taskColumn: String?
    package var searches: [String]?

    package enum CodingKeys: String, CodingKey {
      case accuracy, threshold, messages, answer, form, task, searches
      case taskColumn = "task_column"
      case accuracyWeight = "accuracy_weight"
      case formatWeight = "format_weight"
      case formatValues = "format_values"
      case maxBadCalls = "max_bad_calls"
      case toolWeight = "tool_weight"
      case toolWhen = "tool_when"
      case callPenalty = "call_penalty"
    }

    package init(
      accuracyWeight: Double? = nil, formatWeight: Double? = nil, formatValues: [Double]? = nil,
      maxBadCalls: Int? = nil, toolWeight: Double? = nil, toolWhen: ToolWhen? = nil,
      callPenalty: Double? = nil,
      form: DeepEyes.Version? = nil, task: DeepEyes.Task? = nil, taskColumn: String? = nil
    ) {
      self.form = form
      self.task = task
      self.taskColumn = taskColumn
      self.accuracyWeight = accuracyWeight
      self.formatWeight = formatWeight
      self.formatValues = formatValues
      self.maxBadCalls = maxBadCalls
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
    if let most = config.maxBadCalls, most < 0 {
      throw StageError("max_bad_calls: expected 0 or more, found \(most)")
    }
    if let penalty = config.callPenalty, !(0...1).contains(penalty) {
      throw StageError("call_penalty: expected 0 to 1, found \(penalty)")
    }
    try Self.checkForm(config)
    formats = (values[0], values[1])
    columns = RolloutReading(messages: config.messages, answer: config.answer)
    accuracy = config.accuracy ?? "correct"
    reads =
      [ColumnUse(accuracy)] + columns.reads(answerRequired: true)
      + (config.taskColumn.map { [ColumnUse($0)] } ?? [])
    self.config = config
  }

  /// Errors: ``StageError`` for keys that do not go together.
  private static func checkForm(_ config: Config) throws {
    let weights: [(String, Bool)] = [
      ("accuracy_weight", config.accuracyWeight != nil), ("format_weight", config.formatWeight != nil),
      ("format_values", config.formatValues != nil), ("max_bad_calls", config.maxBadCalls != nil),
      ("tool_weight", config.toolWeight != nil),
      ("tool_when", config.toolWhen != nil), ("threshold", config.threshold != nil),
      ("call_penalty", config.callPenalty != nil),
    ]
    let ofForms: [(String, Bool)] = [
      ("task", config.task != nil), ("task_column", config.taskColumn != nil),
      ("searches", config.searches != nil),
    ]
    guard let form = config.form else {
      guard let key = ofForms.first(where: \.1)?.0 else { return }
      throw StageError("\(key): expected 'form' beside it", at: [key], isAboutKey: true)
    }
    if let key = weights.first(where: \.1)?.0 {
      throw StageError(
        "\(key): expected none with form \(form.rawValue), which has its own", at: [key], isAboutKey: true)
    }
    if config.task != nil, config.taskColumn != nil {
      throw StageError("task_column: expected none beside 'task'", at: ["task_column"], isAboutKey: true)
    }
    if form == .first, config.task == .search {
      throw StageError("task: expected perception or maths with form deepeyes, found search", at: ["task"])
    }
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
    if let form = config.form { return try score(input, right, form) }
    let isWhole =
      record.flaw() == nil && !columns.answer(input).isEmpty
      && record.badCalls <= config.maxBadCalls ?? .max
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

  private func score(_ row: Columns, _ right: Double, _ form: DeepEyes.Version) throws -> Outcome<Output> {
    var task = config.task ?? .perception
    if let column = config.taskColumn {
      let known = DeepEyes.Task.allCases.filter { form == .second || $0 != .search }
      guard let found = known.first(where: { $0.rawValue == row[column]?.string }) else {
        return .drop(
          reason: "task unknown",
          detail:
            "expected \(known.map(\.rawValue).joined(separator: ", ")) in '\(column)', found \(row[column]?.text.prefix(60) ?? "none")"
        )
      }
      task = found
    }
    let trajectory = try columns.trajectory(row, searches: Set(config.searches ?? ["search"]))
    let score = DeepEyes.score(trajectory, version: form, task: task, accuracy: right)
    return .emit([
      Output(
        reward: score.reward, rewardAccuracy: score.accuracy, rewardFormat: score.format,
        rewardTool: score.tool)
    ])
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
