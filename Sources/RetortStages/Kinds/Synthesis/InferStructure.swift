internal import OrderedCollections
package import RetortCore

/// Parses questions and chains of thought with the three models that the role sets train, in the turns they were
/// trained on (structured inference of Less is More, arXiv 2504.16408).
package struct InferStructure: RowStage {
  package static let name = "infer-structure"
  package static let version = 2
  package static let summary =
    "Parse question and chain of thought with the three role models that the role sets train, or take texts apart with "
    + "those of a structure of one's own."
  package static let keys = [
    "question_parser":
      "The model of the role question parsing; without a structure it must be there, as the next two.",
    "cot_parser": "The model of the role CoT parsing: lists the statements.",
    "cot_verifier": "The model of the role CoT verification: finds a statement's evidence and judges it.",
    "structure":
      "Structure file with the columns to read, the lists to add and the roles that are asked; default the task's own.",
    "models": "With a structure: the model of each role.",
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
  package static let laterKeys: Set = ["fallback", "root", "balanced", "structure", "models"]
  package static let sets = RoleSystemTurns.sets

  package static func workload(of config: Config) -> Workload {
    // A list is asked for twice at most; of each statement two things are asked.
    let (items, tries) = (Double(config.maxItems ?? 16), Double(1 + (config.repair ?? 1)))
    return Workload(maxTokens: config.maxTokens) { _ in 1...max(2, 2 * items) * tries }
  }

  package struct Config: Codable, Sendable {
    package var questionParser: ModelRef?
    package var cotParser: ModelRef?
    package var cotVerifier: ModelRef?
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
    package var structure: StructureFile?
    package var models: [String: ModelRef]?

    package enum CodingKeys: String, CodingKey {
      case instructions, repair, strict, fallback, root, balanced, structure, models
      case questionParser = "question_parser"
      case cotParser = "cot_parser"
      case cotVerifier = "cot_verifier"
      case minStatements = "min_statements"
      case maxTokens = "max_tokens"
      case maxItems = "max_items"
      case maxCharacters = "max_characters"
    }

    package init(
      questionParser: ModelRef? = nil, cotParser: ModelRef? = nil, cotVerifier: ModelRef? = nil,
      repair: Int? = nil, fallback: Bool? = nil, root: SchemaRoot? = nil, balanced: Bool? = nil,
      structure: StructureFile? = nil, models: [String: ModelRef]? = nil
    ) {
      self.structure = structure
      self.models = models
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

  /// A row; which of its columns are read, the structure says.
  package struct Input: Decodable, Sendable {
    let row: Columns

    package init(from decoder: any Decoder) throws { row = try Columns(from: decoder) }
    package init(_ row: JSON.Object) { self.row = Columns(row) }

    package init(question: String, cot: String, answer: String? = nil, demonstrations: [RoleRow]? = nil)
      throws
    {
      var row: JSON.Object = ["question": .string(question), "cot": .string(cot)]
      row["answer"] = answer.map(JSON.string)
      row["demonstrations"] = try demonstrations.map { .array(try $0.map { try JSON(encoding: $0) }) }
      self.init(row)
    }
  }

  /// A row of the task's own structure.
  private struct Own: Decodable {
    let question: String
    let cot: String
    let answer: String?
    /// Shown as earlier turns, each in the act that is asked for.
    let demonstrations: [RoleRow]?
  }

  package struct Output: Codable, Hashable, Sendable {
    /// Each list of the structure as a column.
    let lists: Columns
    /// What could not be parsed, one sentence each; only with `fallback`.
    package let fallbacks: [String]?

    private enum CodingKeys: String, CodingKey {
      case questionParsing = "question_parsing"
      case cotParsing = "cot_parsing"
      case fallbacks
    }

    package init(lists: JSON.Object, fallbacks: [String]? = nil) {
      self.lists = Columns(lists)
      self.fallbacks = fallbacks
    }

    package init(questionParsing: [String], cotParsing: [Triple], fallbacks: [String]? = nil) {
      self.init(
        lists: [
          "question_parsing": .array(questionParsing.map(JSON.string)),
          "cot_parsing": .array(cotParsing.map(\.json)),
        ], fallbacks: fallbacks)
    }

    /// Of the task's own structure: what is said of the columns where no structure is known.
    package init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      self.init(
        questionParsing: try container.decode([String].self, forKey: .questionParsing),
        cotParsing: try container.decode([Triple].self, forKey: .cotParsing),
        fallbacks: try container.decodeIfPresent([String].self, forKey: .fallbacks))
    }

    package func encode(to encoder: any Encoder) throws {
      var columns = lists
      columns[CodingKeys.fallbacks.rawValue] = fallbacks.map { .array($0.map(JSON.string)) }
      try columns.encode(to: encoder)
    }
  }

  package var adds: [String]? {
    inference.plan.parts.map(\.name) + (inference.fallsBack ? ["fallbacks"] : [])
  }

  package var reads: [ColumnUse] {
    isGiven
      ? inference.plan.reads(inference.form.structure)
        + [ColumnUse(SharedColumns.demonstrations, required: false)]
      : ColumnUse.properties(of: Own.self)
  }

  private let isGiven: Bool
  private let inference: RoleInference

  package init(_ config: Config, in workspace: Workspace) throws {
    let structure = config.structure?.structure ?? .reasoning
    isGiven = config.structure != nil
    let plan = try InferencePlan(structure)
    let models = try isGiven ? Self.given(config, plan, in: workspace) : Self.own(config)
    let systems = try RoleSystemTurns(config.instructions, in: workspace)
    let bounds = try ListBounds(items: config.maxItems, characters: config.maxCharacters)
    let repair = config.repair ?? 1
    let minStatements = config.minStatements ?? 2
    guard (0...10).contains(repair), (0...bounds.items).contains(minStatements) else {
      throw StageError(
        "repair, min_statements: expected 0 to 10 and 0 to max_items, found \(repair) and \(minStatements)")
    }
    let system: @Sendable (String) async throws -> String
    if isGiven {
      system = { structure.roles?[$0]?.system ?? "" }
    } else {
      system = { role in
        guard let role = TrainingRole(rawValue: role) else { return "" }
        return try await systems.texts[role] ?? role.instruction
      }
    }
    inference = RoleInference(
      form: StructureForm(structure), plan: plan, models: try models.mapValues(workspace.chat),
      system: system,
      sampling: try SamplingKeys.check(Sampling(temperature: 0, maxTokens: config.maxTokens ?? 1024)),
      bounds: bounds, strict: config.strict ?? true, repair: repair,
      least: isGiven
        ? Dictionary(uniqueKeysWithValues: plan.parts.map { ($0.name, $0.list.least ?? 1) })
        : ["cot_parsing": minStatements],
      fallsBack: config.fallback ?? false, asksForObjects: config.root == .object,
      isBalanced: config.balanced ?? false, takesBooleans: isGiven)
  }

  /// The models of the task's own roles.
  private static func own(_ config: Config) throws -> [String: ModelRef] {
    let roles = [
      ("question_parser", config.questionParser, TrainingRole.questionParsing),
      ("cot_parser", config.cotParser, .cotParsing), ("cot_verifier", config.cotVerifier, .cotVerification),
    ]
    var mistakes = roles.filter { $0.1 == nil }.map { key, _, _ in
      StageError("expected the key '\(key)', found none")
    }
    if config.models != nil {
      mistakes.append(
        StageError("models: expected the key 'structure' beside it, whose roles they serve", at: ["models"]))
    }
    guard mistakes.isEmpty else { throw StageErrors(mistakes) }
    return Dictionary(
      uniqueKeysWithValues: roles.compactMap { _, model, role in model.map { (role.rawValue, $0) } })
  }

  /// The models of the roles of a structure of one's own.
  private static func given(
    _ config: Config, _ plan: InferencePlan, in workspace: Workspace
  ) throws -> [String: ModelRef] {
    guard let structure = config.structure?.structure else { return [:] }
    let models = config.models ?? [:]
    let roles = structure.roles?.names ?? []
    var mistakes = plan.roles.filter { models[$0] == nil }.map {
      StageError(
        "models: expected a model for the role '\($0)', found none",
        at: config.models == nil ? [] : ["models"])
    }
    for name in models.keys.sorted() where !roles.contains(name) {
      mistakes.append(
        StageError(
          "expected a role of the structure (\(roles.joined(separator: ", "))), found '\(name)'"
            + NearestWord.hint(name, in: roles), at: ["models", name], isAboutKey: true))
    }
    let own: [(String, Bool)] = [
      ("question_parser", config.questionParser != nil), ("cot_parser", config.cotParser != nil),
      ("cot_verifier", config.cotVerifier != nil),
    ]
    for (key, isThere) in own where isThere {
      mistakes.append(
        StageError(
          "\(key): expected none beside a structure, whose roles have their models under 'models'", at: [key])
      )
    }
    if config.minStatements != nil {
      mistakes.append(
        StageError(
          "min_statements: expected none beside a structure, whose lists say least", at: ["min_statements"]))
    }
    mistakes += RoleSystemTurns.mistakes(config.instructions, in: workspace)
    guard mistakes.isEmpty else { throw StageErrors(mistakes) }
    return models.filter { plan.roles.contains($0.key) }
  }

  package func process(_ input: Input) async throws -> Outcome<Output> {
    let (texts, demonstrations) = try isGiven ? given(input.row.values) : own(input.row.values)
    do {
      let (lists, complaints) = try await inference.lists(of: texts, demonstrations: demonstrations)
      return .emit([Output(lists: lists, fallbacks: inference.fallsBack ? complaints : nil)])
    } catch let useless as RoleInference.Useless {
      return .drop(reason: useless.reason, detail: useless.detail)
    }
  }

  private func own(_ row: JSON.Object) throws -> (texts: [String: String], demonstrations: [StructuredRow]) {
    let own = try Row(row).view(as: Own.self)
    let texts = ["question": own.question, "cot": own.cot, "answer": own.answer].compactMapValues { $0 }
    return (texts, (own.demonstrations ?? []).map(\.structured))
  }

  private func given(
    _ row: JSON.Object
  ) throws -> (texts: [String: String], demonstrations: [StructuredRow]) {
    var texts: [String: String] = [:]
    for column in inference.plan.reads(inference.form.structure) {
      texts[column.name] = try column.text(in: row)
    }
    let shown = try JSON.object(row).decode(ShownDemonstrations.self).demonstrations ?? []
    return (texts, try shown.map { try inference.form.structuredRow($0.object ?? [:]) })
  }
}
