internal import OrderedCollections
package import RetortCore

/// Writes chains of thought for a question, within a budget measured by the question's length.
package struct SynthesizeRationale: PromptingStage {
  package static let name = "synthesize-rationale"
  package static let version = 4
  package static let summary =
    "Write a chain of thought for each question, with the answer shown or withheld, and record which."
  package static let keys = [
    "model": "The teacher.",
    "prompt":
      "File with the system prompt; names: question, instruction, demonstrations, show_answer, end_with_answer, budget. "
      + "Default: ours.",
    "show_answer": "Whether the question is followed by its answer; default true. Recorded in saw_answer.",
    "budget_factor": "Tokens the prompt allows, as a multiple of the question's; default 2.1.",
    "limit_factor": "Tokens after which the reply is cut, as a multiple of the question's; default 3.",
    "keep_truncated": "Keep replies that reached the limit (cot_finish: length); default false.",
    "demonstrations": DemonstrationLayout.help,
    "tokens": TokenCount.help,
    "rationale_rules": RationaleRule.help,
    "demonstration_answers":
      "End each demonstration's rationale with 'The answer is …', where it states none and the answer is known; "
      + "default false.",
    "end_with_answer":
      "Ask for the last line 'The answer is …' where the answer is shown too, as is asked where it is withheld and of the "
      + "reward's prompt; default false.",
    "demonstration_rationale":
      "The demonstrations' column that is shown as their rationale; those without it are left out. Default 'cot'.",
  ].merging(SamplingKeys.help.filter { !["max_tokens", "stop"].contains($0.key) }) { own, _ in own }
  package static let laterKeys: Set = [
    "tokens", "rationale_rules", "demonstration_answers", "demonstration_rationale", "end_with_answer",
  ]
  package static let sets = [TaskInstruction.role]

  package static let drawsSamples = true

  package static func workload(of config: Config) -> Workload {
    Workload(samples: config.samples, repairs: 0, prompt: config.prompt?.text, countKeys: ["samples"])
  }

  package struct Config: Codable, Sendable {
    package var model: ModelRef
    package var prompt: PromptFile?
    package var showAnswer: Bool?
    package var budgetFactor: Double?
    package var limitFactor: Double?
    package var keepTruncated: Bool?
    package var demonstrations: DemonstrationLayout?
    package var tokens: TokenCount?
    package var rationaleRules: [RationaleRule]?
    package var demonstrationAnswers: Bool?
    package var demonstrationRationale: String?
    package var endWithAnswer: Bool?
    package var samples: Int?
    package var temperature: Double?
    package var topP: Double?
    package var seed: Int?

    package enum CodingKeys: String, CodingKey {
      case model, prompt, samples, temperature, seed, demonstrations, tokens
      case showAnswer = "show_answer"
      case budgetFactor = "budget_factor"
      case limitFactor = "limit_factor"
      case keepTruncated = "keep_truncated"
      case topP = "top_p"
      case rationaleRules = "rationale_rules"
      case demonstrationAnswers = "demonstration_answers"
      case demonstrationRationale = "demonstration_rationale"
      case endWithAnswer = "end_with_answer"
    }

    package init(
      model: ModelRef, prompt: PromptFile? = nil, showAnswer: Bool? = nil, samples: Int? = nil,
      seed: Int? = nil, tokens: TokenCount? = nil, rationaleRules: [RationaleRule]? = nil,
      demonstrationAnswers: Bool? = nil, demonstrationRationale: String? = nil, endWithAnswer: Bool? = nil
    ) {
      self.endWithAnswer = endWithAnswer
      self.model = model
      self.prompt = prompt
      self.showAnswer = showAnswer
      self.samples = samples
      self.seed = seed
      self.tokens = tokens
      self.rationaleRules = rationaleRules
      self.demonstrationAnswers = demonstrationAnswers
      self.demonstrationRationale = demonstrationRationale
    }
  }

  package struct Input: Codable, Sendable {
    package var question: String
    package var answer: String?
    package var demonstrations: [JSON]?

    package init(question: String, answer: String? = nil, demonstrations: [JSON]? = nil) {
      self.question = question
      self.answer = answer
      self.demonstrations = demonstrations
    }
  }

  package struct Output: Codable, Hashable, Sendable {
    package var cot: String
    /// Whether the teacher was shown the answer: a rationale that was is no evidence that the teacher finds it.
    package var sawAnswer: Bool
    /// Why the reply ended: `stop`, `length`…
    package var cotFinish: String

    package enum CodingKeys: String, CodingKey {
      case cot
      case sawAnswer = "saw_answer"
      case cotFinish = "cot_finish"
    }

    package init(cot: String, sawAnswer: Bool, cotFinish: String) {
      self.cot = cot
      self.sawAnswer = sawAnswer
      self.cotFinish = cotFinish
    }
  }

  private let model: any ChatModel
  private let prompt: Prompt
  private let instruction: TaskInstruction
  private let showAnswer: Bool
  private let endsWithAnswer: Bool
  private let factors: (stated: Double, limit: Double)
  private let tokens: TokenCounter
  private let keepTruncated: Bool
  private let place: DemonstrationLayout
  private let rationales: RationaleDemonstrations
  private let rules: RationaleRules
  private let samples: Int
  private let sampling: Sampling

  package init(_ config: Config, in workspace: Workspace) throws {
    model = try workspace.chat(config.model)
    prompt = try Prompt(text: config.prompt?.text ?? PromptText.rationale)
    instruction = TaskInstruction(workspace)
    showAnswer = config.showAnswer ?? true
    endsWithAnswer = config.endWithAnswer ?? false
    if endsWithAnswer, let file = config.prompt, !prompt.names.contains("end_with_answer") {
      throw StageError(
        "end_with_answer: expected the section {{#end_with_answer}} in '\(file.path)', found none")
    }
    factors = (config.budgetFactor ?? 2.1, config.limitFactor ?? 3)
    guard factors.stated > 0, factors.limit >= factors.stated, factors.limit < 1000 else {
      throw StageError(
        "budget_factor, limit_factor: expected 0 < budget <= limit < 1000, "
          + "found \(factors.stated) and \(factors.limit)")
    }
    tokens = try TokenCounter(config.tokens, by: config.model, in: workspace)
    keepTruncated = config.keepTruncated ?? false
    place = config.demonstrations ?? .system
    rationales = RationaleDemonstrations(
      column: config.demonstrationRationale, endsWithAnswer: config.demonstrationAnswers ?? false)
    rules = RationaleRules(rules: Set(config.rationaleRules ?? []))
    samples = try SamplingKeys.samples(config.samples)
    sampling = try SamplingKeys.check(
      Sampling(temperature: config.temperature, topP: config.topP, seed: config.seed))
  }

  package func process(_ input: Input) async throws -> Outcome<Output> {
    let shown = showAnswer ? input.answer : nil
    if showAnswer, shown == nil {
      return .drop(
        reason: "no answer to show",
        detail: "expected a value in 'answer'; to do without, say show_answer: false")
    }
    let budget = try await budget(of: input.question)
    let messages = try await messages(input, budget, answer: shown)
    var sampling = sampling
    sampling.maxTokens = budget.limit
    let replies = try await SamplingKeys.draw(
      samples, of: ChatRequest(messages, sampling: sampling), from: model, rows: true)
    var bare = input
    bare.demonstrations = nil
    let told =
      rules.rules.contains(.instruction) ? try await system(bare, budget, answer: shown) : ""
    return Outcome(
      replies.map { reply in
        let kept = keepTruncated && reply.end == .truncated
        if reply.flaw == nil || kept,
          let broken = rules.violations(in: reply.text, question: input.question, instruction: told).first
        {
          return .leftOut(reason: broken.rule.reason, detail: broken.message)
        }
        return reply.sampled(flaw: kept ? nil : reply.flaw) {
          Output(cot: $0.text.trimmed, sawAnswer: shown != nil, cotFinish: $0.finishReason)
        }
      })
  }

  package var promptKeys: Set<String> {
    let own: Set = [
      "prompt", "budget_factor", "demonstrations", "tokens", "demonstration_answers",
      "demonstration_rationale",
    ]
    // What the model counts is in the prompt.
    return tokens.mode == .endpoint ? own.union(["model"]) : own
  }
  package var promptReads: [ColumnUse] {
    [ColumnUse("question"), ColumnUse(SharedColumns.demonstrations, required: false)]
  }
  package var promptParts: Set<PromptPart> { [.system] }

  package func prompt(of row: Columns) async throws -> [ChatMessage] {
    var input = try Row(row.values).view(as: Input.self)
    input.answer = nil
    return try await messages(input, try await budget(of: input.question), answer: nil)
  }

  private func budget(of question: String) async throws -> TokenBudget {
    TokenBudget(tokens: try await tokens.count(question), stated: factors.stated, limit: factors.limit)
  }

  private func messages(_ input: Input, _ budget: TokenBudget, answer: String?) async throws -> [ChatMessage]
  {
    let turns =
      place == .system
      ? []
      : try DemonstrationTurns.messages(
        rationales.shown(input.demonstrations ?? []),
        ask: { Self.user(try $0.text("question"), answer: answer == nil ? nil : try $0.text("answer")) },
        answer: { try $0.text("cot") })
    return [.system(try await system(input, budget, answer: answer))] + turns
      + [.user(Self.user(input.question, answer: answer))]
  }

  private func system(_ input: Input, _ budget: TokenBudget, answer: String?) async throws -> String {
    try prompt.render([
      "question": .string(input.question), "instruction": .string(try await instruction.value),
      "demonstrations": .array(place == .system ? rationales.shown(input.demonstrations ?? []) : []),
      "show_answer": .bool(answer != nil), "end_with_answer": .bool(answer != nil && endsWithAnswer),
      "budget": .int(Int64(budget.stated)),
    ])
  }

  private static func user(_ question: String, answer: String?) -> String {
    question + (answer.map { "\n\nAnswer: \($0)" } ?? "")
  }
}
