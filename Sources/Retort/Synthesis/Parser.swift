internal import OrderedCollections

/// The keys of the stages that parse under a schema.
package struct ParsingConfig: Codable, Sendable {
  package var model: ModelRef
  package var prompt: PromptFile?
  package var temperature: Double?
  package var seed: Int?
  package var maxTokens: Int?
  package var repair: Int?
  package var strict: Bool?

  package enum CodingKeys: String, CodingKey {
    case model, prompt, temperature, seed, repair, strict
    case maxTokens = "max_tokens"
  }

  package init(model: ModelRef, prompt: PromptFile? = nil, repair: Int? = nil) {
    self.model = model
    self.prompt = prompt
    self.repair = repair
  }

  static let keys = [
    "model": "The model that parses.",
    "prompt":
      "File with the system prompt; names: question, cot (of a rationale), instruction, demonstrations. Default: ours.",
    "temperature": "Sampling temperature; default 0.",
    "seed": "Seed of the first draw; each repair adds one. Default none.",
    "max_tokens": "Most tokens of a reply; default 1024.",
    "repair":
      "How often the model is asked again, with the complaint, when its reply cannot be used; default 1.",
    "strict": "Send the JSON schema with the request; default true. False for endpoints that know none.",
  ]
}

/// Asks a model to parse one row: what the two parsing stages have in common.
struct Parser: Sendable {
  private let prompt: Prompt
  private let instruction: TaskInstruction
  private let reply: StructuredReply

  init(_ config: ParsingConfig, in workspace: Workspace, prompt text: String, schema: JSON) throws {
    prompt = try Prompt(text: config.prompt?.text ?? text)
    instruction = TaskInstruction(workspace)
    let repair = config.repair ?? 1
    guard (0...10).contains(repair) else {
      throw StageError("repair: expected 0 to 10, found \(repair)")
    }
    reply = StructuredReply(
      model: try workspace.chat(config.model),
      sampling: try SamplingKeys.check(
        Sampling(
          temperature: config.temperature ?? 0, seed: config.seed, maxTokens: config.maxTokens ?? 1024)),
      schema: config.strict ?? true ? schema : nil, attempts: repair)
  }

  func ask<Value: Sendable>(
    _ values: JSON.Object, demonstrations: [JSON]?, user: String,
    read: (JSON) throws(StructuredReply.Complaint) -> Value
  ) async throws -> StructuredReply.Result<Value> {
    var values = values
    values["instruction"] = .string(try await instruction.value)
    values["demonstrations"] = .array(demonstrations ?? [])
    return try await reply.ask([.system(try prompt.render(values)), .user(user)], read: read)
  }
}
