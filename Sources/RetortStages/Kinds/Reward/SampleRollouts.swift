internal import OrderedCollections
package import RetortCore

/// Draws several responses to each question: a group of rollouts.
package struct SampleRollouts: PromptingStage {
  package static let name = "sample-rollouts"
  package static let version = 2
  package static let summary =
    "Draw several responses to each question from a chat model: a group of rollouts."
  package static let keys = [
    "model": "The model whose rollouts they are.",
    "prompt": "File with the user prompt; its names are columns. Default: the column 'question'.",
    "system": "System prompt; default none.",
    "logprobs": "Whether to ask for each token's log-probability; default false.",
    "tokens": TokenCount.help + " Asked only for a response whose length the endpoint does not report.",
  ].merging(SamplingKeys.help.merging(["samples": "Rollouts of a question, 1 to 1024; default 8."]) { $1 }) {
    own, _ in own
  }

  package static let laterKeys: Set = ["tokens"]

  package static let drawsSamples = true
  private static let defaultSamples = 8

  package static func workload(of config: Config) -> Workload {
    Workload(
      samples: config.samples ?? defaultSamples, repairs: 0, prompt: config.prompt?.text,
      maxTokens: config.maxTokens,
      countKeys: ["samples"], keepsRows: true)
  }

  package struct Config: Codable, Sendable {
    package var model: ModelRef
    package var prompt: PromptFile?
    package var system: String?
    package var logprobs: Bool?
    package var tokens: TokenCount?
    package var samples: Int?
    package var temperature: Double?
    package var topP: Double?
    package var seed: Int?
    package var maxTokens: Int?
    package var stop: [String]?

    package enum CodingKeys: String, CodingKey {
      case model, prompt, system, logprobs, tokens, samples, temperature, seed, stop
      case topP = "top_p"
      case maxTokens = "max_tokens"
    }

    package init(
      model: ModelRef, samples: Int? = nil, logprobs: Bool? = nil, system: String? = nil,
      tokens: TokenCount? = nil
    ) {
      self.model = model
      self.tokens = tokens
      self.samples = samples
      self.logprobs = logprobs
      self.system = system
    }
  }

  package typealias Input = Columns

  package struct Output: Codable, Hashable, Sendable {
    package var completion: String
    /// As the endpoint separates it, or the thoughts in the text; empty where there is none.
    package var reasoning: String
    package var answer: String
    /// Tokens of the whole response, reasoning included.
    package var length: Int
    package var lengthSource: LengthSource
    /// Why the response ended: `stop`, `length`…
    package var finishReason: String
    /// The question's row, `r_…`: the same for all its rollouts.
    package var group: String
    /// Of each token, natural logarithms under the model that sampled them.
    package var logprobs: [Double]?

    package enum CodingKeys: String, CodingKey {
      case completion, reasoning, answer, length
      case lengthSource = "length_source"
      case finishReason = "finish_reason"
      case group, logprobs
    }

    package func encode(to encoder: any Encoder) throws {
      var fields = encoder.container(keyedBy: CodingKeys.self)
      try fields.encode(completion, forKey: .completion)
      try fields.encode(reasoning, forKey: .reasoning)
      try fields.encode(answer, forKey: .answer)
      try fields.encode(length, forKey: .length)
      try fields.encode(lengthSource, forKey: .lengthSource)
      try fields.encode(finishReason, forKey: .finishReason)
      try fields.encode(group, forKey: .group)
      // No column where none were asked for: `score-logprobs` may add its own.
      if let logprobs { try fields.encode(logprobs, forKey: .logprobs) }
    }
  }

  package enum LengthSource: String, Codable, Hashable, Sendable, CaseIterable {
    /// As the server counted.
    case usage
    /// As many as it reported log-probabilities.
    case logprobs
    /// Characters divided by 4: the server did not say.
    case estimate
    /// Estimated by the characters' scripts: the server did not say.
    case wide
    /// Asked of the server afterwards.
    case endpoint

    init(_ count: TokenCount) {
      switch count {
      case .estimate: self = .estimate
      case .wide: self = .wide
      case .endpoint: self = .endpoint
      }
    }
  }

  package let reads: [ColumnUse]
  package var adds: [String]? {
    ColumnUse.properties(of: Output.self).map(\.name).filter { wantsLogprobs || $0 != "logprobs" }
  }
  private let model: any ChatModel
  private let prompt: Prompt
  private let system: String?
  private let wantsLogprobs: Bool
  private let tokens: TokenCounter
  private let samples: Int
  private let sampling: Sampling

  package init(_ config: Config, in workspace: Workspace) throws {
    model = try workspace.chat(config.model)
    prompt = try Prompt(text: config.prompt?.text ?? "{{question}}")
    system = try PlainText.checked(config.system, under: "system")
    wantsLogprobs = config.logprobs ?? false
    tokens = try TokenCounter(config.tokens, by: config.model, in: workspace)
    samples = try SamplingKeys.samples(config.samples ?? Self.defaultSamples)
    sampling = try SamplingKeys.check(
      Sampling(
        temperature: config.temperature, topP: config.topP, seed: config.seed, maxTokens: config.maxTokens,
        stop: config.stop))
    reads = prompt.reads
  }

  package var promptKeys: Set<String> { ["prompt", "system"] }
  package var promptReads: [ColumnUse] { reads }
  package var promptParts: Set<PromptPart> { TemplateParts.of(prompt, hasSystem: system != nil) }

  package func prompt(of row: Columns) throws -> [ChatMessage] {
    (system.map { [.system($0)] } ?? []) + [.user(try prompt.render(row.values).trimmed)]
  }

  package func process(_ input: Columns) async throws -> Outcome<Output> {
    let replies = try await SamplingKeys.draw(
      samples,
      of: ChatRequest(try prompt(of: input), sampling: sampling, topLogprobs: wantsLogprobs ? 0 : nil),
      from: model, rows: true, accepting: check)
    let group = RowID.text(Digest(of: .object(input.values)))
    var outputs: [Output] = []
    for reply in replies { outputs.append(try await output(reply, group)) }
    return .emit(outputs)
  }

  private func check(_ reply: ChatReply) throws {
    if wantsLogprobs, reply.logprobs.isEmpty, !reply.text.isEmpty {
      throw ModelError(.unsupported, "expected log-probabilities in the reply (logprobs: true), found none")
    }
  }

  private func output(_ reply: ChatReply, _ group: String) async throws -> Output {
    let parts = ReadCompletion(reply.text, reasoning: reply.reasoning)
    let (length, source) = try await length(of: reply)
    return Output(
      completion: reply.text, reasoning: parts.reasoning, answer: parts.answer, length: length,
      lengthSource: source, finishReason: reply.finishReason, group: group,
      logprobs: wantsLogprobs ? reply.logprobs.map(\.logprob) : nil)
  }

  private func length(of reply: ChatReply) async throws -> (Int, LengthSource) {
    if reply.usage.completionTokens > 0 { return (reply.usage.completionTokens, .usage) }
    if !reply.logprobs.isEmpty { return (reply.logprobs.count, .logprobs) }
    let reasoning = reply.reasoning ?? ""
    let count =
      try await tokens.count(reply.text) + (reasoning.isEmpty ? 0 : try await tokens.count(reasoning))
    return (count, LengthSource(tokens.mode))
  }
}
