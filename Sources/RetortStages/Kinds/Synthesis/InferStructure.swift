internal import OrderedCollections
package import RetortCore

/// Parses questions and chains of thought with the three models that the role sets train, in the turns they were
/// trained on (structured inference of Less is More, arXiv 2504.16408).
package struct InferStructure: RowStage {
  package static let name = "infer-structure"
  package static let version = 2
  package static let summary =
    "Parse question and chain of thought with the three role models that the role sets train."
  package static let keys = [
    "question_parser": "The model of the role question parsing.",
    "cot_parser": "The model of the role CoT parsing: lists the statements.",
    "cot_verifier": "The model of the role CoT verification: finds a statement's evidence and judges it.",
    "instructions":
      "Files with the system turns, by role; the sentences that export-role-sets writes when left out.",
    "min_statements": "With fewer, the model is asked once more for at least as many; default 2.",
    "repair": "How often a model is asked again when its reply cannot be used; default 1.",
    "max_tokens": "Most tokens of a reply; default 1024.",
    "max_items": "Longest list that the schema allows; default 16.",
    "max_characters":
      "Longest text that the schema allows, for local servers; default none, as strict modes of hosted ones refuse it.",
    "strict": "Send the JSON schema with the request; default true. False for endpoints that know none.",
  ]

  package static func workload(of config: Config) -> Workload {
    // A list is asked for twice at most; of each statement two things are asked.
    let (items, tries) = (Double(config.maxItems ?? 16), Double(1 + (config.repair ?? 1)))
    return Workload(maxTokens: config.maxTokens) { _ in 1...max(2, 2 * items) * tries }
  }

  package struct Config: Codable, Sendable {
    package var questionParser: ModelRef
    package var cotParser: ModelRef
    package var cotVerifier: ModelRef
    package var instructions: RoleInstructions?
    package var minStatements: Int?
    package var repair: Int?
    package var maxTokens: Int?
    package var maxItems: Int?
    package var maxCharacters: Int?
    package var strict: Bool?

    package enum CodingKeys: String, CodingKey {
      case instructions, repair, strict
      case questionParser = "question_parser"
      case cotParser = "cot_parser"
      case cotVerifier = "cot_verifier"
      case minStatements = "min_statements"
      case maxTokens = "max_tokens"
      case maxItems = "max_items"
      case maxCharacters = "max_characters"
    }

    package init(questionParser: ModelRef, cotParser: ModelRef, cotVerifier: ModelRef, repair: Int? = nil) {
      self.questionParser = questionParser
      self.cotParser = cotParser
      self.cotVerifier = cotVerifier
      self.repair = repair
    }
  }

  package struct Input: Codable, Sendable {
    package var question: String
    package var cot: String
    package var answer: String?
    /// Shown as earlier turns, each in the act that is asked for.
    package var demonstrations: [RoleRow]?

    package init(question: String, cot: String, answer: String? = nil, demonstrations: [RoleRow]? = nil) {
      self.question = question
      self.cot = cot
      self.answer = answer
      self.demonstrations = demonstrations
    }
  }

  package struct Output: Codable, Hashable, Sendable {
    package var questionParsing: [String]
    package var cotParsing: [Triple]

    package enum CodingKeys: String, CodingKey {
      case questionParsing = "question_parsing"
      case cotParsing = "cot_parsing"
    }

    package init(questionParsing: [String], cotParsing: [Triple]) {
      self.questionParsing = questionParsing
      self.cotParsing = cotParsing
    }
  }

  private let models: [TrainingRole: any ChatModel]
  private let instructions: [TrainingRole: String]
  private let sampling: Sampling
  private let bounds: ListBounds
  private let strict: Bool
  private let repair: Int
  private let minStatements: Int

  package init(_ config: Config, in workspace: Workspace) throws {
    models = [
      .questionParsing: try workspace.chat(config.questionParser),
      .cotParsing: try workspace.chat(config.cotParser),
      .cotVerification: try workspace.chat(config.cotVerifier),
    ]
    instructions = (config.instructions ?? RoleInstructions()).texts
    sampling = try SamplingKeys.check(Sampling(temperature: 0, maxTokens: config.maxTokens ?? 1024))
    bounds = try ListBounds(items: config.maxItems, characters: config.maxCharacters)
    strict = config.strict ?? true
    repair = config.repair ?? 1
    minStatements = config.minStatements ?? 2
    guard (0...10).contains(repair), (0...bounds.items).contains(minStatements) else {
      throw StageError(
        "repair, min_statements: expected 0 to 10 and 0 to max_items, found \(repair) and \(minStatements)")
    }
  }

  package func process(_ input: Input) async throws -> Outcome<Output> {
    do {
      async let conditions = list(
        .questionParsing, input, least: 0, RolePrompt.conditions(question: input.question)
      ) { RolePrompt.conditions(question: $0.question, target: $0.questionParsing) }
      let statements = try await list(
        .cotParsing, input, least: minStatements,
        RolePrompt.statements(question: input.question, answer: input.answer, cot: input.cot)
      ) {
        RolePrompt.statements(
          question: $0.question, answer: $0.answer, cot: $0.cot, target: $0.cotParsing.map(\.statement))
      }
      var triples: [Triple] = []
      for statement in statements { triples.append(try await triple(statement, input)) }
      return .emit([Output(questionParsing: try await conditions, cotParsing: triples)])
    } catch let useless as Useless {
      return .drop(reason: useless.reason, detail: useless.detail)
    }
  }

  /// A reply that cannot be used ends the row as a drop.
  private struct Useless: Error {
    let reason: String
    let detail: String
  }

  private func triple(_ statement: String, _ input: Input) async throws -> Triple {
    let evidence = try await ask(
      .cotVerification, input,
      schema: { Self.object([("statement", $0.text), ("evidence", $0.text)]) },
      RolePrompt.evidence(
        question: input.question, answer: input.answer, cot: input.cot, statement: statement),
      demonstration: { row in
        row.cotParsing.first.map {
          RolePrompt.evidence(
            question: row.question, answer: row.answer, cot: row.cot, statement: $0.statement,
            target: $0.evidence)
        }
      },
      read: { json throws(StructuredReply.Complaint) in try Self.text(json, "evidence") })
    let verdict = try await ask(
      .cotVerification, input,
      schema: {
        Self.object([
          ("statement", $0.text), ("evidence", $0.text),
          ("Verification", ["type": "string", "enum": ["true", "false"]]),
        ])
      },
      RolePrompt.verification(
        question: input.question, answer: input.answer, cot: input.cot, statement: statement,
        evidence: evidence),
      demonstration: { row in
        row.cotParsing.first.map {
          RolePrompt.verification(
            question: row.question, answer: row.answer, cot: row.cot, statement: $0.statement,
            evidence: $0.evidence, target: $0.verification)
        }
      },
      read: Self.verdict)
    return Triple(statement: statement, evidence: evidence, verification: verdict)
  }

  private func list(
    _ role: TrainingRole, _ input: Input, least: Int, _ prompt: RolePrompt,
    demonstration: (RoleRow) -> RolePrompt?
  ) async throws -> [String] {
    func read(_ json: JSON) throws(StructuredReply.Complaint) -> [String] {
      guard let items = json.array, let texts = items.map(\.string) as? [String] else {
        throw .init("Expected a JSON list of texts, found \(json.kind)")
      }
      return texts
    }
    func schema(_ bounds: ListBounds) -> JSON {
      ["type": "array", "maxItems": .int(Int64(bounds.items)), "items": bounds.text]
    }
    let first = try await ask(role, input, schema: schema, prompt, demonstration: demonstration, read: read)
    guard first.count < least else { return first }
    let more = RolePrompt(user: prompt.user + " Name at least \(least).", target: "")
    let again = try await ask(role, input, schema: schema, more, demonstration: demonstration, read: read)
    // A model that keeps to fewer statements than asked for is believed.
    return again.count > first.count ? again : first
  }

  private func ask<Value: Sendable>(
    _ role: TrainingRole, _ input: Input, schema: (ListBounds) -> JSON, _ prompt: RolePrompt,
    demonstration: (RoleRow) -> RolePrompt?, read: (JSON) throws(StructuredReply.Complaint) -> Value
  ) async throws -> Value {
    guard let model = models[role] else { preconditionFailure("every role has a model") }
    let turns = (input.demonstrations ?? []).compactMap(demonstration).flatMap {
      [ChatMessage.user($0.user), .assistant($0.target)]
    }
    let reply = StructuredReply(
      model: model, sampling: sampling, schema: strict ? schema(bounds) : nil,
      rules: try .init(schema(strict ? bounds : .none), form: \.withPlainVerdicts), attempts: repair)
    let messages = [.system(instructions[role] ?? role.instruction)] + turns + [.user(prompt.user)]
    switch try await reply.ask(messages, read: read) {
    case .value(let value, _): return value
    case .useless(let reason, let detail):
      throw Useless(reason: reason, detail: "\(role.rawValue): \(detail)")
    }
  }

  private static func verdict(_ json: JSON) throws(StructuredReply.Complaint) -> String {
    let text = try Self.text(json, "Verification")
    let verdict = Triple(statement: "", evidence: "", verification: text).normalized.verification
    guard ["true", "false"].contains(verdict) else {
      throw .init("Expected \"true\" or \"false\" under \"Verification\", found \"\(text)\"")
    }
    return verdict
  }

  private static func text(_ json: JSON, _ key: String) throws(StructuredReply.Complaint) -> String {
    guard let text = json[key]?.string else { throw .init("Expected a text under \"\(key)\"") }
    return text
  }

  private static func object(_ fields: [(String, JSON)]) -> JSON {
    [
      "type": "object", "properties": .object(JSON.Object(uniqueKeysWithValues: fields)),
      "required": .array(fields.map { .string($0.0) }), "additionalProperties": false,
    ]
  }
}
