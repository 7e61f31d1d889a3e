internal import OrderedCollections
package import RetortCore

/// Has a model list what a document states, each with the words that state it; what does not stand in the document is left out
/// (REDSearcher, section 3, for documents of one's own).
package struct ExtractFacts: RowStage {
  package static let name = "extract-facts"
  package static let version = 1
  package static let summary =
    "Have a model list the facts of a document with the span that states each; facts whose span is not there are left out."
  package static let keys = [
    "model": "The model.",
    "column": "The column with the document's text; default 'text'.",
    "relations": "The relations that are looked for; default: any, in a few words with underscores.",
    "system": "What the model is told; default asks for facts between named things, with exact spans.",
    "repair": "How often the model is asked again when its reply cannot be read; default 1.",
    "temperature": SamplingKeys.help["temperature"] ?? "",
    "seed": SamplingKeys.help["seed"] ?? "",
    "max_tokens": SamplingKeys.help["max_tokens"] ?? "",
  ]

  package static func workload(of config: Config) -> Workload {
    Workload(samples: 1, repairs: config.repair ?? 1, maxTokens: config.maxTokens, keepsRows: true)
  }

  package struct Config: Codable, Sendable {
    package var model: ModelRef
    package var column: String?
    package var relations: [String]?
    package var system: String?
    package var repair: Int?
    package var temperature: Double?
    package var seed: Int?
    package var maxTokens: Int?

    package enum CodingKeys: String, CodingKey {
      case model, column, relations, system, repair, temperature, seed
      case maxTokens = "max_tokens"
    }

    package init(model: ModelRef, relations: [String]? = nil, repair: Int? = nil) {
      self.model = model
      self.relations = relations
      self.repair = repair
    }
  }

  package typealias Input = Columns
  package typealias Output = Columns

  package var reads: [ColumnUse] { [ColumnUse(column)] }
  package var adds: [String]? { ["facts"] }
  private let column: String
  private let relations: [String]?
  private let system: String
  private let reply: StructuredReply

  static let system =
    "List the facts that the document states about named things. For each give the subject and the object by their names, or the "
    + "object as a number, the relation in a few words with underscores, and the span: the exact words of the document that state it."

  package init(_ config: Config, in workspace: Workspace) throws {
    column = config.column ?? "text"
    relations = config.relations
    if let relations, relations.isEmpty || relations.contains(where: \.isBlank) {
      throw StageError("relations: expected words, found none")
    }
    let asked = relations.map { " Use these relations alone: \($0.joined(separator: ", "))." } ?? ""
    system = (config.system ?? Self.system) + asked
    let repair = config.repair ?? 1
    guard (0...10).contains(repair) else { throw StageError("repair: expected 0 to 10, found \(repair)") }
    reply = StructuredReply(
      model: try workspace.chat(config.model),
      sampling: try SamplingKeys.check(
        Sampling(temperature: config.temperature, seed: config.seed, maxTokens: config.maxTokens)),
      schema: Self.schema(relations), attempts: repair)
  }

  private static func schema(_ relations: [String]?) -> JSON {
    var relation: JSON.Object = ["type": "string"]
    if let relations { relation["enum"] = .array(relations.map { .string($0) }) }
    let fact: JSON = [
      "type": "object",
      "properties": [
        "subject": ["type": "string"], "relation": .object(relation),
        "object": ["type": ["string", "number"]],
        "span": ["type": "string"],
      ],
      "required": ["subject", "relation", "object", "span"], "additionalProperties": false,
    ]
    return [
      "type": "object", "properties": ["facts": ["type": "array", "items": fact]], "required": ["facts"],
      "additionalProperties": false,
    ]
  }

  package func process(_ input: Columns) async throws -> Outcome<Columns> {
    guard let text = input[column]?.string, !text.isBlank else {
      return .drop(reason: "no text", detail: "expected a text in '\(column)', found \(input.found(column))")
    }
    let answer = try await reply.ask([.system(system), .user(text)]) {
      json throws(StructuredReply.Complaint) in
      guard let facts = json["facts"]?.array else {
        throw StructuredReply.Complaint("Expected an object with a list under 'facts', found \(json.kind)")
      }
      return facts
    }
    switch answer {
    case .useless(let reason, let detail): return .drop(reason: reason, detail: detail)
    case .value(let listed, _): return .samples(samples(listed, in: text))
    }
  }

  /// The document with the facts that hold, and what is left out.
  private func samples(_ listed: [JSON], in text: String) -> [Sampled<Columns>] {
    var (kept, left): (OrderedSet<JSON>, [Sampled<Columns>]) = ([], [])
    for json in listed {
      if let fault = fault(of: json, in: text) {
        left.append(.leftOut(reason: fault, detail: String(json.text.prefix(400))))
      } else {
        kept.append(json)
      }
    }
    return [.output(Columns(["facts": .array(Array(kept))]))] + left
  }

  private func fault(of json: JSON, in text: String) -> String? {
    guard let fact = Fact(json) else { return "no fact" }
    if let relations, !relations.contains(fact.relation) { return "another relation" }
    guard let span = json["span"]?.string, !span.isBlank, text.contains(span) else {
      return "span not in the document"
    }
    let said = WholeWords.spaced(text)
    let names = [fact.subject, fact.object.string ?? fact.object.text]
    return names.allSatisfy { said.contains(WholeWords.spaced($0)) } ? nil : "name not in the document"
  }
}
