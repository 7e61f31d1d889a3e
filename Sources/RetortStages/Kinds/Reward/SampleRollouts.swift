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
    "token_texts":
      "With logprobs: whether to add 'token_texts', the text of each token, so that weight-importance can tell whether a text was scored in the tokens that it was sampled in; default false.",
    ImageColumns.key: ImageColumns.help,
    "tokens": TokenCount.help + " Asked only for a response whose length the endpoint does not report.",
  ].merging(SamplingKeys.help.merging(["samples": "Rollouts of a question, 1 to 1024; default 8."]) { $1 }) {
    own, _ in own
  }.merging(ToolUse.help) { own, _ in own }

  package static let laterKeys: Set = ToolUse.keys.union(["tokens", "token_texts", ImageColumns.key])

  package static let drawsSamples = true
  private static let defaultSamples = 8

  package static func workload(of config: Config) -> Workload {
    var load = Workload(
      samples: config.samples ?? defaultSamples, repairs: 0, prompt: config.prompt?.text,
      maxTokens: config.maxTokens,
      countKeys: ["samples"], keepsRows: true)
    if config.tools != nil { load.countTurns(config.maxTurns) }
    return load
  }

  package struct Config: Codable, Sendable {
    package var model: ModelRef
    package var prompt: PromptFile?
    package var system: String?
    package var logprobs: Bool?
    package var tokenTexts: Bool?
    package var tokens: TokenCount?
    package var samples: Int?
    package var temperature: Double?
    package var topP: Double?
    package var seed: Int?
    package var maxTokens: Int?
    package var stop: [String]?
    package var tools: [ToolRef]?
    package var form: CallFormName?
    package var tags: [String: String]?
    package var examples: [ExampleRollout]?
    package var maxTurns: Int?
    package var maxContextTokens: Int?
    package var maxToolTokens: Int?
    package var onLimit: OnLimit?
    package var images: [String]?

    package enum CodingKeys: String, CodingKey {
      case model, prompt, system, logprobs, tokens, samples, temperature, seed, stop, tools, tags, examples,
        images
      case form = "protocol"
      case tokenTexts = "token_texts"
      case topP = "top_p"
      case maxTokens = "max_tokens"
      case maxTurns = "max_turns"
      case maxContextTokens = "max_context_tokens"
      case maxToolTokens = "max_tool_tokens"
      case onLimit = "on_limit"
    }

    var toolKeys: ToolUse.Keys {
      ToolUse.Keys(
        tools: tools, form: form, tags: tags, examples: examples, maxTurns: maxTurns,
        maxContextTokens: maxContextTokens, maxToolTokens: maxToolTokens, onLimit: onLimit)
    }

    package init(
      model: ModelRef, samples: Int? = nil, logprobs: Bool? = nil, system: String? = nil,
      tokens: TokenCount? = nil, tokenTexts: Bool? = nil
    ) {
      self.model = model
      self.tokens = tokens
      self.samples = samples
      self.logprobs = logprobs
      self.tokenTexts = tokenTexts
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
    /// Of each token, as the server writes it.
    package var tokenTexts: [String]?
    /// In place of the completion, where the model may call tools.
    package var rollout: RolloutColumns?

    package enum CodingKeys: String, CodingKey {
      case completion, reasoning, answer, length
      case lengthSource = "length_source"
      case finishReason = "finish_reason"
      case group, logprobs
      case tokenTexts = "token_texts"
    }

    package init(
      completion: String, reasoning: String, answer: String, length: Int, lengthSource: LengthSource,
      finishReason: String, group: String, logprobs: [Double]? = nil, tokenTexts: [String]? = nil,
      rollout: RolloutColumns? = nil
    ) {
      self.completion = completion
      self.reasoning = reasoning
      self.answer = answer
      self.length = length
      self.lengthSource = lengthSource
      self.finishReason = finishReason
      self.group = group
      self.logprobs = logprobs
      self.tokenTexts = tokenTexts
      self.rollout = rollout
    }

    package func encode(to encoder: any Encoder) throws {
      if let rollout { return try rollout.encode(to: encoder) }
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
      if let tokenTexts { try fields.encode(tokenTexts, forKey: .tokenTexts) }
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
    if tools != nil { return RolloutColumns.names }
    let left = Set((wantsLogprobs ? [] : ["logprobs"]) + (wantsTexts ? [] : ["token_texts"]))
    return ColumnUse.properties(of: Output.self).map(\.name).filter { !left.contains($0) }
  }
  private let model: any ChatModel
  private let prompt: Prompt
  private let system: String?
  private let wantsLogprobs: Bool
  private let wantsTexts: Bool
  private let tokens: TokenCounter
  private let samples: Int
  private let sampling: Sampling
  private let tools: ToolUse?
  private let images: ImageColumns

  package init(_ config: Config, in workspace: Workspace) throws {
    model = try workspace.chat(config.model)
    prompt = try Prompt(text: config.prompt?.text ?? "{{question}}")
    system = try PlainText.checked(config.system, under: "system")
    wantsLogprobs = config.logprobs ?? false
    wantsTexts = config.tokenTexts ?? false
    guard wantsLogprobs || !wantsTexts else {
      throw StageError("token_texts: expected logprobs: true with it, found none")
    }
    tokens = try TokenCounter(config.tokens, by: config.model, in: workspace)
    samples = try SamplingKeys.samples(config.samples ?? Self.defaultSamples)
    sampling = try SamplingKeys.check(
      Sampling(
        temperature: config.temperature, topP: config.topP, seed: config.seed, maxTokens: config.maxTokens,
        stop: config.stop))
    tools = try config.toolKeys.use(of: config.model, in: workspace)
    images = try ImageColumns(config.images)
    if tools != nil, wantsLogprobs {
      throw StageError(
        "logprobs: expected it without 'tools', since a rollout has several replies, found both")
    }
    reads = ColumnUse.joined(prompt.reads, images.reads)
  }

  package var promptKeys: Set<String> { ["prompt", "system", ImageColumns.key] }
  package var promptReads: [ColumnUse] { reads }
  package var promptParts: Set<PromptPart> { TemplateParts.of(prompt, hasSystem: system != nil) }

  package func prompt(of row: Columns) throws -> [ChatMessage] {
    let turns =
      (system.map { [.system($0)] } ?? []) + [ChatMessage.user(try prompt.render(row.values).trimmed)]
    return try images.shown(in: turns, of: row)
  }

  package func process(_ input: Columns) async throws -> Outcome<Output> {
    let (turns, shown): ([ChatMessage], [ImageReference])
    do { (turns, shown) = (try prompt(of: input), try images.images(of: input)) } catch let bad as BadRow {
      return .drop(reason: bad.reason, detail: bad.detail)
    }
    if let tools { return try await rollOut(input, turns, shown, tools) }
    let replies = try await SamplingKeys.draw(
      samples,
      of: ChatRequest(turns, sampling: sampling, topLogprobs: wantsLogprobs ? 0 : nil),
      from: model, rows: true, accepting: check)
    let group = RowID.text(Digest(of: .object(input.values)))
    var outputs: [Output] = []
    for reply in replies { outputs.append(try await output(reply, group)) }
    return .emit(outputs)
  }

  private func rollOut(
    _ input: Columns, _ turns: [ChatMessage], _ images: [ImageReference], _ tools: ToolUse
  ) async throws -> Outcome<Output> {
    let group = RowID.text(Digest(of: .object(input.values)))
    let played = try await tools.play(samples, of: turns, showing: images, sampling: sampling, by: model) {
      try await length(of: $0).0
    }
    return Outcome(
      played.map { rollout in
        tools.sampled(rollout) {
          Output(
            completion: rollout.answer, reasoning: rollout.reasoning, answer: rollout.answer,
            length: rollout.length, lengthSource: .usage, finishReason: rollout.stop.words, group: group,
            rollout: RolloutColumns(rollout, tools, group: group))
        }
      })
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
      logprobs: wantsLogprobs ? reply.logprobs.map(\.logprob) : nil,
      tokenTexts: wantsTexts ? reply.logprobs.map(\.token) : nil)
  }

  private func length(of reply: ChatReply) async throws -> (Int, LengthSource) {
    if reply.usage.completionTokens > 0 { return (reply.usage.completionTokens, .usage) }
    if !reply.logprobs.isEmpty { return (reply.logprobs.count, .logprobs) }
    let reasoning = reply.reasoning ?? ""
    let written = ([reply.text] + reply.toolCalls.map(\.arguments)).joined()
    let count =
      try await tokens.count(written) + (reasoning.isEmpty ? 0 : try await tokens.count(reasoning))
    return (count, LengthSource(tokens.mode))
  }
}
