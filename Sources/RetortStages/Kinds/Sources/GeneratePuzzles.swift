internal import OrderedCollections
package import RetortCore

/// Makes logic puzzles from a seed, with four options, one of them provably right, or with one provable answer.
package struct GeneratePuzzles: Reader {
  package struct Config: Codable, Sendable {
    package let seed: Int64
    package let count: Int
    package let kinds: [PuzzleKind]?
    package let labelled: Bool?
    package let wrongShare: Double?
    package let options: Bool?

    package enum CodingKeys: String, CodingKey {
      case seed, count, kinds, labelled, options
      case wrongShare = "wrong_share"
    }

    package init(
      seed: Int64, count: Int, kinds: [PuzzleKind]? = nil, labelled: Bool? = nil, wrongShare: Double? = nil,
      options: Bool? = nil
    ) {
      self.seed = seed
      self.count = count
      self.kinds = kinds
      self.labelled = labelled
      self.wrongShare = wrongShare
      self.options = options
    }
  }

  package typealias Output = Columns

  package static let name = "generate-puzzles"
  package static let version = 1
  package static let laterKeys: Set = ["options"]
  package static let summary = "Make logic puzzles with one provably right option of four, or an open answer."
  package static let keys = [
    "seed": "The same seed gives the same puzzles.",
    "count": "How many; a larger count keeps the first ones.",
    "kinds": "Which kinds, in turn: ordering, assignment, seating, truth_teller. Default: all.",
    "labelled": "Whether to add a chain of thought and its checked statements. Default: false.",
    "wrong_share": "Share of the statements that are wrong on purpose, 0 to 1. Default: 0.3.",
    "options":
      "Whether there are options; without them the answer says of each person what holds for it, which verifier: puzzle checks, and nothing is right by elimination. Default: true.",
  ]

  private let config: Config
  private let kinds: [PuzzleKind]
  private let wrongShare: Double

  private var isOpen: Bool { config.options == false }
  private var isLabelled: Bool { config.labelled ?? false }

  package init(_ config: Config, in workspace: Workspace) throws {
    self.config = config
    kinds = config.kinds ?? PuzzleKind.allCases
    wrongShare = config.wrongShare ?? 0.3
    guard config.count >= 0 else { throw StageError("count: expected 0 or more, found \(config.count)") }
    guard !kinds.isEmpty else { throw StageError("kinds: expected at least one kind") }
    guard !(isOpen && isLabelled) else {
      throw StageError("labelled: expected puzzles with options, found options: false", at: ["labelled"])
    }
    guard 0...1 ~= wrongShare else {
      throw StageError("wrong_share: expected 0 to 1, found \(wrongShare)")
    }
  }

  package var adds: [String]? {
    ["id", "kind", "question", "question_parsing", "answer", "puzzle"]
      + (isLabelled ? ["cot", "cot_parsing"] : [])
  }

  package func read(into sink: ReaderSink<Columns>) async throws {
    // What the share still owes: carried from puzzle to puzzle, so that the share holds over the whole set.
    var owed = 0.0
    var seeds = SplitMix64(seed: UInt64(bitPattern: config.seed))
    for index in 0..<config.count {
      try Task.checkCancellation()
      var random = SplitMix64(seed: seeds.next())
      try await sink.make(isOpen ? open(index, &random) : puzzle(index, &owed, &random))
    }
  }

  private func open(_ index: Int, _ random: inout SplitMix64) throws -> Columns {
    let kind = kinds[index % kinds.count]
    guard let told = PuzzleGenerator.drawOpen(kind, &random) else { throw notFound(kind, index) }
    return columns(index, told.puzzle, told.question, told.conditions, told.answer)
  }

  private func columns(
    _ index: Int, _ puzzle: Puzzle, _ question: String, _ conditions: [String], _ answer: String
  ) -> Columns {
    Columns([
      "id": .string("puzzle-\(config.seed)-\(index)"),
      "kind": .string(puzzle.kind.rawValue),
      "question": .string(question),
      "question_parsing": .array(conditions.map(JSON.string)),
      "answer": .string(answer),
      "puzzle": puzzle.json,
    ])
  }

  private func notFound(_ kind: PuzzleKind, _ index: Int) -> StageError {
    StageError("found no \(kind.rawValue) puzzle for seed \(config.seed), number \(index)")
  }

  private func puzzle(_ index: Int, _ owed: inout Double, _ random: inout SplitMix64) throws -> Columns {
    let kind = kinds[index % kinds.count]
    for _ in 0..<100 {
      guard let told = PuzzleGenerator.draw(kind, &random) else { break }
      var columns = columns(index, told.puzzle, told.question, told.conditions, told.answer)
      guard isLabelled else { return columns }
      let steps = 2 + random.below(5)
      let due = owed + Double(steps) * wrongShare
      let wrong = min(steps, Int(due + 1e-9))
      guard let reasoning = PuzzleReasoning(told, steps: steps, wrong: wrong, &random) else { continue }
      owed = due - Double(wrong)
      columns["cot"] = .string(reasoning.text)
      columns["cot_parsing"] = try JSON(encoding: reasoning.statements)
      return columns
    }
    throw notFound(kind, index)
  }
}
