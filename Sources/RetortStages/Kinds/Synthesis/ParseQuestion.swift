internal import OrderedCollections
package import RetortCore

/// Takes a question apart into the conditions needed to solve it.
package struct ParseQuestion: PromptingStage {
  package static let name = "parse-question"
  package static let version = 2
  package static let summary =
    "List the conditions needed to solve each question, or a list of a structure of one's own, under a strict JSON schema."
  package static let keys = ParsingConfig.keys.merging([
    "structure":
      "Structure file with the columns to read and the lists to add; default the task's own, of which it adds "
      + "question_parsing. The names of a prompt: the columns, request, shown and result of a demonstration.",
    "lists": "Lists of the structure to ask for; default its first.",
  ]) { _, own in own }
  package static let laterKeys = ParsingConfig.laterKeys
  package static let sets = [TaskInstruction.role]

  package static func workload(of config: Config) -> Workload {
    Workload(repairs: config.repair ?? 1, prompt: config.prompt?.text, maxTokens: config.maxTokens)
  }

  package typealias Config = ParsingConfig

  /// A row; which of its columns are read, the structure says.
  package struct Input: Decodable, Sendable {
    let row: Columns

    package init(from decoder: any Decoder) throws { row = try Columns(from: decoder) }
    package init(_ row: JSON.Object) { self.row = Columns(row) }

    package init(question: String, demonstrations: [JSON]? = nil) {
      var row: JSON.Object = ["question": .string(question)]
      row["demonstrations"] = demonstrations.map(JSON.array)
      self.init(row)
    }
  }

  package struct Output: Codable, Hashable, Sendable {
    /// Each list that was asked for as a column.
    let lists: Columns

    private enum CodingKeys: String, CodingKey {
      case questionParsing = "question_parsing"
    }

    package init(lists: JSON.Object) { self.lists = Columns(lists) }

    package init(questionParsing: [String]) {
      self.init(lists: ["question_parsing": .array(questionParsing.map(JSON.string))])
    }

    /// Of the task's own structure: what is said of the columns where no structure is known.
    package init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      self.init(questionParsing: try container.decode([String].self, forKey: .questionParsing))
    }

    package func encode(to encoder: any Encoder) throws { try lists.encode(to: encoder) }
  }

  /// By a structure of one's own, or by the task's.
  private enum Way {
    case given(StructureParser)
    case own(Parser)
  }

  private struct Own: Decodable {
    let question: String
    let demonstrations: [JSON]?
  }

  private let way: Way

  package var reads: [ColumnUse] {
    switch way {
    case .given(let parser): parser.reads
    case .own: ColumnUse.properties(of: Own.self)
    }
  }

  package var adds: [String]? {
    switch way {
    case .given(let parser): parser.adds
    case .own: ["question_parsing"]
    }
  }

  package init(_ config: Config, in workspace: Workspace) throws {
    if let structure = config.structure?.structure {
      way = .given(
        try StructureParser(
          config, structure, lists: structure.lists.names.first.map { [$0] }, in: workspace))
    } else {
      guard config.lists == nil else {
        throw StageError("lists: expected the key 'structure' beside it, found none")
      }
      let parser = try Parser(
        config, in: workspace, prompt: PromptText.questionParsing, schema: Self.schema(_:)
      ) { json in
        // The list alone is taken too.
        json.array == nil ? json : ["question_parsing": json]
      }
      way = .own(parser)
    }
  }

  package func process(_ input: Input) async throws -> Outcome<Output> {
    switch way {
    case .given(let parser):
      return try await parser.ask(about: input.row.values).outcome { Output(lists: $0) }
    case .own(let parser):
      let own = try Row(input.row.values).view(as: Own.self)
      return try await parser.ask(
        ["question": .string(own.question)], demonstrations: own.demonstrations,
        columns: ["question_parsing"], user: { try $0.text("question") }, read: Self.conditions
      ).outcome { Output(questionParsing: $0) }
    }
  }

  package var promptKeys: Set<String> { StructureParser.promptKeys }
  package var promptReads: [ColumnUse] { reads }
  package var promptParts: Set<PromptPart> { [.system] }

  package func prompt(of row: Columns) async throws -> [ChatMessage] {
    switch way {
    case .given(let parser): return try await parser.prompt(of: row.values)
    case .own(let parser):
      let own = try Row(row.values).view(as: Own.self)
      return try await parser.messages(
        ["question": .string(own.question)], demonstrations: own.demonstrations,
        columns: ["question_parsing"], user: { try $0.text("question") })
    }
  }

  private static func conditions(_ json: JSON) throws(StructuredReply.Complaint) -> [String] {
    guard let items = (json["question_parsing"] ?? json).array else {
      throw .init("Expected a list under \"question_parsing\", found \(json.kind)")
    }
    return try items.map { item throws(StructuredReply.Complaint) in
      guard let text = item.string else {
        throw .init("Expected only texts in the list, found \(item.kind)")
      }
      return text
    }
  }

  static func schema(_ bounds: ListBounds) -> JSON {
    [
      "type": "object",
      "properties": [
        "question_parsing": ["type": "array", "maxItems": .int(Int64(bounds.items)), "items": bounds.text]
      ],
      "required": ["question_parsing"],
      "additionalProperties": false,
    ]
  }
}
