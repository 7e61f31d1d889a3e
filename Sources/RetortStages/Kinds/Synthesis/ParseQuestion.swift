internal import OrderedCollections
package import RetortCore

/// Takes a question apart into the conditions needed to solve it.
package struct ParseQuestion: PromptingStage {
  package static let name = "parse-question"
  package static let version = 2
  package static let summary =
    "List the conditions needed to solve each question, under a strict JSON schema."
  package static let keys = ParsingConfig.keys
  package static let sets = [TaskInstruction.role]

  package static func workload(of config: Config) -> Workload {
    Workload(repairs: config.repair ?? 1, prompt: config.prompt?.text, maxTokens: config.maxTokens)
  }

  package typealias Config = ParsingConfig

  package struct Input: Codable, Sendable {
    package var question: String
    package var demonstrations: [JSON]?

    package init(question: String, demonstrations: [JSON]? = nil) {
      self.question = question
      self.demonstrations = demonstrations
    }
  }

  package struct Output: Codable, Hashable, Sendable {
    package var questionParsing: [String]

    package enum CodingKeys: String, CodingKey {
      case questionParsing = "question_parsing"
    }

    package init(questionParsing: [String]) {
      self.questionParsing = questionParsing
    }
  }

  private let parser: Parser

  package init(_ config: Config, in workspace: Workspace) throws {
    parser = try Parser(
      config, in: workspace, prompt: PromptText.questionParsing, schema: Self.schema(_:)
    ) { json in
      // The list alone is taken too.
      json.array == nil ? json : ["question_parsing": json]
    }
  }

  package func process(_ input: Input) async throws -> Outcome<Output> {
    let result = try await parser.ask(
      ["question": .string(input.question)], demonstrations: input.demonstrations,
      columns: ["question_parsing"], user: { try $0.text("question") }, read: Self.conditions)
    return result.outcome { Output(questionParsing: $0) }
  }

  package var promptKeys: Set<String> { Parser.promptKeys }
  package var promptReads: [ColumnUse] { reads }
  package var promptParts: Set<PromptPart> { [.system] }

  package func prompt(of row: Columns) async throws -> [ChatMessage] {
    let input = try Row(row.values).view(as: Input.self)
    return try await parser.messages(
      ["question": .string(input.question)], demonstrations: input.demonstrations,
      columns: ["question_parsing"], user: { try $0.text("question") })
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
