internal import OrderedCollections
package import RetortCore

/// Scores a rationale with a reward model, as the answer to two prompts: with the demonstrations and without (the
/// dual reward of Less is More, arXiv 2504.16408).
package struct ScoreReward: RowStage, PromptShowing {
  package static let name = "score-reward"
  package static let version = 1
  package static let summary =
    "Score each chain of thought with a reward model, with and without demonstrations in the prompt."
  package static let keys = [
    "model": "The reward model; with a reward model under using, the embedding model it was fitted on.",
    "prompt": "File with the user prompt; names: instruction, demonstrations, question. Default: ours.",
    PromptSource.key: PromptSource.help + " The demonstrations are left out of one of the two.",
  ]
  package static let laterKeys: Set = [PromptSource.key]
  package static let sets = [TaskInstruction.role, FittedReward.role]

  package static let plots = PlottedColumns.own([
    PlottedColumn("reward_with_few_shot", unit: unit, in: dual, legend: "with few-shot"),
    PlottedColumn("reward_without_few_shot", unit: unit, in: dual, legend: "without (zero-shot)"),
    PlottedColumn("reward_average", unit: unit),
  ])
  private static let unit = "logits"
  private static let dual = PlottedColumn.Shared("reward with and without few-shot", axis: "reward")

  package static func workload(of config: Config) -> Workload {
    // With the demonstrations and without.
    Workload(prompt: config.prompt?.text, keepsRows: true) { _ in 1...2 }
  }

  package struct Config: Codable, Sendable {
    package var model: ModelRef
    package var prompt: PromptFile?
    package var promptFrom: PromptSource?

    enum CodingKeys: String, CodingKey {
      case model, prompt
      case promptFrom = "prompt_from"
    }

    package init(model: ModelRef, prompt: PromptFile? = nil, promptFrom: PromptSource? = nil) {
      self.model = model
      self.prompt = prompt
      self.promptFrom = promptFrom
    }
  }

  package typealias Input = Columns

  /// Logits: above 0 means more good than bad.
  package struct Output: Codable, Hashable, Sendable {
    package var rewardWithFewShot: Double
    package var rewardWithoutFewShot: Double
    /// Arithmetic mean of the two.
    package var rewardAverage: Double
    /// Where the logits come from: `raw`, `sigmoid-undone` or `logprob-odds`.
    package var rewardScale: String

    package enum CodingKeys: String, CodingKey {
      case rewardWithFewShot = "reward_with_few_shot"
      case rewardWithoutFewShot = "reward_without_few_shot"
      case rewardAverage = "reward_average"
      case rewardScale = "reward_scale"
    }

    package init(
      rewardWithFewShot: Double, rewardWithoutFewShot: Double, rewardAverage: Double,
      rewardScale: String
    ) {
      self.rewardWithFewShot = rewardWithFewShot
      self.rewardWithoutFewShot = rewardWithoutFewShot
      self.rewardAverage = rewardAverage
      self.rewardScale = rewardScale
    }
  }

  private let model: any RewardModel
  private let source: RenderedPrompt?
  private let prompt: Prompt
  private let hasOwnPrompt: Bool
  private let instruction: TaskInstruction

  package init(_ config: Config, in workspace: Workspace) throws {
    if let fitted = workspace.set(FittedReward.role.name, as: Columns.self) {
      model = FittedReward(try workspace.embedding(config.model), fitted)
    } else {
      model = try workspace.reward(config.model)
    }
    source = try workspace.prompt(config.promptFrom, besides: [("prompt", config.prompt != nil)])
    prompt = try Prompt(text: config.prompt?.text ?? PromptText.rewardQuestion)
    hasOwnPrompt = config.prompt != nil
    instruction = TaskInstruction(workspace)
  }

  package var reads: [ColumnUse] {
    let own = [ColumnUse("question"), ColumnUse(SharedColumns.demonstrations, required: false)]
    return ColumnUse.joined(source?.reads ?? own, [ColumnUse("cot")])
  }
  package var ownPrompt: Set<PromptPart>? {
    source == nil ? (hasOwnPrompt ? Set(PromptPart.allCases) : []) : nil
  }

  package func process(_ input: Columns) async throws -> Outcome<Output> {
    let cot = try Row(input.values).view(as: Scored.self).cot
    let bare = try await prompt(of: input, demonstrations: false) + [.assistant(cot)]
    let full = try await prompt(of: input, demonstrations: true) + [.assistant(cot)]
    // Without demonstrations both prompts are the same text: one call serves both.
    let prompts = full == bare ? [bare] : [bare, full]
    let scores = try await Together.results(prompts.count) { try await model.score(prompts[$0]) }
    let (zero, with) = (scores[0], scores[prompts.count - 1])
    guard with.isSane, zero.isSane else {
      return .drop(
        reason: "bad reward",
        detail: "expected scores up to \(RewardScore.largest) in size, found \(with.logit) and \(zero.logit)")
    }
    return .emit([
      Output(
        rewardWithFewShot: with.logit, rewardWithoutFewShot: zero.logit,
        rewardAverage: (with.logit + zero.logit) / 2, rewardScale: with.scale)
    ])
  }

  private func prompt(of row: Columns, demonstrations: Bool) async throws -> [ChatMessage] {
    if let source { return try await source.messages(of: row, demonstrations: demonstrations) }
    let asked = try Row(row.values).view(as: Asked.self)
    let text = try prompt.render([
      "instruction": .string(try await instruction.value),
      "demonstrations": .array(demonstrations ? asked.demonstrations ?? [] : []),
      "question": .string(asked.question),
    ])
    return [.user(text.trimmed)]
  }

  private struct Scored: Decodable { let cot: String }

  private struct Asked: Decodable {
    let question: String
    let demonstrations: [JSON]?
  }
}
