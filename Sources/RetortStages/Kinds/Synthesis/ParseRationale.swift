internal import OrderedCollections
package import RetortCore

/// Takes a chain of thought apart into statements, their evidence, and whether the evidence entails them.
package struct ParseRationale: PromptingStage {
  package static let name = "parse-rationale"
  package static let version = 2
  package static let summary =
    "Take each chain of thought apart into statement, evidence and Verification, under a strict JSON schema."
  package static let keys = ParsingConfig.keys.merging([
    "show_conditions":
      "Show the question's conditions (column question_parsing) between question and reasoning, as an instruction "
      + "induced from them expects; default false."
  ]) { own, _ in own }
  package static let laterKeys: Set = ["show_conditions"]
  package static let sets = [TaskInstruction.role]

  package static func workload(of config: Config) -> Workload {
    Workload(
      repairs: config.parsing.repair ?? 1, prompt: config.parsing.prompt?.text,
      maxTokens: config.parsing.maxTokens)
  }

  package struct Config: Codable, Sendable {
    package var parsing: ParsingConfig
    package var showConditions: Bool?

    private enum CodingKeys: String, CodingKey {
      case showConditions = "show_conditions"
    }

    package init(_ parsing: ParsingConfig, showConditions: Bool? = nil) {
      self.parsing = parsing
      self.showConditions = showConditions
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

  package struct Input: Codable, Sendable {
    package var question: String
    package var cot: String
    package var demonstrations: [JSON]?
    package var questionParsing: JSON?

    package enum CodingKeys: String, CodingKey {
      case question, cot, demonstrations
      case questionParsing = "question_parsing"
    }

    package init(
      question: String, cot: String, demonstrations: [JSON]? = nil, questionParsing: JSON? = nil
    ) {
      self.question = question
      self.cot = cot
      self.demonstrations = demonstrations
      self.questionParsing = questionParsing
    }
  }

  package struct Output: Codable, Hashable, Sendable {
    package var cotParsing: [Triple]

    package enum CodingKeys: String, CodingKey {
      case cotParsing = "cot_parsing"
    }

    package init(cotParsing: [Triple]) {
      self.cotParsing = cotParsing
    }
  }

  private let parser: Parser
  private let showsConditions: Bool

  package var reads: [ColumnUse] {
    ColumnUse.properties(of: Input.self).compactMap { use in
      use.name != Input.CodingKeys.questionParsing.rawValue
        ? use : showsConditions ? ColumnUse(use.name) : nil
    }
  }

  package init(_ config: Config, in workspace: Workspace) throws {
    showsConditions = config.showConditions ?? false
    parser = try Parser(
      config.parsing, in: workspace, prompt: PromptText.rationaleParsing, schema: Self.schema(_:)
    ) { json in
      // The list alone is taken too, and the verdicts in other spellings.
      json.array == nil ? json.withPlainVerdicts : ["cot_parsing": json.withPlainVerdicts]
    }
  }

  package func process(_ input: Input) async throws -> Outcome<Output> {
    let result = try await parser.ask(
      values(input), demonstrations: input.demonstrations, column: "cot_parsing", user: user,
      read: Self.triples)
    return result.outcome { Output(cotParsing: $0) }
  }

  package var promptKeys: Set<String> { Parser.promptKeys.union(["show_conditions"]) }
  package var promptReads: [ColumnUse] { reads }
  package var promptParts: Set<PromptPart> { [.system] }

  package func prompt(of row: Columns) async throws -> [ChatMessage] {
    let input = try Row(row.values).view(as: Input.self)
    return try await parser.messages(
      values(input), demonstrations: input.demonstrations, column: "cot_parsing", user: user)
  }

  private func values(_ input: Input) -> JSON.Object {
    var values: JSON.Object = [
      "question": .string(input.question), "cot": .string(input.cot),
      "show_conditions": .bool(showsConditions),
    ]
    if showsConditions { values["question_parsing"] = input.questionParsing }
    return values
  }

  private func user(_ row: DemonstrationTurns.Reader) throws -> String {
    let conditions = showsConditions ? "Conditions:\n\(try row.text("question_parsing"))\n\n" : ""
    return "Question:\n\(try row.text("question"))\n\n\(conditions)Reasoning:\n\(try row.text("cot"))"
  }

  private static func triples(_ json: JSON) throws(StructuredReply.Complaint) -> [Triple] {
    let reading = StructureReading(questionParsing: [], cotParsing: json["cot_parsing"] ?? json)
    guard reading.complaints.isEmpty else { throw .init(reading.complaints.joined(separator: "; ")) }
    return reading.triples
  }

  static func schema(_ bounds: ListBounds) -> JSON {
    [
      "type": "object",
      "properties": ["cot_parsing": Triple.listSchema(bounds)],
      "required": ["cot_parsing"],
      "additionalProperties": false,
    ]
  }
}
