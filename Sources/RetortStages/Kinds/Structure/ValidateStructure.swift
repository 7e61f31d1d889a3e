internal import OrderedCollections
package import RetortCore

/// Drops rows whose parsings break a rule, after asking a model to repair them where the pipeline says so.
package struct ValidateStructure: RowStage {
  package static let name = "validate-structure"
  package static let version = 4
  package static let isForeseeable = true

  package static func workload(of config: Config) -> Workload {
    let most = Double(config.repair.map { max(1, $0.attempts ?? 1) } ?? 0)
    return Workload { _ in 0...most }
  }
  package static let summary =
    "Drop rows whose parsing breaks a rule, each rule with its own reason; write verifications in lower case."
  package static let keys = [
    "off":
      "Rules that are not applied: \(StructureRule.allCases.filter(StructureRule.usual.contains).map(\.rawValue).joined(separator: ", ")); default none.",
    "structure":
      "Structure file with the columns to read and the lists to judge, which says how many items a list has; default "
      + "the task's own.",
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
    "condition_grounding":
      "Share of a condition's words, 0 to 1, that must stand close together in the question; with a structure, of the items "
      + "of its lists of texts that have no grounded_in, in what is shown for them. Default none.",
    "independent_evidence":
      "Drop rows with a step whose evidence says but its own statement; with a structure, with an item that answers with "
      + "the text it was given. Default false.",
    "leak_words": "Words in a row copied from a demonstration that count as a leak; default 12.",
    "repair": "Ask a model again with the exact complaint before dropping: {model, attempts}; default never.",
    "rationale_rules": "\(RationaleRule.help) A copy of the instruction is found where using names the task.",
  ]
  package static let laterKeys: Set = [
    "rationale_rules", "structure", "condition_grounding", "independent_evidence",
  ]
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
    package var structure: StructureFile?
    package var conditionGrounding: Double?
    package var independentEvidence: Bool?

    package enum CodingKeys: String, CodingKey {
      case off, grounding, occurrence, repair, structure
      case minConditions = "min_conditions"
      case maxConditions = "max_conditions"
      case minStatements = "min_statements"
      case maxStatements = "max_statements"
      case minCharacters = "min_characters"
      case maxCharacters = "max_characters"
      case leakWords = "leak_words"
      case rationaleRules = "rationale_rules"
      case conditionGrounding = "condition_grounding"
      case independentEvidence = "independent_evidence"
    }

    package init(
      off: [StructureRule]? = nil, repair: Repair? = nil, rationaleRules: [RationaleRule]? = nil,
      structure: StructureFile? = nil, conditionGrounding: Double? = nil, independentEvidence: Bool? = nil
    ) {
      self.conditionGrounding = conditionGrounding
      self.independentEvidence = independentEvidence
      self.off = off
      self.repair = repair
      self.rationaleRules = rationaleRules
      self.structure = structure
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

  /// A row; which of its columns are read, the structure says.
  package struct Input: Decodable, Sendable {
    private(set) var row: Columns

    package init(from decoder: any Decoder) throws { row = try Columns(from: decoder) }
    package init(_ row: JSON.Object) { self.row = Columns(row) }

    package init(
      question: String, cot: String, questionParsing: JSON, cotParsing: JSON, answer: String? = nil,
      finalAnswer: String? = nil, demonstrations: [JSON]? = nil
    ) {
      self.init([
        "question": .string(question), "cot": .string(cot), "question_parsing": questionParsing,
        "cot_parsing": cotParsing,
      ])
      row["answer"] = answer.map(JSON.string)
      row["final_answer"] = finalAnswer.map(JSON.string)
      row["demonstrations"] = demonstrations.map(JSON.array)
    }

    /// What is read of a row whatever the structure.
    struct Known: Decodable {
      let finalAnswer: String?
      let demonstrations: [JSON]?

      enum CodingKeys: String, CodingKey {
        case demonstrations
        case finalAnswer = "final_answer"
      }
    }
  }

  package struct Output: Codable, Hashable, Sendable {
    /// Each list of the structure as a column.
    let lists: Columns
    /// How often a model was asked to repair the row.
    package let structureRepairs: Int

    private enum CodingKeys: String, CodingKey {
      case questionParsing = "question_parsing"
      case cotParsing = "cot_parsing"
      case structureRepairs = "structure_repairs"
    }

    package init(lists: JSON.Object, structureRepairs: Int) {
      self.lists = Columns(lists)
      self.structureRepairs = structureRepairs
    }

    package init(questionParsing: [String], cotParsing: [Triple], structureRepairs: Int) {
      self.init(
        lists: [
          "question_parsing": .array(questionParsing.map(JSON.string)),
          "cot_parsing": .array(cotParsing.map(\.json)),
        ], structureRepairs: structureRepairs)
    }

    /// Of the task's own structure: what is said of the columns where no structure is known.
    package init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      self.init(
        questionParsing: try container.decode([String].self, forKey: .questionParsing),
        cotParsing: try container.decode([Triple].self, forKey: .cotParsing),
        structureRepairs: try container.decode(Int.self, forKey: .structureRepairs))
    }

    package func encode(to encoder: any Encoder) throws {
      var columns = lists
      columns[CodingKeys.structureRepairs.rawValue] = .int(Int64(structureRepairs))
      try columns.encode(to: encoder)
    }
  }

  private let rules: StructureRules
  private let form: StructureForm
  private let isGiven: Bool
  private let rationaleRules: RationaleRules
  private let instruction: TaskInstruction
  private let repairer: StructuredReply?

  package var reads: [ColumnUse] {
    let structure = form.structure
    let answer = structure.answer.map { answer in
      (form.shown.contains(answer.column) ? [] : [answer.column]) + ["final_answer"]
    }
    return form.reads + form.lists.keys.map { ColumnUse($0) }
      + ((answer ?? []) + ["demonstrations"]).map { ColumnUse($0, required: false) }
  }

  package var adds: [String]? { form.lists.keys + ["structure_repairs"] }

  package init(_ config: Config, in workspace: Workspace) throws {
    var rules = StructureRules()
    if config.independentEvidence == true { rules.rules.insert(.circle) }
    rules.rules.subtract(config.off ?? [])
    if let file = config.structure {
      try Self.refuse(config, beside: file.structure)
      rules.form = StructureForm(file.structure)
    } else {
      rules.conditions = try Self.range(config.minConditions, config.maxConditions, 3...40, "conditions")
      rules.statements = try Self.range(config.minStatements, config.maxStatements, 1...40, "statements")
    }
    let form = rules.form
    let isGiven = config.structure != nil
    (self.form, self.isGiven) = (form, isGiven)
    rules.lengths = try Self.range(config.minCharacters, config.maxCharacters, rules.lengths, "characters")
    rules.grounding = try Self.share(config.grounding ?? rules.grounding, "grounding")
    rules.occurrence = try Self.share(config.occurrence ?? rules.occurrence, "occurrence")
    rules.listGrounding = try config.conditionGrounding.map { try Self.share($0, "condition_grounding") }
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
        schema: form.schema(try ListBounds(), bounding: isGiven),
        // The rules have bounds of their own.
        rules: try .init(form.schema(.none, bounding: isGiven), form: { form.plain($0) }),
        attempts: attempts - 1)
    }
  }

  package func process(_ input: Input) async throws -> Outcome<Output> {
    // No parsing mends a rationale that is unfit, so nothing is asked about it.
    var candidate = try candidate(input.row.values)
    let unfit = rationaleRules.violations(
      in: candidate.texts[form.structure.answer?.statedIn ?? ""] ?? "",
      question: candidate.texts[form.structure.answer?.optionsIn ?? ""] ?? "",
      instruction: try await instruction.value)
    if let first = unfit.first {
      return .drop(reason: first.rule.reason, detail: unfit.map(\.message).joined(separator: "; "))
    }
    var violations = rules.violations(in: candidate)
    var repairs = 0
    // A rationale that contradicts the answer is not mended by parsing it again.
    if let repairer, !violations.isEmpty, !violations.contains(where: { $0.rule == .answer }) {
      let original = candidate
      let answer = try await repairer.ask(messages(candidate, violations)) {
        json throws(StructuredReply.Complaint) in
        var repaired = original
        for list in form.lists.keys { repaired.lists[list] = json[list] ?? .null }
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
      return .drop(reason: first.reason, detail: violations.map(\.message).joined(separator: "; "))
    }
    let items = StructureReading(candidate.lists, as: form).items
    let lists = form.lists.keys.map { name in
      (name, JSON.array((items[name] ?? []).map { form.plain($0, of: name) }))
    }
    return .emit([Output(lists: JSON.Object(uniqueKeysWithValues: lists), structureRepairs: repairs)])
  }

  /// What the rules look at in a row. Errors: ``JSONError`` naming the column.
  private func candidate(_ row: JSON.Object) throws -> StructureCandidate {
    let answer = form.structure.answer?.column
    var texts: [String: String] = [:]
    for column in form.reads {
      texts[column.name] = try column.text(in: row)
    }
    var lists: JSON.Object = [:]
    for name in form.lists.keys {
      guard let list = row[name] else {
        throw JSONError("column '\(name)': expected a value, found no such column")
      }
      lists[name] = list
    }
    let known = try JSON.object(row).decode(Input.Known.self)
    return StructureCandidate(
      texts: texts, lists: lists,
      answer: try answer.flatMap { try ColumnUse($0, required: false).text(in: row) },
      finalAnswer: known.finalAnswer, demonstrations: (known.demonstrations ?? []).flatMap(\.texts))
  }

  private static let taskSystem = """
    You correct the parsing of a question and of the reasoning about it. Conditions are copied from the \
    question. Statements are copied from the reasoning, evidence from the reasoning or the question. \
    Verification is "true" where the evidence entails the statement, else "false". Change what the complaints \
    name and keep the rest. Answer with the whole JSON object and nothing else.
    """

  private func messages(_ candidate: StructureCandidate, _ violations: [StructureViolation]) -> [ChatMessage]
  {
    let system =
      isGiven
      ? "You correct how texts were taken apart. Change what the complaints name and keep the rest.\n\n\(form.request)"
      : Self.taskSystem
    let sections =
      form.sections { candidate.texts[$0] } + [
        "Parsing:\n\(JSON.object(candidate.lists).text)",
        "Complaints:\n\(violations.map { "- \($0.message)" }.joined(separator: "\n"))",
      ]
    return [.system(system), .user(sections.joined(separator: "\n\n"))]
  }

  /// Keys that speak of the task's own structure.
  private static func refuse(_ config: Config, beside structure: Structure) throws {
    let counts = [
      ("min_conditions", config.minConditions), ("max_conditions", config.maxConditions),
      ("min_statements", config.minStatements), ("max_statements", config.maxStatements),
    ]
    var mistakes = counts.filter { $0.1 != nil }.map { name, _ in
      StageError("\(name): expected none beside a structure, whose lists say least and most", at: [name])
    }
    if config.rationaleRules?.isEmpty == false, structure.answer == nil {
      mistakes.append(
        StageError(
          "rationale_rules: expected a structure with the key 'answer', which says where the rationale is",
          at: ["rationale_rules"]))
    }
    let lists = structure.lists.values
    if config.conditionGrounding != nil, lists.values.allSatisfy({ $0.fields != nil || $0.groundedIn != nil })
    {
      mistakes.append(
        StageError(
          "condition_grounding: expected a structure with a list of texts without grounded_in, found none",
          at: ["condition_grounding"]))
    }
    if config.independentEvidence == true,
      lists.allSatisfy({ structure.answers(in: $0.key, $0.value).isEmpty })
    {
      mistakes.append(
        StageError(
          "independent_evidence: expected a structure with an act that gives a text of an item to which it is given another, found none",
          at: ["independent_evidence"]))
    }
    if !mistakes.isEmpty { throw StageErrors(mistakes) }
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
