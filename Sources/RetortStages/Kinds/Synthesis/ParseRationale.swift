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
    "lists": "Lists of the structure to ask for; default all.",
  ]) { own, _ in own }
  package static let laterKeys: Set = ["show_conditions", "structure", "lists"]
  package static let sets = [TaskInstruction.role]

  package static func workload(of config: Config) -> Workload {
    Workload(
      repairs: config.parsing.repair ?? 1, prompt: config.parsing.prompt?.text,
      maxTokens: config.parsing.maxTokens)
  }

  package struct Config: Codable, Sendable {
    package var parsing: ParsingConfig
    package var showConditions: Bool?
    package var structure: StructureFile?
    package var lists: [String]?

    package init(
      _ parsing: ParsingConfig, showConditions: Bool? = nil, structure: StructureFile? = nil,
      lists: [String]? = nil
    ) {
      self.parsing = parsing
      self.showConditions = showConditions
      self.structure = structure
      self.lists = lists
    }

    private enum CodingKeys: String, CodingKey {
      case structure, lists
      case showConditions = "show_conditions"
    }

    package init(from decoder: any Decoder) throws {
      parsing = try ParsingConfig(from: decoder)
      let container = try decoder.container(keyedBy: CodingKeys.self)
      showConditions = try container.decodeIfPresent(Bool.self, forKey: .showConditions)
      structure = try container.decodeIfPresent(StructureFile.self, forKey: .structure)
      lists = try container.decodeIfPresent([String].self, forKey: .lists)
    }

    package func encode(to encoder: any Encoder) throws {
      try parsing.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encodeIfPresent(showConditions, forKey: .showConditions)
      try container.encodeIfPresent(structure, forKey: .structure)
      try container.encodeIfPresent(lists, forKey: .lists)
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

  private let parser: Parser
  private let form: StructureForm
  private let task: String
  private let isGiven: Bool
  private let showsConditions: Bool

  package var reads: [ColumnUse] {
    form.reads + [ColumnUse("demonstrations", required: false)]
      + (showsConditions ? [ColumnUse("question_parsing")] : [])
  }

  package var adds: [String]? { Array(form.lists.keys) }

  package init(_ config: Config, in workspace: Workspace) throws {
    showsConditions = config.showConditions ?? false
    isGiven = config.structure != nil
    let structure = config.structure?.structure ?? .reasoning
    if isGiven, showsConditions {
      throw StageError(
        "show_conditions: expected none beside a structure, whose lists say what they are shown")
    }
    if !isGiven, config.lists != nil {
      throw StageError("lists: expected the key 'structure' beside it, found none")
    }
    try structure.expectLists(config.lists)
    form = StructureForm(structure, lists: isGiven ? config.lists : ["cot_parsing"])
    task = structure.task ?? "You take texts apart."
    parser = try Parser(
      config.parsing, in: workspace, prompt: isGiven ? PromptText.structure : PromptText.rationaleParsing,
      schema: { [form] in form.schema($0) }, form: { [form] in form.plain($0) })
  }

  package func process(_ input: Input) async throws -> Outcome<Output> {
    let (values, demonstrations) = try shown(input.row.values)
    let result = try await parser.ask(
      values, demonstrations: demonstrations, columns: Array(form.lists.keys), user: user, read: lists)
    return result.outcome { Output(lists: $0) }
  }

  package var promptKeys: Set<String> {
    Parser.promptKeys.union(["show_conditions", "structure", "lists"])
  }
  package var promptReads: [ColumnUse] { reads }
  package var promptParts: Set<PromptPart> { [.system] }

  package func prompt(of row: Columns) async throws -> [ChatMessage] {
    let (values, demonstrations) = try shown(row.values)
    return try await parser.messages(
      values, demonstrations: demonstrations, columns: Array(form.lists.keys), user: user)
  }

  /// What a prompt shows of a row, and its demonstrations.
  private func shown(_ row: JSON.Object) throws -> (values: JSON.Object, demonstrations: [JSON]?) {
    var values: JSON.Object = [:]
    for column in form.reads { values[column.name] = try column.text(in: row).map(JSON.string) }
    let demonstrations = try JSON.object(row).decode(Shown.self).demonstrations
    guard isGiven else {
      values["show_conditions"] = .bool(showsConditions)
      if showsConditions { values["question_parsing"] = row["question_parsing"] }
      return (values, demonstrations)
    }
    values["task"] = .string(task)
    values["request"] = .string(form.request)
    return (values, try demonstrations?.map(shown))
  }

  private struct Shown: Decodable { let demonstrations: [JSON]? }

  /// The user's turn about a row or a demonstration.
  private func user(_ row: DemonstrationTurns.Reader) throws -> String {
    var sections = try form.sections { column in
      form.use(column).required || row.row[column]?.string != nil ? try row.text(column) : nil
    }
    if showsConditions { sections.insert("Conditions:\n\(try row.text("question_parsing"))", at: 1) }
    return sections.joined(separator: "\n\n")
  }

  /// A demonstration with its texts and its result as a template shows them.
  private func shown(_ demonstration: JSON) throws -> JSON {
    let row = DemonstrationTurns.Reader(row: demonstration)
    var fields = demonstration.object ?? [:]
    fields["shown"] = .string(try user(row))
    fields["result"] = .string(
      JSON.object(JSON.Object(uniqueKeysWithValues: try form.lists.keys.map { ($0, try row.value($0)) })).text
    )
    return .object(fields)
  }

  private func lists(_ json: JSON) throws(StructuredReply.Complaint) -> JSON.Object {
    var found = json.object ?? [:]
    if form.lists.count == 1, let name = form.lists.keys.first { found = [name: json[name] ?? json] }
    let reading = StructureReading(found, as: form)
    guard reading.complaints.isEmpty else { throw .init(reading.complaints.joined(separator: "; ")) }
    return JSON.Object(uniqueKeysWithValues: form.lists.keys.map { ($0, .array(reading.items[$0] ?? [])) })
  }
}
