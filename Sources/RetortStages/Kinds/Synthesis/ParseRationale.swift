internal import OrderedCollections
package import RetortCore

/// Takes a chain of thought apart into statements, their evidence, and whether the evidence entails them.
package struct ParseRationale: RowStage {
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
    Workload(prompt: config.prompt?.text, maxTokens: config.maxTokens)
  }

  package typealias Config = ParsingConfig

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
      config, in: workspace, prompt: PromptText.rationaleParsing, schema: Self.schema(_:)
    ) { json in
      // The list alone is taken too, and the verdicts in other spellings.
      json.array == nil ? json.withPlainVerdicts : ["cot_parsing": json.withPlainVerdicts]
    }
  }

  package func process(_ input: Input) async throws -> Outcome<Output> {
    var values: JSON.Object = [
      "question": .string(input.question), "cot": .string(input.cot),
      "show_conditions": .bool(showsConditions),
    ]
    if showsConditions { values["question_parsing"] = input.questionParsing }
    let result = try await parser.ask(
      values, demonstrations: input.demonstrations, column: "cot_parsing",
      user: { row in
        let conditions = showsConditions ? "Conditions:\n\(try row.text("question_parsing"))\n\n" : ""
        return "Question:\n\(try row.text("question"))\n\n\(conditions)Reasoning:\n\(try row.text("cot"))"
      },
      read: Self.triples)
    return result.outcome { Output(cotParsing: $0) }
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
