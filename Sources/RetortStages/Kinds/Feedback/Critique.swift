internal import OrderedCollections
package import RetortCore

/// Says of an attempt what is wrong with it, for those who try again.
package struct Critique: RowStage {
  package static let name = "critique"
  package static let version = 1
  package static let summary =
    "Say what is wrong with an attempt: by its verdict, its report, the known answer or a judge."
  package static let keys = [
    "by":
      "verdict (right, wrong or unreadable; the default), report (the constraints that are broken), gold (the verdict and the known answer; adds saw_gold: true) or judge (a model's words, which must not give the known answer away).",
    "correct": "The column with the verdict; default 'correct'.",
    "report": "For report: the column with the report of verify-answer; default 'constraint_report'.",
    "reference":
      "For gold, and for a judge that is to know it: the column with the known answer; default 'reference'.",
    "question": "For judge: the column with the question; default 'question'.",
    "completion": "For judge: the column with the attempt; default 'completion'.",
    "model": "For judge: the model that is asked.",
    "system":
      "For judge: what it is told; default asks for strengths, gaps and what to change, without a solution.",
    "max_tokens": "For judge: most tokens of its words; default 512.",
    "temperature": "For judge; default the endpoint's.",
    ImageColumns.key: ImageColumns.judgeHelp,
  ]
  package static let laterKeys: Set = [ImageColumns.key]

  package enum Source: String, Codable, Hashable, Sendable, CaseIterable { case verdict, report, gold, judge }

  package struct Config: Codable, Sendable {
    package var by: Source?
    package var correct: String?
    package var report: String?
    package var reference: String?
    package var question: String?
    package var completion: String?
    package var model: ModelRef?
    package var system: String?
    package var maxTokens: Int?
    package var temperature: Double?
    package var images: [String]?

    package enum CodingKeys: String, CodingKey {
      case by, correct, report, reference, question, completion, model, system, temperature, images
      case maxTokens = "max_tokens"
    }

    package init(
      by: Source? = nil, model: ModelRef? = nil, reference: String? = nil, images: [String]? = nil
    ) {
      self.images = images
      self.by = by
      self.model = model
      self.reference = reference
    }
  }

  package static func workload(of config: Config) -> Workload {
    Workload(samples: 1, repairs: 0, maxTokens: config.maxTokens ?? 512, keepsRows: true)
  }

  package typealias Input = Columns

  package struct Output: Codable, Hashable, Sendable {
    package var critique: String
    /// Whether it was made with the known answer in sight of those who read it.
    package var sawGold: Bool

    package enum CodingKeys: String, CodingKey {
      case critique
      case sawGold = "saw_gold"
    }
  }

  static let system =
    "You review an answer to a task. Say in a few sentences what is good, what is missing or wrong, and what to change. Do not solve the task, do not rewrite the answer, and never state the right answer."

  package let reads: [ColumnUse]
  private let source: Source
  private let config: Config
  private let judge: (any ChatModel)?
  private let images: ImageColumns

  private var correct: String { config.correct ?? "correct" }
  private var report: String { config.report ?? "constraint_report" }
  private var reference: String { config.reference ?? "reference" }
  private var question: String { config.question ?? "question" }
  private var completion: String { config.completion ?? "completion" }

  package init(_ config: Config, in workspace: Workspace) throws {
    source = config.by ?? .verdict
    self.config = config
    guard (config.model != nil) == (source == .judge) else {
      throw StageError(
        source == .judge
          ? "expected the key 'model' with by: judge, found none"
          : "model: expected by: judge with it, found \(source.rawValue), which calls none")
    }
    judge = try config.model.map { try workspace.chat($0) }
    images = try ImageColumns(config.images, judgedBy: config.model)
    let names: [ColumnUse] =
      switch source {
      case .verdict: [ColumnUse(config.correct ?? "correct")]
      case .report: [ColumnUse(config.report ?? "constraint_report")]
      case .gold: [ColumnUse(config.correct ?? "correct"), ColumnUse(config.reference ?? "reference")]
      case .judge:
        [ColumnUse(config.question ?? "question"), ColumnUse(config.completion ?? "completion")]
          + (config.reference.map { [ColumnUse($0)] } ?? [])
      }
    reads = ColumnUse.joined(names, images.reads)
  }

  package func process(_ input: Columns) async throws -> Outcome<Output> {
    do throws(BadRow) {
      switch source {
      case .verdict: return Self.said(try verdict(input))
      case .report: return Self.said(try broken(input))
      case .gold: return .emit([Output(critique: try gold(input), sawGold: true)])
      case .judge: break
      }
    } catch { return .drop(reason: error.reason, detail: error.detail) }
    return try await judged(input)
  }

  private static func said(_ critique: String) -> Outcome<Output> {
    .emit([Output(critique: critique, sawGold: false)])
  }

  private func verdict(_ row: Columns) throws(BadRow) -> String {
    if row[correct]?.isNull ?? true { return "No answer could be read from it." }
    return try row.flag(correct) ? "The answer is right." : "The answer is wrong."
  }

  private func gold(_ row: Columns) throws(BadRow) -> String {
    guard let known = row[reference], !known.isNull, known != "" else {
      throw BadRow(
        "no reference", "expected the known answer in '\(reference)', found \(row.found(reference))")
    }
    return "\(try verdict(row)) The right answer is: \(known.string ?? known.text)"
  }

  private func broken(_ row: Columns) throws(BadRow) -> String {
    let parts = row[report]?.array ?? []
    guard !parts.isEmpty, parts.allSatisfy({ $0["holds"]?.bool != nil && $0["constraint"]?.string != nil })
    else {
      throw BadRow(
        "no report", "expected a report of verify-answer in '\(report)', found \(row.found(report))")
    }
    let held = parts.count { $0["holds"] == true }
    let lines = parts.map { part in
      let text = part["constraint"]?.string ?? ""
      return part["holds"] == true
        ? "- kept: \(text)" : "- broken: \(text) Found: \(part["found"]?.string ?? "")"
    }
    return (["\(held) of \(parts.count) constraints hold."] + lines).joined(separator: "\n")
  }

  // MARK: A judge

  private func judged(_ row: Columns) async throws -> Outcome<Output> {
    guard let judge, let task = row[question]?.string, let attempt = row[completion]?.string else {
      return .drop(
        reason: "no attempt",
        detail:
          "expected texts in '\(question)' and '\(completion)', found \(row.found(question)) and \(row.found(completion))"
      )
    }
    let known = config.reference.flatMap { row[$0] }.flatMap { $0.isNull ? nil : $0.string ?? $0.text }
    var text = "Task:\n\(task)\n\nAnswer:\n\(attempt)"
    if let known { text += "\n\nFor you alone, never to be stated: the right answer is \(known)" }
    let asked: [ChatMessage]
    do {
      asked = try images.shown(
        in: [.system(config.system ?? Self.system), .user(text)], of: row, marks: false)
    } catch { return .drop(reason: error.reason, detail: error.detail) }
    let reply = try await judge.reply(
      to: ChatRequest(
        asked,
        sampling: Sampling(temperature: config.temperature, maxTokens: config.maxTokens ?? 512)))
    let words = Thoughts(in: reply.text).answer.trimmed
    if words.isEmpty {
      return .drop(reason: "no critique", detail: "expected words of the judge, found none")
    }
    if let known, Self.gives(known, away: words, beside: task + "\n" + attempt) {
      return .drop(reason: "critique leaks the answer", detail: "it states '\(known.prefix(60))'")
    }
    return Self.said(words)
  }

  /// Whether a critique states the known answer where neither the task nor the attempt did.
  private static func gives(_ known: String, away words: String, beside text: String) -> Bool {
    let stated = Self.words(known)
    return Self.words(words).contains(stated) && !Self.words(text).contains(stated)
  }

  /// Words alone, each between spaces.
  private static func words(_ text: String) -> String {
    " " + text.lowercased().split { !$0.isLetter && !$0.isNumber }.joined(separator: " ") + " "
  }
}
