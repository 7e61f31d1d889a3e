internal import OrderedCollections
package import RetortCore

/// What a row has of a conversation with tools.
package struct RolloutColumns: Codable, Hashable, Sendable {
  /// As the wire had them.
  package var messages: JSON
  /// The schemas that were offered, JSON as text.
  package var tools: String
  package var finalAnswer: String
  /// Before the answer, in the last turn.
  package var reasoning: String
  /// Replies of the model.
  package var turns: Int
  package var toolCalls: Int
  /// Of those calls, the ones that came to a fault.
  package var toolErrors: Int
  /// Replies that were cut where the model went on with a result of its own.
  package var forgedResults: Int
  package var stopReason: String
  /// Tokens that the model wrote.
  package var length: Int
  /// The question's row, `r_…`: the same for all its rollouts.
  package var group: String

  package enum CodingKeys: String, CodingKey, CaseIterable {
    case messages, tools
    case finalAnswer = "final_answer"
    case reasoning, turns
    case toolCalls = "tool_calls"
    case toolErrors = "tool_errors"
    case forgedResults = "forged_results"
    case stopReason = "stop_reason"
    case length, group
  }

  static let names = CodingKeys.allCases.map(\.rawValue)
  /// Those of a row whose answer stands in a column of its own, and which is no sample of a group.
  static let besideAnswer = names.filter { !["final_answer", "reasoning", "length", "group"].contains($0) }

  init(_ played: Rollout.Played, _ use: ToolUse, group: String) {
    messages = played.messages.json
    tools = use.offered
    finalAnswer = played.answer
    reasoning = played.reasoning
    turns = played.turns
    toolCalls = played.calls
    toolErrors = played.errors
    forgedResults = played.forged
    stopReason = played.stop.words
    length = played.length
    self.group = group
  }
}

extension ToolUse {
  /// A rollout as one sample of a row: left out where it came to a bound and those are dropped.
  func sampled<Output>(_ played: Rollout.Played, _ output: () -> Output) -> Sampled<Output> {
    guard bounds.onLimit == .drop, played.stop.isLimit else { return .output(output()) }
    return .leftOut(reason: played.stop.words, detail: "after \(played.turns) turns, \(played.calls) calls")
  }
}

extension Workload {
  /// A call for each turn of each sample.
  mutating func countTurns(_ most: Int?) {
    let (samples, turns) = (Double(samples), Double(max(1, most ?? ToolUse.defaultTurns)))
    calls = { _ in samples...(samples * turns) }
    countKeys.formUnion(["max_turns", "tools"])
  }
}
