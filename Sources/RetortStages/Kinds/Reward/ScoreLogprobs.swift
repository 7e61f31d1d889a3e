internal import OrderedCollections
package import RetortCore

/// Finds how likely a policy finds the tokens of an existing completion.
package struct ScoreLogprobs: RowStage, PromptShowing {
  package static let name = "score-logprobs"
  package static let version = 1
  package static let summary =
    "Add the log-probability of each token of an existing completion under a model."
  package static let keys = [
    "model": "The policy, of kind vllm-logprobs or llama-logprobs.",
    "prompt":
      "File with the user prompt, the one the completion was sampled with. Default: the column 'question'.",
    "system": "System prompt, the one the completion was sampled with; default none.",
    "completion": "The column with the completion; default 'completion'.",
    PromptSource.key: PromptSource.help,
  ]
  package static let laterKeys: Set = [PromptSource.key]

  package static func workload(of config: Config) -> Workload {
    // The tokens of the turns, those of the text, and what they are worth; llama.cpp is asked for the prompt besides.
    Workload(prompt: config.prompt?.text, keepsRows: true) { _ in 3...4 }
  }

  package struct Config: Codable, Sendable {
    package var model: ModelRef
    package var prompt: PromptFile?
    package var system: String?
    package var completion: String?
    package var promptFrom: PromptSource?

    enum CodingKeys: String, CodingKey {
      case model, prompt, system, completion
      case promptFrom = "prompt_from"
    }

    package init(model: ModelRef, system: String? = nil) {
      self.model = model
      self.system = system
    }
  }

  package typealias Input = Columns

  package struct Output: Codable, Hashable, Sendable {
    /// Natural logarithms; the end of the turn is not among them.
    package var logprobs: [Double]
    package init(logprobs: [Double]) { self.logprobs = logprobs }
  }

  package let reads: [ColumnUse]
  private let model: any LogprobModel
  private let source: RenderedPrompt?
  private let prompt: Prompt
  private let hasOwnPrompt: Bool
  private let system: String?
  private let completion: String

  package init(_ config: Config, in workspace: Workspace) throws {
    model = try workspace.scorer(config.model)
    source = try workspace.prompt(
      config.promptFrom, besides: [("prompt", config.prompt != nil), ("system", config.system != nil)])
    prompt = try Prompt(text: config.prompt?.text ?? "{{question}}")
    hasOwnPrompt = config.prompt != nil
    system = try PlainText.checked(config.system, under: "system")
    completion = config.completion ?? "completion"
    reads = (source?.reads ?? prompt.reads) + [ColumnUse(completion)]
  }

  package var ownPrompt: Set<PromptPart>? {
    guard source == nil else { return nil }
    return Set((system == nil ? [] : [.system]) + (hasOwnPrompt ? [.template] : []))
  }

  private func ownPrompt(of row: Columns) throws -> [ChatMessage] {
    (system.map { [.system($0)] } ?? []) + [.user(try prompt.render(row.values).trimmed)]
  }

  package func process(_ input: Columns) async throws -> Outcome<Output> {
    let messages = try await source?.messages(of: input) ?? ownPrompt(of: input)
    let tokens = try await model.logprobs(of: input[completion]?.string ?? "", after: messages)
    guard !tokens.isEmpty else {
      return .drop(
        reason: "no completion",
        detail: "expected a text in '\(completion)', found \(input.found(completion))")
    }
    return .emit([Output(logprobs: tokens.map(\.logprob))])
  }
}
