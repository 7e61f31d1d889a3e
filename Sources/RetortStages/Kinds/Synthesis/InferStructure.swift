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

      "Files with the system turns, by role; when left out, the tasks under `using`, else the sentences that "
      + "export-role-sets writes.",
    "min_statements": "With fewer, the model is asked once more for at least as many; default 2.",
    "repair": "How often a model is asked again when its reply cannot be used; default 1.",
    "max_tokens": "Most tokens of a reply; default 1024.",
    "max_items": "Longest list that the schema allows; default 16.",
    "max_characters":
      "Longest text that the schema allows, for local servers; default none, as strict modes of hosted ones refuse it.",
    "strict": "Send the JSON schema with the request; default true. False for endpoints that know none.",
    "fallback":
      "Write a row for every question: what could not be parsed is an empty list, or empty evidence judged false, and is "
      + "named in the column 'fallbacks'; default false, which drops the row.",
    "root":
      "Root of the schemas that are sent: list, as the roles were trained, or object, since strict modes refuse lists; "
      + "default list. Both are read.",
    "balanced":
      "Show demonstrations of the verdict with both verdicts in turn, as far as there are; default false: of each "
      + "demonstration the first step.",
  ]
  package static let laterKeys: Set = ["fallback", "root", "balanced"]
  package static let sets = RoleSystemTurns.sets

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
    package var fallback: Bool?
    package var root: SchemaRoot?
    package var balanced: Bool?

    package enum CodingKeys: String, CodingKey {
      case instructions, repair, strict, fallback, root, balanced
      case questionParser = "question_parser"
      case cotParser = "cot_parser"
      case cotVerifier = "cot_verifier"
      case minStatements = "min_statements"
      case maxTokens = "max_tokens"
      case maxItems = "max_items"
      case maxCharacters = "max_characters"
    }

    package init(
      questionParser: ModelRef, cotParser: ModelRef, cotVerifier: ModelRef, repair: Int? = nil,
      fallback: Bool? = nil, root: SchemaRoot? = nil, balanced: Bool? = nil
    ) {
      self.questionParser = questionParser
      self.cotParser = cotParser
      self.cotVerifier = cotVerifier
      self.repair = repair
      self.fallback = fallback
      self.root = root
      self.balanced = balanced
    }
  }

  package enum SchemaRoot: String, Codable, Hashable, Sendable, CaseIterable { case list, object }

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
    /// What could not be parsed, one sentence each; only with `fallback`.
    package var fallbacks: [String]?

    package enum CodingKeys: String, CodingKey {
      case questionParsing = "question_parsing"
      case cotParsing = "cot_parsing"
      case fallbacks
    }

    package init(questionParsing: [String], cotParsing: [Triple], fallbacks: [String]? = nil) {
      self.questionParsing = questionParsing
      self.cotParsing = cotParsing
      self.fallbacks = fallbacks
    }
  }

  package var adds: [String]? {
    ["question_parsing", "cot_parsing"] + (fallsBack ? ["fallbacks"] : [])
  }
  private let models: [TrainingRole: any ChatModel]
  private let systems: RoleSystemTurns
  private let fallsBack: Bool
  private let root: SchemaRoot
  private let isBalanced: Bool
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
    systems = try RoleSystemTurns(config.instructions, in: workspace)
    fallsBack = config.fallback ?? false
    root = config.root ?? .list
    isBalanced = config.balanced ?? false
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
      async let conditions = parsed(or: []) { try await self.conditions(input) }
      let statements = try await parsed(or: []) { try await self.statements(input) }
      var triples: [Triple] = []
      var complaints = try await conditions.complaint + statements.complaint
      for statement in statements.value {
        let evidence = try await parsed(or: nil) { try await self.evidence(for: statement, input) }
        let verdict = try await parsed(or: "false") {
          guard let found = evidence.value else { return "false" }
          return try await self.verdict(on: statement, by: found, input)
        }
        triples.append(
          Triple(statement: statement, evidence: evidence.value ?? "", verification: verdict.value))
        complaints += evidence.complaint + verdict.complaint
      }
      return .emit([
        Output(
          questionParsing: try await conditions.value, cotParsing: triples,
          fallbacks: fallsBack ? complaints : nil)
      ])
    } catch let useless as Useless {
      return .drop(reason: useless.reason, detail: useless.detail)
    }
  }

  /// What was parsed, or the fallback with the complaint where the pipeline wants one.
  private func parsed<Value: Sendable>(
    or fallback: Value, _ parse: () async throws -> Value
  ) async throws -> (value: Value, complaint: [String]) {
    do { return (try await parse(), []) } catch let useless as Useless where fallsBack {
      return (fallback, ["\(useless.detail) (\(useless.reason))"])
    }
  }

  /// A reply that cannot be used ends the row as a drop.
  private struct Useless: Error {
    let reason: String
    let detail: String
  }

  private func conditions(_ input: Input) async throws -> [String] {
    try await list(
      .questionParsing, input, least: 0, RolePrompt.conditions(question: input.question)
    ) { RolePrompt.conditions(question: $0.question, target: $0.questionParsing) }
  }

  private func statements(_ input: Input) async throws -> [String] {
    try await list(
      .cotParsing, input, least: minStatements,
      RolePrompt.statements(question: input.question, answer: input.answer, cot: input.cot)
    ) {
      RolePrompt.statements(
        question: $0.question, answer: $0.answer, cot: $0.cot, target: $0.cotParsing.map(\.statement))
    }
  }

  private func evidence(for statement: String, _ input: Input) async throws -> String? {
    try await ask(
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
  }

  private func verdict(on statement: String, by evidence: String, _ input: Input) async throws -> String {
    var judged = balancedSteps(of: input.demonstrations ?? [])[...]
    return try await ask(
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
        (isBalanced ? judged.popFirst() ?? nil : row.cotParsing.first).map {
          RolePrompt.verification(
            question: row.question, answer: row.answer, cot: row.cot, statement: $0.statement,
            evidence: $0.evidence, target: $0.verification)
        }
      },
      read: Self.verdict)
  }

  /// Of each demonstration one step, so that both verdicts are shown equally often as far as the steps allow.
  private func balancedSteps(of demonstrations: [RoleRow]) -> [Triple?] {
    var shown = ["true": 0, "false": 0]
    return demonstrations.map { row in
      let steps = row.cotParsing.map(\.normalized)
      let step = steps.min { shown[$0.verification, default: 0] < shown[$1.verification, default: 0] }
      if let step { shown[step.verification, default: 0] += 1 }
      return step
    }
  }

  private func list(
    _ role: TrainingRole, _ input: Input, least: Int, _ prompt: RolePrompt,
    demonstration: (RoleRow) -> RolePrompt?
  ) async throws -> [String] {
    func read(_ json: JSON) throws(StructuredReply.Complaint) -> [String] {
      guard let items = json.array ?? (root == .object ? json["items"]?.array : nil),
        let texts = items.map(\.string) as? [String]
      else {
        throw .init("Expected a JSON list of texts, found \(json.kind)")
      }
      return texts
    }
    func schema(_ bounds: ListBounds) -> JSON {
      let list: JSON = ["type": "array", "maxItems": .int(Int64(bounds.items)), "items": bounds.text]
      return root == .list ? list : Self.object([("items", list)])
    }
    // The list alone is taken too, as the roles were trained to write it.
    let form: @Sendable (JSON) -> JSON = { [root] json in
      let plain = json.withPlainVerdicts
      return root == .object && plain.array != nil ? ["items": plain] : plain
    }
    let first = try await ask(
      role, input, schema: schema, form: form, prompt, demonstration: demonstration, read: read)
    guard first.count < least else { return first }
    let more = RolePrompt(user: prompt.user + " Name at least \(least).", target: "")
    let again = try await ask(
      role, input, schema: schema, form: form, more, demonstration: demonstration, read: read)
    // A model that keeps to fewer statements than asked for is believed.
    return again.count > first.count ? again : first
  }

  private func ask<Value: Sendable>(
    _ role: TrainingRole, _ input: Input, schema: (ListBounds) -> JSON,
    form: @escaping @Sendable (JSON) -> JSON = \.withPlainVerdicts, _ prompt: RolePrompt,
    demonstration: (RoleRow) -> RolePrompt?, read: (JSON) throws(StructuredReply.Complaint) -> Value
  ) async throws -> Value {
    guard let model = models[role] else { preconditionFailure("every role has a model") }
    let turns = (input.demonstrations ?? []).compactMap(demonstration).flatMap {
      [ChatMessage.user($0.user), .assistant($0.target)]
    }
    let reply = StructuredReply(
      model: model, sampling: sampling, schema: strict ? schema(bounds) : nil,
      rules: try .init(schema(strict ? bounds : .none), form: form), attempts: repair)
    let messages = [.system(try await systems.texts[role] ?? role.instruction)] + turns + [.user(prompt.user)]
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
