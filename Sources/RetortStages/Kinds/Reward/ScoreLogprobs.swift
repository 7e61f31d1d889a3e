internal import OrderedCollections
package import RetortCore

/// Finds how likely a policy finds the tokens of an existing completion.
package struct ScoreLogprobs: RowStage {
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
  ]

  package static func workload(of config: Config) -> Workload {
    // The tokens of the turns, those of the text, and what they are worth; llama.cpp is asked for the prompt besides.
    Workload(prompt: config.prompt?.text, keepsRows: true) { _ in 3...4 }
  }

  package struct Config: Codable, Sendable {
    package var model: ModelRef
    package var prompt: PromptFile?
    package var system: String?
    package var completion: String?

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
  private let prompt: Prompt
  private let system: String?
  private let completion: String

  package init(_ config: Config, in workspace: Workspace) throws {
    model = try workspace.scorer(config.model)
    prompt = try Prompt(text: config.prompt?.text ?? "{{question}}")
    system = config.system
    completion = config.completion ?? "completion"
    reads = prompt.names.map { ColumnUse($0) } + [ColumnUse(completion)]
  }

  package func process(_ input: Columns) async throws -> Outcome<Output> {
    let messages =
      (system.map { [.system($0)] } ?? []) + [ChatMessage.user(try prompt.render(input.values).trimmed)]
    let tokens = try await model.logprobs(of: input[completion]?.string ?? "", after: messages)
    guard !tokens.isEmpty else {
      return .drop(
        reason: "no completion",
        detail: "expected a text in '\(completion)', found \(input.found(completion))")
    }
    return .emit([Output(logprobs: tokens.map(\.logprob))])
  }
}
