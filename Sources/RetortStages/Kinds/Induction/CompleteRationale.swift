internal import OrderedCollections
package import RetortCore

/// Makes labelled rationales that break off into whole ones that end with their answer, for demonstrations to show.
///
/// The labelled rationales of the shared task are often fragments; a demonstration that breaks off teaches breaking
/// off. The labels stay with the rationale that they were made for.
package struct CompleteRationale: RowStage {
  package static let name = "complete-rationale"
  package static let version = 1
  package static let summary =
    "Add each labelled rationale as a whole: as it is where it reaches the answer, else continued by a model or left out."
  package static let keys = [
    "model":
      "The model that continues fragments; left out, rows with a fragment are dropped, or ended by append_answer.",
    "append_answer":
      "End a rationale that states no answer with 'The answer is …' from the labels: without a model every fragment, with one "
      + "where its continuation states none. One that states another answer is dropped. Default false.",
    "max_tokens": "Most tokens of a continuation; default 512.",
    "seed": "Seed of the draw; default none.",
  ]

  package static let laterKeys: Set = ["append_answer"]

  package static func workload(of config: Config) -> Workload { Workload(maxTokens: config.maxTokens) }

  package struct Config: Codable, Sendable {
    package var model: ModelRef?
    package var maxTokens: Int?
    package var seed: Int?
    package var appendAnswer: Bool?

    package enum CodingKeys: String, CodingKey {
      case model, seed
      case appendAnswer = "append_answer"
      case maxTokens = "max_tokens"
    }

    package init(model: ModelRef? = nil, appendAnswer: Bool? = nil) {
      self.model = model
      self.appendAnswer = appendAnswer
    }
  }

  package struct Input: Codable, Sendable {
    package var question: String
    package var answer: String
    package var cot: String

    package init(question: String, answer: String, cot: String) {
      self.question = question
      self.answer = answer
      self.cot = cot
    }
  }

  package struct Output: Codable, Hashable, Sendable {
    /// The rationale with its answer at its end.
    package var completeCot: String
    /// Whether a model wrote its end.
    package var cotContinued: Bool
    /// Whether its last line was appended from the labels; only with `append_answer`.
    package var answerAppended: Bool?

    package enum CodingKeys: String, CodingKey {
      case completeCot = "complete_cot"
      case cotContinued = "cot_continued"
      case answerAppended = "answer_appended"
    }

    package init(completeCot: String, cotContinued: Bool, answerAppended: Bool? = nil) {
      self.answerAppended = answerAppended
      self.completeCot = completeCot
      self.cotContinued = cotContinued
    }
  }

  package var adds: [String]? { ["complete_cot", "cot_continued"] + (appends ? ["answer_appended"] : []) }

  private let model: (any ChatModel)?
  private let appends: Bool
  private let sampling: Sampling

  package init(_ config: Config, in workspace: Workspace) throws {
    model = try config.model.map(workspace.chat)
    appends = config.appendAnswer ?? false
    sampling = try SamplingKeys.check(
      Sampling(temperature: 0, seed: config.seed, maxTokens: config.maxTokens ?? 512))
  }

  package func process(_ input: Input) async throws -> Outcome<Output> {
    func agrees(_ text: String) -> Bool? {
      StatedAnswer.agrees(stated: text, with: input.answer, to: input.question)
    }
    if agrees(input.cot) == true { return emit(input.cot, isContinued: false) }
    guard let model else {
      guard appends else {
        return .drop(
          reason: "rationale is a fragment",
          detail:
            "expected a rationale that states the answer \"\(input.answer)\", found \"…\(input.cot.suffix(80))\""
        )
      }
      return appended(input.cot, input, isContinued: false, otherwise: "rationale contradicts the answer")
    }
    let reply = try await model.reply(to: ChatRequest(Self.messages(input), sampling: sampling))
    if let flaw = reply.flaw { return .drop(reason: flaw, detail: reply.ending) }
    let whole = "\(input.cot.trimmed)\n\(StatedAnswer.spoken(reply.text))"
    if agrees(whole) == true { return emit(whole, isContinued: true) }
    let missed = "continuation misses the answer"
    if appends { return appended(whole, input, isContinued: true, otherwise: missed) }
    return .drop(
      reason: missed,
      detail:
        "expected the answer \"\(input.answer)\" at its end, found \"…\(reply.text.trimmed.suffix(80))\"")
  }

  private func emit(_ text: String, isContinued: Bool, isAppended: Bool = false) -> Outcome<Output> {
    .emit([
      Output(completeCot: text, cotContinued: isContinued, answerAppended: appends ? isAppended : nil)
    ])
  }

  /// `text` with the labelled answer at its end, unless it states another.
  private func appended(
    _ text: String, _ input: Input, isContinued: Bool, otherwise reason: String
  ) -> Outcome<Output> {
    // Of thoughts without an end the last line would be one.
    if let ended = RationaleDemonstrations.ended(text, answer: input.answer, question: input.question),
      StatedAnswer.agrees(stated: ended, with: input.answer, to: input.question) == true
    {
      return emit(ended, isContinued: isContinued, isAppended: true)
    }
    return .drop(
      reason: reason,
      detail:
        "expected a rationale that states no answer but \"\(input.answer)\", found \"…\(text.trimmed.suffix(80))\""
    )
  }

  private static func messages(_ input: Input) -> [ChatMessage] {
    let answer = StatedAnswer.option(input.answer) ?? input.answer
    return [
      .system(
        """
        A line of reasoning about a question breaks off. Go on from its last word: write the steps that are missing, \
        repeat none, and end with the line "The answer is \(answer)". Write the continuation alone.
        """),
      .user("Question:\n\(input.question)\n\nReasoning:\n\(input.cot.trimmed)"),
    ]
  }
}
