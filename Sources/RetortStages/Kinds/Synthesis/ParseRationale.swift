internal import OrderedCollections
package import RetortCore

/// Takes a chain of thought apart into statements, their evidence, and whether the evidence entails them.
package struct ParseRationale: RowStage {
  package static let name = "parse-rationale"
  package static let version = 2
  package static let summary =
    "Take each chain of thought apart into statement, evidence and Verification, under a strict JSON schema."
  package static let keys = ParsingConfig.keys
  package static let sets = [TaskInstruction.role]

  package static func workload(of config: Config) -> Workload {
    Workload(repairs: config.repair ?? 1, prompt: config.prompt?.text, maxTokens: config.maxTokens)
  }

  package typealias Config = ParsingConfig

  package struct Input: Codable, Sendable {
    package var question: String
    package var cot: String
    package var demonstrations: [JSON]?

    package init(question: String, cot: String, demonstrations: [JSON]? = nil) {
      self.question = question
      self.cot = cot
      self.demonstrations = demonstrations
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

  package init(_ config: Config, in workspace: Workspace) throws {
    parser = try Parser(
      config, in: workspace, prompt: PromptText.rationaleParsing, schema: Self.schema(_:)
    ) { json in
      // The list alone is taken too, and the verdicts in other spellings.
      json.array == nil ? json.withPlainVerdicts : ["cot_parsing": json.withPlainVerdicts]
    }
  }

  package func process(_ input: Input) async throws -> Outcome<Output> {
    let result = try await parser.ask(
      ["question": .string(input.question), "cot": .string(input.cot)], demonstrations: input.demonstrations,
      column: "cot_parsing",
      user: { "Question:\n\(try $0.text("question"))\n\nReasoning:\n\(try $0.text("cot"))" },
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
