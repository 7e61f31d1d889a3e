internal import OrderedCollections

/// Says whether a response's answer is right, and rewards it.
package struct VerifyAnswer: Stage {
  package static let name = "verify-answer"
  package static let version = 1
  package static let summary = "Check each answer against the known one, a solver or a judge."
  package static let keys = [
    "verifier":
      "choice (option letters), exact, number, json, puzzle (column 'puzzle', solved), or judge.",
    "answer": "The column with the response's answer; default 'answer'.",
    "reference": "The column with the known answer; default 'reference'. Not for puzzle and judge.",
    "tolerance":
      "For number: how far off, as a share of the known one, or absolutely where that is below 1; default 1e-6.",
    "model": "For judge: a reward model or a judge; it sees 'question' and 'completion'.",
    "threshold":
      "For judge: the probability of being good, 0 to 1, above which an answer is correct; default 0.5.",
  ]

  package struct Config: Codable, Sendable {
    package var verifier: Verifier
    package var answer: String?
    package var reference: String?
    package var tolerance: Double?
    package var model: ModelRef?
    package var threshold: Double?

    package init(
      verifier: Verifier, answer: String? = nil, reference: String? = nil, tolerance: Double? = nil,
      model: ModelRef? = nil
    ) {
      self.verifier = verifier
      self.answer = answer
      self.reference = reference
      self.tolerance = tolerance
      self.model = model
    }
  }

  package typealias Input = Columns

  package struct Output: Codable, Hashable, Sendable {
    package var correct: Bool
    /// 1 or 0; a judge's probability, between.
    package var reward: Double

    package init(correct: Bool, reward: Double) {
      self.correct = correct
      self.reward = reward
    }
  }

  package var reads: [ColumnUse] {
    switch verifier {
    case .judge: [ColumnUse("question"), ColumnUse("completion")]
    case .puzzle: [ColumnUse(answer), ColumnUse("puzzle")]
    default: [ColumnUse(answer), ColumnUse(reference)]
    }
  }
  private let verifier: Verifier
  private let answer: String
  private let reference: String
  private let tolerance: Double
  private let threshold: Double
  private let judge: (any RewardModel)?

  package init(_ config: Config, in workspace: Workspace) throws {
    verifier = config.verifier
    answer = config.answer ?? "answer"
    reference = config.reference ?? "reference"
    tolerance = config.tolerance ?? 1e-6
    threshold = config.threshold ?? 0.5
    judge = try config.model.map { try workspace.reward($0) }
    guard tolerance >= 0, tolerance.isFinite else {
      throw StageError("tolerance: expected 0 or more, found \(tolerance)")
    }
    guard (0...1).contains(threshold) else {
      throw StageError("threshold: expected 0 to 1, found \(threshold)")
    }
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
        .user(Self.text(input["question"])), .assistant(Self.text(input["completion"])),
      ])
      return .emit([Output(correct: score.probability > threshold, reward: score.probability)])
    }
    do throws(BadRow) {
      let correct = try check(input)
      return .emit([Output(correct: correct, reward: correct ? 1 : 0)])
    } catch {
      return .drop(reason: error.reason, detail: error.detail)
    }
  }

  /// An answer that cannot be read is wrong; a reference that cannot be read is the row's mistake.
  private func check(_ row: Columns) throws(BadRow) -> Bool {
    let text = Self.text(row[answer])
    switch verifier {
    case .choice:
      guard let right = StatedAnswer.option(try known(row)) else {
        throw noReference(row, "an option letter, A to H")
      }
      return (StatedAnswer.option(text) ?? StatedAnswer.letter(in: text)) == right
    case .exact: return Verifier.plain(text) == Verifier.plain(try known(row))
    case .number:
      guard let right = Verifier.number(in: try known(row)) else { throw noReference(row, "a number") }
      return Verifier.number(in: text).map { Verifier.agree($0, right, tolerance: tolerance) } ?? false
    case .json:
      var right = row[reference] ?? .null
      if let text = right.string {
        guard let parsed = try? JSON(parsing: text) else { throw noReference(row, "JSON") }
        right = parsed
      } else if row[reference] == nil {
        throw noReference(row, "JSON")
      }
      return (try? JSON.salvage(from: text)).map { Verifier.same($0, right) } ?? false
    case .puzzle:
      guard let puzzle = row["puzzle"].flatMap(Puzzle.init) else {
        throw BadRow("no puzzle", "expected a puzzle in 'puzzle', found \(row.found("puzzle"))")
      }
      let right = puzzle.rightOptions().filter { $0 < 8 }.map { String(UnicodeScalar(UInt8(65 + $0))) }
      guard !right.isEmpty else {
        throw BadRow("no solution", "expected a puzzle with a right option, found none")
      }
      return (StatedAnswer.option(text) ?? StatedAnswer.letter(in: text)).map(right.contains) ?? false
    case .judge: return false
    }
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
