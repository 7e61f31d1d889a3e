internal import OrderedCollections
internal import RetortCore

/// What a judge compares of a response, and whether the response has the form that it was asked for (TWYN's fuzzy
/// tasks, in the authors' `alpaca.py`).
struct ResponseForm: Sendable {
  struct Response: Sendable {
    /// Of the reasoning, in characters.
    let length: Double
    let answer: String
    let isWellFormed: Bool
  }

  private let reasoningLimit: Int?
  private let answerLimit: Int?
  private let counter: TokenCounter

  init(_ config: LengthQualityConfig, judge: ModelRef, in workspace: Workspace) throws {
    reasoningLimit = config.reasoningLimit
    answerLimit = config.answerLimit
    guard reasoningLimit ?? 1 >= 1, answerLimit ?? 1 >= 1 else {
      throw StageError(
        "reasoning_limit, answer_limit: expected 1 token or more, found \(reasoningLimit ?? answerLimit ?? 0) and "
          + "\(answerLimit ?? reasoningLimit ?? 0)")
    }
    if config.tokens != nil, reasoningLimit == nil, answerLimit == nil {
      throw StageError("tokens: expected reasoning_limit or answer_limit with it, found neither")
    }
    counter = try TokenCounter(config.tokens, by: judge, in: workspace)
  }

  /// A response without a thought has all that it says for its reasoning, and one without an answer for its answer, as
  /// in the authors' code, which splits one text at `</think>`.
  ///
  /// Errors: ``ModelError`` where an endpoint counts tokens.
  func response(_ row: Columns) async throws -> Response {
    let reasoning = row["reasoning"]?.string ?? ""
    // Of a rollout with tools, whose `answer` is the known one.
    let isRollout = row["completion"] == nil && row["final_answer"]?.string != nil
    let answer =
      switch row[isRollout ? "final_answer" : "answer"] {
      case nil, .null: ""
      case .string(let text): text
      case let value?: value.text
      }
    let whole = row["completion"]?.string ?? ""
    var isWellFormed =
      !reasoning.trimmed.isEmpty && !answer.trimmed.isEmpty
      && ReplyEnd(row["finish_reason"]?.string ?? "") != .truncated
    if isWellFormed, let reasoningLimit {
      isWellFormed = try await counter.count(reasoning) <= reasoningLimit
    }
    if isWellFormed, let answerLimit { isWellFormed = try await counter.count(answer) <= answerLimit }
    let judged = answer.trimmed.isEmpty ? whole : answer
    let thought = reasoning.trimmed.isEmpty ? (whole.isEmpty ? judged : whole) : reasoning
    return Response(length: Double(thought.count), answer: judged, isWellFormed: isWellFormed)
  }
}
