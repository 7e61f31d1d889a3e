internal import OrderedCollections
package import RetortCore

/// Scores a rationale with a reward model, as the answer to two prompts: with the demonstrations and without (the
/// dual reward of Less is More, arXiv 2504.16408).
package struct ScoreReward: RowStage {
  package static let name = "score-reward"
  package static let version = 1
  package static let summary =
    "Score each chain of thought with a reward model, with and without demonstrations in the prompt."
  package static let keys = [
    "model": "The reward model; with a reward model under using, the embedding model it was fitted on.",
    "prompt": "File with the user prompt; names: instruction, demonstrations, question. Default: ours.",
  ]
  package static let sets = [TaskInstruction.role, FittedReward.role]

  package static let plots = PlottedColumns.own([
    PlottedColumn("reward_with_few_shot", unit: unit, in: dual, legend: "with few-shot"),
    PlottedColumn("reward_without_few_shot", unit: unit, in: dual, legend: "without (zero-shot)"),
    PlottedColumn("reward_average", unit: unit),
  ])
  private static let unit = "logits"
  private static let dual = PlottedColumn.Shared("reward with and without few-shot", axis: "reward")

  package static func workload(of config: Config) -> Workload { Workload(prompt: config.prompt?.text) }

  package struct Config: Codable, Sendable {
    package var model: ModelRef
    package var prompt: PromptFile?

    package init(model: ModelRef, prompt: PromptFile? = nil) {
      self.model = model
      self.prompt = prompt
    }
  }

  package struct Input: Codable, Sendable {
    package var question: String
    package var cot: String
    package var demonstrations: [JSON]?

    package init(question: String, cot: String, demonstrations: [JSON]? = nil) {
      self.question = question
      self.cot = cot
      self.demonstrations = demonstrations
    }
  }

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
  private let prompt: Prompt
  private let instruction: TaskInstruction

  package init(_ config: Config, in workspace: Workspace) throws {
    if let fitted = workspace.set(FittedReward.role.name, as: Columns.self) {
      model = FittedReward(try workspace.embedding(config.model), fitted)
    } else {
      model = try workspace.reward(config.model)
    }
    prompt = try Prompt(text: config.prompt?.text ?? PromptText.rewardQuestion)
    instruction = TaskInstruction(workspace)
  }

  package func process(_ input: Input) async throws -> Outcome<Output> {
    let demonstrations = input.demonstrations ?? []
    let bare = try await conversation(input, [])
    let full = try await conversation(input, demonstrations)
    async let without = model.score(bare)
    // Without demonstrations both prompts are the same text: one call serves both.
    let with = try await demonstrations.isEmpty ? without : model.score(full)
    let zero = try await without
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

  private func conversation(_ input: Input, _ demonstrations: [JSON]) async throws -> [ChatMessage] {
    let text = try prompt.render([
      "instruction": .string(try await instruction.value), "demonstrations": .array(demonstrations),
      "question": .string(input.question),
    ])
    return [.user(text.trimmed), .assistant(input.cot)]
  }
}
