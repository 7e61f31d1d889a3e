package import RetortCore

/// Lets conversations with tools go on whose form is whole.
package struct ValidateRollout: RowStage {
  package static let name = "validate-rollout"
  package static let version = 1
  package static let summary =
    "Drop conversations with tools that are ill-formed, have no answer, or repeat or fail too many calls."
  package static let laterKeys: Set = ["max_bad_calls", "max_forged"]
  package static let keys = [
    "messages": "Column of the conversation; default 'messages'.",
    "answer": "Column of the final answer; default 'final_answer'.",
    "require_answer": "Whether an empty answer drops the row; default true.",
    "require_call": "Whether a conversation without a call is dropped; default false.",
    "max_repeats": "How often one call may be made again with the same arguments; default no bound.",
    "max_errors": "Most calls that come to a fault; default no bound.",
    "max_bad_calls":
      "Most calls of a tool that was not offered, or with arguments that do not fit its schema; default no bound.",
    "max_forged":
      "Most replies that were cut since the model went on with a result of its own, by the column 'forged_results'; default no bound.",
    "tags": "Tags that must be closed in the turn that opens them; default think, tool_call, answer.",
    "result_tags":
      "Tags that only results have, so that a model that writes one has forged it; default tool_response, result, observation, information.",
  ]

  package struct Config: Codable, Sendable {
    package var messages: String?
    package var answer: String?
    package var requireAnswer: Bool?
    package var requireCall: Bool?
    package var maxRepeats: Int?
    package var maxErrors: Int?
    package var maxBadCalls: Int?
    package var maxForged: Int?
    package var tags: [String]?
    package var resultTags: [String]?

    package enum CodingKeys: String, CodingKey {
      case messages, answer, tags
      case requireAnswer = "require_answer"
      case requireCall = "require_call"
      case maxRepeats = "max_repeats"
      case maxErrors = "max_errors"
      case maxBadCalls = "max_bad_calls"
      case maxForged = "max_forged"
      case resultTags = "result_tags"
    }

    package init(
      requireCall: Bool? = nil, maxRepeats: Int? = nil, maxErrors: Int? = nil, maxBadCalls: Int? = nil,
      maxForged: Int? = nil, tags: [String]? = nil
    ) {
      self.maxBadCalls = maxBadCalls
      self.maxForged = maxForged
      self.requireCall = requireCall
      self.maxRepeats = maxRepeats
      self.maxErrors = maxErrors
      self.tags = tags
    }
  }

  package typealias Input = Columns
  package typealias Output = NoColumns

  package let reads: [ColumnUse]
  private let columns: RolloutReading
  private let config: Config

  package init(_ config: Config, in workspace: Workspace) throws {
    for (key, value) in [
      ("max_repeats", config.maxRepeats), ("max_errors", config.maxErrors),
      ("max_bad_calls", config.maxBadCalls), ("max_forged", config.maxForged),
    ] {
      if let value, value < 0 { throw StageError("\(key): expected 0 or more, found \(value)") }
    }
    columns = RolloutReading(messages: config.messages, answer: config.answer)
    reads =
      columns.reads(answerRequired: config.requireAnswer ?? true)
      + (config.maxForged == nil ? [] : [ColumnUse("forged_results", required: false)])
    self.config = config
  }

  package func process(_ input: Columns) async throws -> Outcome<NoColumns> {
    let record = try columns.record(input)
    if config.requireAnswer ?? true, columns.answer(input).isEmpty { return .drop(reason: "no answer") }
    if config.requireCall ?? false, record.calls.isEmpty { return .drop(reason: "no call") }
    if let flaw = record.flaw(
      paired: config.tags ?? RolloutRecord.paired, ofResults: config.resultTags ?? RolloutRecord.ofResults)
    {
      return .drop(reason: flaw.reason, detail: flaw.detail)
    }
    if let most = config.maxRepeats, record.repeats > most {
      return .drop(reason: "call repeated", detail: "made again \(record.repeats) times, at most \(most)")
    }
    if let most = config.maxErrors, record.failures > most {
      return .drop(reason: "too many failed calls", detail: "\(record.failures), at most \(most)")
    }
    if let most = config.maxBadCalls, record.badCalls > most {
      return .drop(reason: "too many bad calls", detail: "\(record.badCalls), at most \(most)")
    }
    if let most = config.maxForged, let forged = input["forged_results"]?.int, forged > most {
      return .drop(reason: "results forged", detail: "\(forged) replies, at most \(most)")
    }
    return .emit([NoColumns()])
  }
}

/// Where a row has its rollout.
struct RolloutReading: Sendable {
  private let messages: String
  private let answer: String

  init(messages: String?, answer: String?) {
    self.messages = messages ?? "messages"
    self.answer = answer ?? "final_answer"
  }

  func reads(answerRequired: Bool) -> [ColumnUse] {
    [ColumnUse(messages), ColumnUse(answer, required: answerRequired), ColumnUse("turns", required: false)]
  }

  func answer(_ row: Columns) -> String { row[answer]?.string?.trimmed ?? "" }

  /// Errors: ``StageError`` for a column that holds no conversation.
  func record(_ row: Columns) throws -> RolloutRecord {
    RolloutRecord(messages: try conversation(row), turns: (row["turns"]?.int).map { Int($0) })
  }

  /// Errors: those of ``record(_:)``.
  func trajectory(_ row: Columns, searches: Set<String>) throws -> DeepEyes.Trajectory {
    DeepEyes.Trajectory(
      messages: try conversation(row), turns: (row["turns"]?.int).map { Int($0) }, searches: searches)
  }

  private func conversation(_ row: Columns) throws -> [JSON] {
    guard let list = row[messages]?.array, list.allSatisfy({ $0["role"]?.string != nil }) else {
      throw StageError(
        "expected a list of messages with roles in '\(messages)', found \(row[messages]?.kind ?? "none")")
    }
    return list
  }
}
