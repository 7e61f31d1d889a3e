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
    "model": "The model that continues fragments; left out, rows with a fragment are dropped.",
    "max_tokens": "Most tokens of a continuation; default 512.",
    "seed": "Seed of the draw; default none.",
  ]

  package static func workload(of config: Config) -> Workload { Workload(maxTokens: config.maxTokens) }

  package struct Config: Codable, Sendable {
    package var model: ModelRef?
    package var maxTokens: Int?
    package var seed: Int?

    package enum CodingKeys: String, CodingKey {
      case model, seed
      case maxTokens = "max_tokens"
    }

    package init(model: ModelRef? = nil) { self.model = model }
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

    package enum CodingKeys: String, CodingKey {
      case completeCot = "complete_cot"
      case cotContinued = "cot_continued"
    }

    package init(completeCot: String, cotContinued: Bool) {
      self.completeCot = completeCot
      self.cotContinued = cotContinued
    }
  }

  private let model: (any ChatModel)?
  private let sampling: Sampling

  package init(_ config: Config, in workspace: Workspace) throws {
    model = try config.model.map(workspace.chat)
    sampling = try SamplingKeys.check(
      Sampling(temperature: 0, seed: config.seed, maxTokens: config.maxTokens ?? 512))
  }

  package func process(_ input: Input) async throws -> Outcome<Output> {
    func agrees(_ text: String) -> Bool? {
      StatedAnswer.agrees(stated: text, with: input.answer, to: input.question)
    }
    if agrees(input.cot) == true {
      return .emit([Output(completeCot: input.cot, cotContinued: false)])
    }
    guard let model else {
      return .drop(
        reason: "rationale is a fragment",
        detail:
          "expected a rationale that states the answer \"\(input.answer)\", found \"…\(input.cot.suffix(80))\""
      )
    }
    let reply = try await model.reply(to: ChatRequest(Self.messages(input), sampling: sampling))
    if let flaw = reply.flaw { return .drop(reason: flaw, detail: reply.ending) }
    let whole = "\(input.cot.trimmed)\n\(StatedAnswer.spoken(reply.text))"
    guard agrees(whole) == true else {
      return .drop(
        reason: "continuation misses the answer",
        detail:
          "expected the answer \"\(input.answer)\" at its end, found \"…\(reply.text.trimmed.suffix(80))\"")
    }
    return .emit([Output(completeCot: whole, cotContinued: true)])
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
