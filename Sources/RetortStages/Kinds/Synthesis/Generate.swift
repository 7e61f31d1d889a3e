internal import OrderedCollections
package import RetortCore

/// Asks a model anything: a prompt made from the row's columns, a text or JSON columns back.
package struct Generate: PromptingStage {
  package static let name = "generate"
  package static let version = 3
  package static let summary =
    "Send a prompt made from the row's columns; add the reply, or its JSON fields, as columns."
  package static let keys = [
    "model": "The model.",
    "prompt": "File with the user prompt; its names are columns. One of prompt and template.",
    "template": "The user prompt itself, for short ones.",
    "system": "System prompt, with the same names; default none.",
    "column": "The column that takes the reply's text; default 'reply'. Not together with schema.",
    "schema":
      "JSON Schema of an object that the reply must be, and is held to; each of its properties becomes a column.",
    "repair": "How often the model is asked again when the reply does not fit the schema; default 1.",
    ImageColumns.key: ImageColumns.help,
  ].merging(SamplingKeys.help) { own, _ in own }.merging(ToolUse.help) { own, _ in own }

  package static let laterKeys: Set = ToolUse.keys.union([ImageColumns.key])

  package static let drawsSamples = true
  package static let plots = PlottedColumns.speakingOfRewards

  package static func workload(of config: Config) -> Workload {
    var load = Workload(
      samples: config.samples, repairs: config.schema == nil ? 0 : config.repair ?? 1,
      prompt: config.prompt?.text ?? config.template, maxTokens: config.maxTokens,
      countKeys: ["samples"])
    if config.tools != nil { load.countTurns(config.maxTurns) }
    return load
  }

  package struct Config: Codable, Sendable {
    package var model: ModelRef
    package var prompt: PromptFile?
    package var template: String?
    package var system: String?
    package var column: String?
    package var schema: Columns?
    package var repair: Int?
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
      case model, prompt, template, system, column, schema, repair, samples, temperature, seed, stop, tools,
        tags, examples, images
      case form = "protocol"
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
      model: ModelRef, template: String, column: String? = nil, schema: Columns? = nil, samples: Int? = nil
    ) {
      self.model = model
      self.template = template
      self.column = column
      self.schema = schema
      self.samples = samples
    }
  }

  package typealias Input = Columns
  package typealias Output = Columns

  package let reads: [ColumnUse]
  package let adds: [String]?
  private let model: any ChatModel
  private let prompt: Prompt
  private let system: Prompt?
  private let sampling: Sampling
  private let samples: Int
  private let column: String
  private let schema: JSONSchema?
  private let repair: Int
  private let tools: ToolUse?
  private let images: ImageColumns

  package init(_ config: Config, in workspace: Workspace) throws {
    model = try workspace.chat(config.model)
    switch (config.prompt, config.template) {
    case (let file?, nil): prompt = try Prompt(text: file.text)
    case (nil, let text?): prompt = try Self.template(text, under: "template")
    case (nil, nil): throw StageError("expected 'prompt' or 'template', found neither")
    case (.some, .some): throw StageError("expected one of 'prompt' and 'template', found both")
    }
    system = try config.system.map { try Self.template($0, under: "system") }
    sampling = try SamplingKeys.check(
      Sampling(
        temperature: config.temperature, topP: config.topP, seed: config.seed, maxTokens: config.maxTokens,
        stop: config.stop))
    samples = try SamplingKeys.samples(config.samples)
    column = config.column ?? "reply"
    schema = try config.schema.map { try Self.schema(.object($0.values)) }
    repair = config.repair ?? 1
    guard (0...10).contains(repair) else {
      throw StageError("repair: expected 0 to 10, found \(repair)")
    }
    tools = try config.toolKeys.use(of: config.model, in: workspace)
    images = try ImageColumns(config.images)
    guard tools == nil || schema == nil else {
      throw StageError("schema: expected it without 'tools', found both")
    }
    reads = ColumnUse.joined(ColumnUse.joined(prompt.reads, system?.reads ?? []), images.reads)
    if let schema {
      guard config.column == nil else {
        throw StageError("expected one of 'column' and 'schema', found both")
      }
      guard let properties = schema.json["properties"]?.object, !properties.isEmpty else {
        throw StageError("schema: expected an object schema with 'properties', found none")
      }
      adds = Array(properties.keys)
    } else if tools != nil {
      adds = [column] + RolloutColumns.besideAnswer
    } else {
      adds = [column]
    }
  }

  private static func schema(_ json: JSON) throws -> JSONSchema {
    do throws(JSONSchema.Mistakes) { return try JSONSchema(json) } catch {
      throw StageErrors(
        error.all.map {
          StageError("schema: \($0.message)", at: ["schema"] + $0.path, isAboutKey: $0.isAboutKey)
        })
    }
  }

  private static func template(_ text: String, under key: String) throws -> Prompt {
    do { return try Prompt(text: text) } catch { throw StageError("\(key): \(error)") }
  }

  package var promptKeys: Set<String> { ["prompt", "template", "system", ImageColumns.key] }
  package var promptReads: [ColumnUse] { reads }
  package var promptParts: Set<PromptPart> { TemplateParts.of(prompt, hasSystem: system != nil) }

  package func prompt(of row: Columns) throws -> [ChatMessage] {
    let turns =
      try (system.map { [.system(try $0.render(row.values))] } ?? [])
      + [ChatMessage.user(try prompt.render(row.values))]
    return try images.shown(in: turns, of: row)
  }

  package func process(_ input: Columns) async throws -> Outcome<Columns> {
    let (messages, shown): ([ChatMessage], [ImageReference])
    do { (messages, shown) = (try prompt(of: input), try images.images(of: input)) } catch let bad as BadRow {
      return .drop(reason: bad.reason, detail: bad.detail)
    }
    if let tools { return try await lookUp(messages, shown, tools) }
    if let schema { return try await structured(messages, schema) }
    let replies = try await SamplingKeys.draw(
      samples, of: ChatRequest(messages, sampling: sampling), from: model, rows: true)
    return Outcome(replies.map { $0.sampled(flaw: $0.flaw) { Columns([column: .string($0.text)]) } })
  }

  private func lookUp(
    _ messages: [ChatMessage], _ images: [ImageReference], _ tools: ToolUse
  ) async throws -> Outcome<Columns> {
    let played = try await tools.play(samples, of: messages, showing: images, sampling: sampling, by: model) {
      reply in
      reply.usage.completionTokens > 0 ? reply.usage.completionTokens : TokenEstimate.characters(reply.text)
    }
    return Outcome(
      try played.map { rollout -> Sampled<Columns> in
        guard rollout.stop == .answer else {
          return .leftOut(
            reason: rollout.stop.words, detail: "after \(rollout.turns) turns, \(rollout.calls) calls")
        }
        var columns: JSON.Object = [column: .string(rollout.answer)]
        let all = try JSON(encoding: RolloutColumns(rollout, tools, group: "")).object ?? [:]
        for name in RolloutColumns.besideAnswer { columns[name] = all[name] }
        return .output(Columns(columns))
      })
  }

  private func structured(_ messages: [ChatMessage], _ schema: JSONSchema) async throws -> Outcome<Columns> {
    var sampled: [Sampled<Columns>] = []
    for sample in 0..<samples {
      // Repairs are draws of their own: each sample has its own range of them.
      let reply = StructuredReply(
        model: model, sampling: sampling, schema: schema.json, rules: .init(schema), attempts: repair,
        firstDraw: sample * (repair + 1))
      let answer = try await StepContext.$sample.withValue(sample) {
        try await reply.ask(messages, read: fields)
      }
      sampled.append(answer.sampled { $0 })
    }
    return Outcome(sampled)
  }

  private func fields(_ json: JSON) throws(StructuredReply.Complaint) -> Columns {
    guard let object = json.object else { throw .init("Expected an object, found \(json.kind)") }
    var fields: JSON.Object = [:]
    for name in adds ?? [] {
      guard let value = object[name] else { throw .init("Expected the key \"\(name)\", found none") }
      fields[name] = value
    }
    return Columns(fields)
  }
}
