internal import OrderedCollections
package import RetortCore

/// The keys of the stages that parse under a schema.
package struct ParsingConfig: Codable, Sendable {
  package var model: ModelRef
  package var prompt: PromptFile?
  package var temperature: Double?
  package var seed: Int?
  package var maxTokens: Int?
  package var repair: Int?
  package var strict: Bool?
  package var demonstrations: DemonstrationLayout?
  package var maxItems: Int?
  package var maxCharacters: Int?
  package var structure: StructureFile?
  package var lists: [String]?
  package enum CodingKeys: String, CodingKey {
    case model, prompt, temperature, seed, repair, strict, demonstrations, structure, lists
    case maxTokens = "max_tokens"
    case maxItems = "max_items"
    case maxCharacters = "max_characters"
  }

  package init(
    model: ModelRef, prompt: PromptFile? = nil, repair: Int? = nil, structure: StructureFile? = nil,
    lists: [String]? = nil
  ) {
    self.model = model
    self.prompt = prompt
    self.repair = repair
    self.structure = structure
    self.lists = lists
  }

  static let laterKeys: Set = ["structure", "lists"]

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
    "demonstrations": DemonstrationLayout.help,
    "max_items": "Longest list that the schema allows; default 16, which makes a small model stop.",
    "max_characters":
      "Longest text that the schema allows, for local servers; default none, as strict modes of hosted ones refuse it.",
    "lists": "Lists of the structure to ask for; default all.",
  ]
}

/// Asks a model to parse one row: what the two parsing stages have in common.
struct Parser: Sendable {
  static let promptKeys: Set = ["prompt", "demonstrations"]

  private let prompt: Prompt
  private let instruction: TaskInstruction
  private let reply: StructuredReply
  private let place: DemonstrationLayout

  init(
    _ config: ParsingConfig, in workspace: Workspace, prompt text: String, schema: (ListBounds) -> JSON,
    form: @escaping @Sendable (JSON) -> JSON
  ) throws {
    prompt = try Prompt(text: config.prompt?.text ?? text)
    instruction = TaskInstruction(workspace)
    place = config.demonstrations ?? .system
    let bounds = try ListBounds(items: config.maxItems, characters: config.maxCharacters)
    let strict = config.strict ?? true
    let repair = config.repair ?? 1
    guard (0...10).contains(repair) else {
      throw StageError("repair: expected 0 to 10, found \(repair)")
    }
    reply = StructuredReply(
      model: try workspace.chat(config.model),
      sampling: try SamplingKeys.check(
        Sampling(
          temperature: config.temperature ?? 0, seed: config.seed, maxTokens: config.maxTokens ?? 1024)),
      schema: strict ? schema(bounds) : nil,
      // A model that was sent no schema was told of no bounds.
      rules: try .init(schema(strict ? bounds : .none), form: form), attempts: repair)
  }

  /// Asks about one row. `user` writes the user's turn of the row and of each demonstration; `columns` are what a
  /// demonstration shows as its answer.
  func ask<Value: Sendable>(
    _ values: JSON.Object, demonstrations: [JSON]?, columns: [String],
    user: (DemonstrationTurns.Reader) throws -> String,
    read: (JSON) throws(StructuredReply.Complaint) -> Value
  ) async throws -> StructuredReply.Result<Value> {
    let messages = try await messages(values, demonstrations: demonstrations, columns: columns, user: user)
    return try await reply.ask(messages, read: read)
  }

  /// The conversation that the reply ends. What it is made of, ``promptKeys`` says.
  func messages(
    _ values: JSON.Object, demonstrations: [JSON]?, columns: [String],
    user: (DemonstrationTurns.Reader) throws -> String
  ) async throws -> [ChatMessage] {
    let shown = demonstrations ?? []
    var system = values
    system["instruction"] = .string(try await instruction.value)
    system["demonstrations"] = .array(place == .system ? shown : [])
    var messages: [ChatMessage] = [.system(try prompt.render(system))]
    if place == .turns {
      messages += try DemonstrationTurns.messages(shown, ask: user) {
        let row = $0
        let answer = try columns.map { ($0, try row.value($0)) }
        return JSON.object(JSON.Object(uniqueKeysWithValues: answer)).text
      }
    }
    return messages + [.user(try user(.init(row: .object(values))))]
  }
}

/// Bounds of the lists and texts that a schema allows.
struct ListBounds {
  let items: Int
  let characters: Int?
  private let isUsual: Bool

  /// `items` is 16 where nil: the longest labelled example has 9, and a bound makes a small model stop.
  init(items: Int? = nil, characters: Int? = nil) throws {
    self.items = items ?? 16
    isUsual = items == nil
    self.characters = characters
    guard self.items > 0, characters ?? 1 > 0 else {
      throw StageError(
        "max_items, max_characters: expected at least 1, found \(self.items) and \(characters ?? 1)")
    }
  }

  /// Bounds that nothing exceeds.
  static let none = ListBounds()

  private init() {
    items = Int.max
    characters = nil
    isUsual = false
  }

  /// The longest list, where a structure says its own.
  func items(most: Int?) -> Int { isUsual ? most ?? items : items }

  /// A text within the bounds, as JSON Schema.
  var text: JSON {
    var schema: JSON.Object = ["type": "string"]
    if let characters { schema["maxLength"] = .int(Int64(characters)) }
    return .object(schema)
  }
}
