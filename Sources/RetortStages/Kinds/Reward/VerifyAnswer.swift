internal import OrderedCollections
package import RetortCore

/// Says whether a response's answer is right, and rewards it.
package struct VerifyAnswer: RowStage {
  package static let name = "verify-answer"
  package static let version = 2
  package static let laterKeys: Set = [
    "decimal", "command", "tool", "tests", "hidden", "entry", "credit", "right", "wrong",
  ]
  package static let summary = "Check each answer against the known one, a solver, tests or a judge."
  package static let keys = [
    "verifier":
      "choice (option letters), exact, number, math (expressions, by a helper), json, puzzle (column 'puzzle', solved), constraints (column 'constraints': right if all hold; adds 'constraint_report'), tests (a function, which a tool runs; adds 'code', 'test_report', 'tests_passed' and 'tests_run'), judge, or verdict (the answer is a judge's own words, one of those under right: or wrong: and nothing else).",
    "answer": "The column with the response's answer; default 'answer'.",
    "reference":
      "The column with the known answer; default 'reference'. Not for puzzle, constraints, tests, judge and verdict.",
    "tolerance":
      "For number: how far off, as a share of the known one, or absolutely where that is below 1; default 1e-6, and none between whole numbers.",
    "decimal":
      "For number: point (the default), or comma where texts write 1.234,5; the other sign marks thousands.",
    "command":
      "For math: the helper and its arguments, relative to the pipeline file; default [verify-math], found on the PATH.",
    "tool":
      "For tests: the server of the file that offers run_tests, such as tools/python-server --tests, with sandbox: true.",
    "tests":
      "For tests: the column with the list of tests, {input, expected}, {assert}, {check} or {stdin, expected_output}; default 'tests'.",
    "hidden":
      "For tests: the column with more tests, of which nothing but their number is told; default 'hidden_tests', where it is there.",
    "entry": "For tests: the column with the function's name; default 'entry'.",
    "credit":
      "For tests: the reward is the share of tests that pass (share, the default), or 1 only if all do (all). An answer is correct if all pass.",
    "right":
      "For verdict: what says that it is right; default [correct]. Case, white space and a full stop at the end do not count; what is neither right nor wrong is unreadable.",
    "wrong": "For verdict: what says that it is wrong; default [wrong, incorrect].",
    "model": "For judge: a reward model or a judge; it sees 'question' and 'completion'.",
    "threshold":
      "For judge: the probability of being good, 0 to 1, above which an answer is correct; default 0.5.",
  ]

  package static let plots = PlottedColumns.own([PlottedColumn("reward")])

  package struct Config: Codable, Sendable {
    package var verifier: Verifier
    package var answer: String?
    package var reference: String?
    package var tolerance: Double?
    package var decimal: DecimalMark?
    package var command: [String]?
    package var model: ModelRef?
    package var threshold: Double?
    package var tool: ToolRef?
    package var tests: String?
    package var hidden: String?
    package var entry: String?
    package var credit: Credit?
    package var right: [String]?
    package var wrong: [String]?

    package init(
      verifier: Verifier, answer: String? = nil, reference: String? = nil, tolerance: Double? = nil,
      decimal: DecimalMark? = nil, command: [String]? = nil, model: ModelRef? = nil, tool: ToolRef? = nil,
      credit: Credit? = nil, right: [String]? = nil, wrong: [String]? = nil
    ) {
      self.verifier = verifier
      self.answer = answer
      self.reference = reference
      self.tolerance = tolerance
      self.decimal = decimal
      self.command = command
      self.model = model
      self.tool = tool
      self.credit = credit
      self.right = right
      self.wrong = wrong
    }

    package enum CodingKeys: String, CodingKey {
      case verifier, answer, reference, tolerance, decimal, command, model, threshold
      case tool, tests, hidden, entry, credit, right, wrong
    }
  }

  package typealias Input = Columns

  package struct Output: Codable, Hashable, Sendable {
    /// Nil where the answer cannot be read: neither right nor wrong.
    package var correct: Bool?
    /// 1 or 0; a judge's probability, or the share of tests, between. Nil as ``correct`` is.
    package var reward: Double?
    /// Of each constraint; nil with another verifier.
    package var report: JSON?
    /// Nil with another verifier than tests.
    package var tested: Tested?

    package init(correct: Bool?, reward: Double?, report: JSON? = nil, tested: Tested? = nil) {
      self.correct = correct
      self.reward = reward
      self.report = report
      self.tested = tested
    }

    package enum CodingKeys: String, CodingKey {
      case correct, reward, code
      case report = "constraint_report"
      case testReport = "test_report"
      case passed = "tests_passed"
      case run = "tests_run"
    }

    package init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: CodingKeys.self)
      correct = try fields.decodeIfPresent(Bool.self, forKey: .correct)
      reward = try fields.decodeIfPresent(Double.self, forKey: .reward)
      report = try fields.decodeIfPresent(JSON.self, forKey: .report)
      guard let said = try fields.decodeIfPresent(String.self, forKey: .testReport) else { return }
      tested = Tested(
        code: try fields.decodeIfPresent(String.self, forKey: .code), report: said,
        passed: try fields.decode(Int.self, forKey: .passed), run: try fields.decode(Int.self, forKey: .run))
    }

    package func encode(to encoder: any Encoder) throws {
      var fields = encoder.container(keyedBy: CodingKeys.self)
      // Null, and not left out: the columns are there in every row.
      try fields.encode(correct, forKey: .correct)
      try fields.encode(reward, forKey: .reward)
      if let report { try fields.encode(report, forKey: .report) }
      guard let tested else { return }
      try fields.encode(tested.code, forKey: .code)
      try fields.encode(tested.report, forKey: .testReport)
      try fields.encode(tested.passed, forKey: .passed)
      try fields.encode(tested.run, forKey: .run)
    }
  }

  package var adds: [String]? {
    ["correct", "reward"] + (verifier == .constraints ? ["constraint_report"] : [])
      + (tests == nil ? [] : Output.Tested.columns)
  }

  package var reads: [ColumnUse] {
    if let tests { return tests.reads }
    return switch verifier {
    case .judge: [ColumnUse("question"), ColumnUse("completion", or: ["final_answer"])]
    case .puzzle: [ColumnUse(answer), ColumnUse("puzzle")]
    case .constraints: [ColumnUse(answer), ColumnUse("constraints")]
    case .verdict: [ColumnUse(answer)]
    case .choice:
      [ColumnUse(answer), ColumnUse(reference)]
        + ["options", "choices", "question"].map { ColumnUse($0, required: false) }
    default: [ColumnUse(answer), ColumnUse(reference)]
    }
  }
  private let verifier: Verifier
  private let answer: String
  private let reference: String
  private let tolerance: Double?
  private let decimal: DecimalMark
  private let threshold: Double
  private let judge: (any RewardModel)?
  private let math: MathHelper?
  private let tests: AnswerTests?
  private let verdicts: VerdictWords?

  package init(_ config: Config, in workspace: Workspace) throws {
    verifier = config.verifier
    answer = config.answer ?? "answer"
    reference = config.reference ?? "reference"
    tolerance = config.tolerance
    decimal = config.decimal ?? .point
    threshold = config.threshold ?? 0.5
    judge = try config.model.map { try workspace.reward($0) }
    if let tolerance, !(tolerance >= 0 && tolerance.isFinite) {
      throw StageError("tolerance: expected 0 or more, found \(tolerance)")
    }
    guard config.command?.isEmpty != true, config.command == nil || verifier == .math else {
      throw StageError("command: expected a program, and verifier: math with it, found \(verifier.rawValue)")
    }
    math =
      verifier == .math ? MathHelper(config.command ?? ["verify-math"], in: workspace) : nil
    guard config.decimal == nil || verifier == .number else {
      throw StageError("decimal: expected verifier: number with it, found \(verifier.rawValue)")
    }
    guard (0...1).contains(threshold) else {
      throw StageError("threshold: expected 0 to 1, found \(threshold)")
    }
    tests = try config.tests(answer: answer, in: workspace)
    guard verifier == .verdict || config.right == nil && config.wrong == nil else {
      throw StageError(
        "\(config.right == nil ? "wrong" : "right"): expected verifier: verdict with it, found \(verifier.rawValue)"
      )
    }
    verdicts = verifier == .verdict ? try VerdictWords(right: config.right, wrong: config.wrong) : nil
    guard (judge != nil) == (verifier == .judge) else {
      throw StageError(
        verifier == .judge
          ? "expected the key 'model' with verifier: judge, found none"
          : "model: expected verifier: judge with it, found \(verifier.rawValue), which calls none")
    }
  }

  package func process(_ input: Columns) async throws -> Outcome<Output> {
    if let judge {
      let score = try await judge.score([
        .user(Self.text(input["question"])),
        .assistant(Self.text(input["completion"] ?? input["final_answer"])),
      ])
      guard score.isSane else {
        return .drop(
          reason: "bad reward",
          detail: "expected a score up to \(RewardScore.largest) in size, found \(score.logit)")
      }
      return .emit([Output(correct: score.probability > threshold, reward: score.probability)])
    }
    do {
      if let tests { return .emit([try await tests.process(input)]) }
      if verifier == .constraints { return try reported(input) }
      guard let math else { return Self.verdict(try check(input)) }
      let (text, known) = (StatedAnswer.spoken(Self.text(input[answer])), try known(input))
      if Verifier.plain(text) == Verifier.plain(known) { return Self.verdict(true) }
      let said = ReadCompletion(text).answer
      return Self.verdict(said.isEmpty ? nil : try await math.agree(said, known))
    } catch let bad as BadRow {
      return .drop(reason: bad.reason, detail: bad.detail)
    }
  }

  private static func verdict(_ correct: Bool?) -> Outcome<Output> {
    .emit([Output(correct: correct, reward: correct.map { $0 ? 1 : 0 })])
  }

  /// A text that breaks a constraint is wrong; one without a word has no answer.
  private func reported(_ row: Columns) throws(BadRow) -> Outcome<Output> {
    let listed = row["constraints"]?.array ?? []
    let constraints = listed.compactMap(Constraint.init)
    guard !listed.isEmpty, constraints.count == listed.count else {
      throw BadRow(
        "no constraints",
        "expected constraints as generate-instructions writes them in 'constraints', found \(row.found("constraints"))"
      )
    }
    let text = Thoughts(in: Self.text(row[answer])).answer.trimmed
    let reports = constraints.map { $0.report(on: text) }
    let isRight: Bool? = text.isEmpty ? nil : reports.allSatisfy(\.holds)
    return .emit([
      Output(
        correct: isRight, reward: isRight.map { $0 ? 1 : 0 }, report: .array(reports.map(\.json)))
    ])
  }

  /// Nil for an answer that cannot be read; a reference that cannot be read is the row's mistake.
  private func check(_ row: Columns) throws(BadRow) -> Bool? {
    let text = Self.text(row[answer])
    switch verifier {
    case .choice:
      guard let right = StatedAnswer.option(try known(row)) else {
        throw noReference(row, "an option letter")
      }
      let options = max(Self.options(of: row), StatedAnswer.number(of: right))
      return StatedAnswer.letter(in: text, options: options).map { $0 == right }
    case .exact:
      let (said, right) = (Verifier.plain(StatedAnswer.spoken(text)), Verifier.plain(try known(row)))
      return said.isEmpty ? nil : said == right
    case .number: return try number(text, row)
    case .json:
      var right = row[reference] ?? .null
      if let text = right.string {
        guard let parsed = try? JSON(parsing: text) else { throw noReference(row, "JSON") }
        right = parsed
      } else if row[reference] == nil {
        throw noReference(row, "JSON")
      }
      return (try? JSON.salvage(from: StatedAnswer.spoken(text))).map { Verifier.same($0, right) }
    case .puzzle:
      guard let puzzle = row["puzzle"].flatMap(Puzzle.init) else {
        throw BadRow("no puzzle", "expected a puzzle in 'puzzle', found \(row.found("puzzle"))")
      }
      if puzzle.isOpen {
        guard let solution = puzzle.solution else {
          throw BadRow(
            "no solution", "expected a puzzle with one solution, found \(puzzle.solutions().count)")
        }
        return puzzle.stated(in: StatedAnswer.spoken(text)).map { $0 == solution }
      }
      let right = puzzle.rightOptions().filter { $0 < 26 }.map { String(UnicodeScalar(UInt8(65 + $0))) }
      guard !right.isEmpty else {
        throw BadRow("no solution", "expected a puzzle with a right option, found none")
      }
      return StatedAnswer.letter(in: text, options: puzzle.options.count).map(right.contains)
    case .verdict: return verdicts?.verdict(in: text)
    case .judge, .math, .constraints, .tests: return nil
    }
  }

  /// A quantity that is no plain number, such as `5:2` or `6 hours 30 minutes`, is known by its text alone.
  private func number(_ text: String, _ row: Columns) throws(BadRow) -> Bool? {
    let known = try known(row)
    if Verifier.plain(StatedAnswer.spoken(text)) == Verifier.plain(known) { return true }
    guard let right = StatedAnswer.number(in: known, decimal: decimal) else {
      guard known.contains(where: \.isNumber) else { throw noReference(row, "a number") }
      return nil
    }
    return StatedAnswer.number(in: text, decimal: decimal)?.agrees(with: right, tolerance: tolerance)
  }

  /// As many as the row lists, in a column or in the question.
  private static func options(of row: Columns) -> Int {
    for column in ["options", "choices"] {
      if let count = row[column]?.array?.count ?? row[column]?.object?.count, count > 1 { return count }
    }
    return row["question"]?.string.flatMap(StatedAnswer.options) ?? StatedAnswer.usualOptions
  }

  private func known(_ row: Columns) throws(BadRow) -> String {
    let text = Self.text(row[reference])
    guard !text.trimmed.isEmpty else { throw noReference(row, "the known answer") }
    return text
  }

  private func noReference(_ row: Columns, _ expected: String) -> BadRow {
    let text = Self.text(row[reference])
    return BadRow(
      "no reference",
      "expected \(expected) in '\(reference)', found \(text.isEmpty ? row.found(reference) : "'\(text.prefix(60))'")"
    )
  }

  private static func text(_ value: JSON?) -> String {
    switch value {
    case nil, .null: ""
    case .string(let text): text
    case let value?: value.text
    }
  }
}
