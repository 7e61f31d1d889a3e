internal import OrderedCollections
package import RetortCore

/// Takes texts apart as a structure says; without one, a chain of thought into statements, their evidence, and whether
/// the evidence entails them.
package struct ParseRationale: PromptingStage {
  package static let name = "parse-rationale"
  package static let version = 2
  package static let summary =
    "Take each chain of thought apart into statement, evidence and Verification, or into a structure of one's own, "
    + "under a strict JSON schema."
  package static let keys = ParsingConfig.keys.merging([
    "show_conditions":
      "Show the question's conditions (column question_parsing) between question and reasoning, as an instruction "
      + "induced from them expects; default false.",
    "structure":
      "Structure file with the columns to read and the lists to add; default the task's own, of which it adds "
      + "cot_parsing. The names of a prompt: the columns, request, shown and result of a demonstration.",
  ]) { own, _ in own }
  package static let laterKeys = ParsingConfig.laterKeys.union(["show_conditions"])
  package static let sets = [TaskInstruction.role]

  package static func workload(of config: Config) -> Workload {
    Workload(
      repairs: config.parsing.repair ?? 1, prompt: config.parsing.prompt?.text,
      maxTokens: config.parsing.maxTokens)
  }

  package struct Config: Codable, Sendable {
    package var parsing: ParsingConfig
    package var showConditions: Bool?

    package init(
      _ parsing: ParsingConfig, showConditions: Bool? = nil, structure: StructureFile? = nil,
      lists: [String]? = nil
    ) {
      self.parsing = parsing
      self.showConditions = showConditions
      if let structure { self.parsing.structure = structure }
      if let lists { self.parsing.lists = lists }
    }

    private enum CodingKeys: String, CodingKey {
      case showConditions = "show_conditions"
    }

    package init(from decoder: any Decoder) throws {
      parsing = try ParsingConfig(from: decoder)
      showConditions = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(
        Bool.self, forKey: .showConditions)
    }

    package func encode(to encoder: any Encoder) throws {
      try parsing.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encodeIfPresent(showConditions, forKey: .showConditions)
    }
  }

  /// A row; which of its columns are read, the structure says.
  package struct Input: Decodable, Sendable {
    private(set) var row: Columns

    package init(from decoder: any Decoder) throws { row = try Columns(from: decoder) }
    package init(_ row: JSON.Object) { self.row = Columns(row) }

    package init(
      question: String, cot: String, demonstrations: [JSON]? = nil, questionParsing: JSON? = nil
    ) {
      self.init(["question": .string(question), "cot": .string(cot)])
      row["demonstrations"] = demonstrations.map(JSON.array)
      row["question_parsing"] = questionParsing
    }
  }

  package struct Output: Codable, Hashable, Sendable {
    /// Each list of the structure as a column.
    let lists: Columns

    private enum CodingKeys: String, CodingKey {
      case cotParsing = "cot_parsing"
    }

    package init(lists: JSON.Object) { self.lists = Columns(lists) }

    package init(cotParsing: [Triple]) { self.init(lists: ["cot_parsing": .array(cotParsing.map(\.json))]) }

    /// Of the task's own structure: what is said of the columns where no structure is known.
    package init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      self.init(cotParsing: try container.decode([Triple].self, forKey: .cotParsing))
    }

    package func encode(to encoder: any Encoder) throws { try lists.encode(to: encoder) }
  }

  /// By a structure of one's own, or by the task's.
  private enum Way {
    case given(StructureParser)
    case own(Parser)
  }

  private let way: Way
  private let form: StructureForm
  private let showsConditions: Bool

  package var reads: [ColumnUse] {
    form.reads + [ColumnUse("demonstrations", required: false)]
      + (showsConditions ? [ColumnUse("question_parsing")] : [])
  }

  package var adds: [String]? { Array(form.lists.keys) }

  package init(_ config: Config, in workspace: Workspace) throws {
    showsConditions = config.showConditions ?? false
    if let file = config.parsing.structure {
      guard !showsConditions else {
        throw StageError(
          "show_conditions: expected none beside a structure, whose lists say what they are shown")
      }
      let parser = try StructureParser(config.parsing, file.structure, in: workspace)
      (way, form) = (.given(parser), parser.form)
    } else {
      guard config.parsing.lists == nil else {
        throw StageError("lists: expected the key 'structure' beside it, found none")
      }
      let form = StructureForm(.reasoning, lists: ["cot_parsing"])
      self.form = form
      way = .own(
        try Parser(
          config.parsing, in: workspace, prompt: PromptText.rationaleParsing, schema: { form.schema($0) },
          form: { form.plain($0) }))
    }
  }

  package func process(_ input: Input) async throws -> Outcome<Output> {
    let row = input.row.values
    switch way {
    case .given(let parser): return try await parser.ask(about: row).outcome { Output(lists: $0) }
    case .own(let parser):
      return try await parser.ask(
        values(row), demonstrations: demonstrations(row), columns: Array(form.lists.keys), user: user,
        read: form.read
      ).outcome { Output(lists: $0) }
    }
  }

  package var promptKeys: Set<String> { StructureParser.promptKeys.union(["show_conditions"]) }
  package var promptReads: [ColumnUse] { reads }
  package var promptParts: Set<PromptPart> { [.system] }

  package func prompt(of row: Columns) async throws -> [ChatMessage] {
    switch way {
    case .given(let parser): return try await parser.prompt(of: row.values)
    case .own(let parser):
      return try await parser.messages(
        values(row.values), demonstrations: demonstrations(row.values), columns: Array(form.lists.keys),
        user: user)
    }
  }

  private func values(_ row: JSON.Object) throws -> JSON.Object {
    var values = try form.texts(of: row)
    values["show_conditions"] = .bool(showsConditions)
    if showsConditions { values["question_parsing"] = row["question_parsing"] }
    return values
  }

  private func demonstrations(_ row: JSON.Object) throws -> [JSON]? {
    try JSON.object(row).decode(ShownDemonstrations.self).demonstrations
  }

  private func user(_ row: DemonstrationTurns.Reader) throws -> String {
    var sections = try form.userSections(row)
    if showsConditions { sections.insert("Conditions:\n\(try row.text("question_parsing"))", at: 1) }
    return sections.joined(separator: "\n\n")
  }
}
