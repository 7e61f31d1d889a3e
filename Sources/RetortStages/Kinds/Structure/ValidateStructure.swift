package import RetortCore

/// Drops rows whose parsings break a rule, after asking a model to repair them where the pipeline says so.
package struct ValidateStructure: RowStage {
  package static let name = "validate-structure"
  package static let version = 3
  package static let summary =
    "Drop rows whose parsing breaks a rule, each rule with its own reason; write verifications in lower case."
  package static let keys = [
    "off":
      "Rules that are not applied: \(StructureRule.allCases.map(\.rawValue).joined(separator: ", ")); default none.",
    "min_conditions": "Least number of conditions; default 3.",
    "max_conditions": "Most conditions; default 40.",
    "min_statements": "Least number of steps; default 1.",
    "max_statements": "Most steps; default 40.",
    "min_characters": "Least characters of a condition, statement or evidence; default 2.",
    "max_characters": "Most characters of a condition, statement or evidence; default 2000.",
    "grounding":
      "Share of an evidence's words, 0 to 1, that must stand close together in question or rationale; default 0.75.",
    "occurrence":
      "Share of a statement's words, 0 to 1, that must stand close together in the rationale; default 0.75.",
    "leak_words": "Words in a row copied from a demonstration that count as a leak; default 12.",
    "repair": "Ask a model again with the exact complaint before dropping: {model, attempts}; default never.",
    "rationale_rules": "\(RationaleRule.help) A copy of the instruction is found where using names the task.",
  ]
  package static let laterKeys: Set = ["rationale_rules"]
  package static let sets = [TaskInstruction.role]

  package struct Config: Codable, Sendable {
    package var off: [StructureRule]?
    package var minConditions: Int?
    package var maxConditions: Int?
    package var minStatements: Int?
    package var maxStatements: Int?
    package var minCharacters: Int?
    package var maxCharacters: Int?
    package var grounding: Double?
    package var occurrence: Double?
    package var leakWords: Int?
    package var repair: Repair?
    package var rationaleRules: [RationaleRule]?

    package enum CodingKeys: String, CodingKey {
      case off, grounding, occurrence, repair
      case minConditions = "min_conditions"
      case maxConditions = "max_conditions"
      case minStatements = "min_statements"
      case maxStatements = "max_statements"
      case minCharacters = "min_characters"
      case maxCharacters = "max_characters"
      case leakWords = "leak_words"
      case rationaleRules = "rationale_rules"
    }

    package init(off: [StructureRule]? = nil, repair: Repair? = nil, rationaleRules: [RationaleRule]? = nil) {
      self.off = off
      self.repair = repair
      self.rationaleRules = rationaleRules
    }
  }

  package struct Repair: Codable, Sendable {
    package var model: ModelRef
    /// How often the model may be asked; default 1.
    package var attempts: Int?

    package init(model: ModelRef, attempts: Int? = nil) {
      self.model = model
      self.attempts = attempts
    }
  }

  package struct Input: Codable, Sendable {
    package var question: String
    package var cot: String
    package var questionParsing: JSON
    package var cotParsing: JSON
    package var answer: String?
    package var finalAnswer: String?
    package var demonstrations: [JSON]?

    package enum CodingKeys: String, CodingKey {
      case question, cot, answer, demonstrations
      case questionParsing = "question_parsing"
      case cotParsing = "cot_parsing"
      case finalAnswer = "final_answer"
    }

    package init(
      question: String, cot: String, questionParsing: JSON, cotParsing: JSON, answer: String? = nil,
      finalAnswer: String? = nil, demonstrations: [JSON]? = nil
    ) {
      self.question = question
      self.cot = cot
      self.questionParsing = questionParsing
      self.cotParsing = cotParsing
      self.answer = answer
      self.finalAnswer = finalAnswer
      self.demonstrations = demonstrations
    }
  }

  package struct Output: Codable, Hashable, Sendable {
    package var questionParsing: [String]
    package var cotParsing: [Triple]
    /// How often a model was asked to repair the row.
    package var structureRepairs: Int

    package enum CodingKeys: String, CodingKey {
      case questionParsing = "question_parsing"
      case cotParsing = "cot_parsing"
      case structureRepairs = "structure_repairs"
    }

    package init(questionParsing: [String], cotParsing: [Triple], structureRepairs: Int) {
      self.questionParsing = questionParsing
      self.cotParsing = cotParsing
      self.structureRepairs = structureRepairs
    }
  }

  private let rules: StructureRules
  private let rationaleRules: RationaleRules
  private let instruction: TaskInstruction
  private let repairer: StructuredReply?

  package init(_ config: Config, in workspace: Workspace) throws {
    var rules = StructureRules()
    rules.rules.subtract(config.off ?? [])
    rules.conditions = try Self.range(
      config.minConditions, config.maxConditions, rules.conditions, "conditions")
    rules.statements = try Self.range(
      config.minStatements, config.maxStatements, rules.statements, "statements")
    rules.lengths = try Self.range(config.minCharacters, config.maxCharacters, rules.lengths, "characters")
    rules.grounding = try Self.share(config.grounding ?? rules.grounding, "grounding")
    rules.occurrence = try Self.share(config.occurrence ?? rules.occurrence, "occurrence")
    rules.leakWords = config.leakWords ?? rules.leakWords
    guard rules.leakWords > 0 else {
      throw StageError("leak_words: expected at least 1, found \(rules.leakWords)")
    }
    self.rules = rules
    rationaleRules = RationaleRules(rules: Set(config.rationaleRules ?? []))
    instruction = TaskInstruction(workspace)
    repairer = try config.repair.map { repair in
      let attempts = repair.attempts ?? 1
      guard (1...10).contains(attempts) else {
        throw StageError("repair.attempts: expected 1 to 10, found \(attempts)")
      }
      return StructuredReply(
        model: try workspace.chat(repair.model), sampling: Sampling(temperature: 0, maxTokens: 2048),
        schema: Self.schema(try ListBounds()),
        // The rules have bounds of their own.
        rules: try .init(Self.schema(.none), form: \.withPlainVerdicts), attempts: attempts - 1)
    }
  }

  package func process(_ input: Input) async throws -> Outcome<Output> {
    // No parsing mends a rationale that is unfit, so nothing is asked about it.
    let unfit = rationaleRules.violations(
      in: input.cot, question: input.question, instruction: try await instruction.value)
    if let first = unfit.first {
      return .drop(reason: first.rule.reason, detail: unfit.map(\.message).joined(separator: "; "))
    }
    var candidate = StructureCandidate(
      question: input.question, cot: input.cot, questionParsing: input.questionParsing,
      cotParsing: input.cotParsing, answer: input.answer, finalAnswer: input.finalAnswer,
      demonstrations: (input.demonstrations ?? []).flatMap(\.texts))
    var violations = rules.violations(in: candidate)
    var repairs = 0
    // A rationale that contradicts the answer is not mended by parsing it again.
    if let repairer, !violations.isEmpty, !violations.contains(where: { $0.rule == .answer }) {
      let original = candidate
      let answer = try await repairer.ask(Self.messages(candidate, violations)) {
        json throws(StructuredReply.Complaint) in
        var repaired = original
        repaired.questionParsing = json["question_parsing"] ?? .null
        repaired.cotParsing = json["cot_parsing"] ?? .null
        let left = rules.violations(in: repaired)
        guard left.isEmpty else { throw .init(left.map(\.message).joined(separator: "; ")) }
        return repaired
      }
      if case .value(let repaired, let more) = answer {
        candidate = repaired
        violations = []
        repairs = more + 1
      }
    }
    if let first = violations.first {
      return .drop(reason: first.rule.reason, detail: violations.map(\.message).joined(separator: "; "))
    }
    let reading = candidate.reading
    return .emit([
      Output(
        questionParsing: reading.conditions, cotParsing: reading.triples.map(\.normalized),
        structureRepairs: repairs)
    ])
  }

  private static func schema(_ bounds: ListBounds) -> JSON {
    [
      "type": "object",
      "properties": [
        "question_parsing": ["type": "array", "items": ["type": "string"]],
        "cot_parsing": Triple.listSchema(bounds),
      ],
      "required": ["question_parsing", "cot_parsing"],
      "additionalProperties": false,
    ]
  }

  private static func messages(_ candidate: StructureCandidate, _ violations: [StructureViolation])
    -> [ChatMessage]
  {
    let parsing: JSON = [
      "question_parsing": candidate.questionParsing, "cot_parsing": candidate.cotParsing,
    ]
    return [
      .system(
        """
        You correct the parsing of a question and of the reasoning about it. Conditions are copied from the \
        question. Statements are copied from the reasoning, evidence from the reasoning or the question. \
        Verification is "true" where the evidence entails the statement, else "false". Change what the complaints \
        name and keep the rest. Answer with the whole JSON object and nothing else.
        """),
      .user(
        """
        Question:
        \(candidate.question)

        Reasoning:
        \(candidate.cot)

        Parsing:
        \(parsing.text)

        Complaints:
        \(violations.map { "- \($0.message)" }.joined(separator: "\n"))
        """),
    ]
  }

  private static func range(_ least: Int?, _ most: Int?, _ usual: ClosedRange<Int>, _ name: String) throws
    -> ClosedRange<Int>
  {
    let lower = least ?? usual.lowerBound
    let upper = most ?? max(usual.upperBound, lower)
    guard lower >= 0, lower <= upper else {
      throw StageError(
        "min_\(name), max_\(name): expected 0 <= least <= most, found \(lower) and \(upper)")
    }
    return lower...upper
  }

  private static func share(_ value: Double, _ name: String) throws -> Double {
    guard (0...1).contains(value) else {
      throw StageError("\(name): expected a share from 0 to 1, found \(value)")
    }
    return value
  }
}
