internal import OrderedCollections
package import RetortCore

/// Makes instructions whose constraints a rule can check, from a seed: an open answer, which cannot be guessed by
/// elimination as an option can.
package struct GenerateInstructions: Reader {
  package struct Config: Codable, Sendable {
    package let seed: Int64
    package let count: Int
    package let constraints: [Int]?

    package init(seed: Int64, count: Int, constraints: [Int]? = nil) {
      self.seed = seed
      self.count = count
      self.constraints = constraints
    }
  }

  package typealias Output = Columns

  package static let name = "generate-instructions"
  package static let version = 1
  package static let summary =
    "Make writing tasks with constraints that a rule checks (verifier: constraints)."
  package static let keys = [
    "seed": "The same seed gives the same instructions.",
    "count": "How many; a larger count keeps the first ones.",
    "constraints":
      "How many constraints, in turn: [1, 2, 3] by default, each 1 to \(InstructionGenerator.mostConstraints).",
  ]

  private let config: Config
  private let constraints: [Int]

  package init(_ config: Config, in workspace: Workspace) throws {
    self.config = config
    constraints = config.constraints ?? [1, 2, 3]
    guard config.count >= 0 else { throw StageError("count: expected 0 or more, found \(config.count)") }
    guard !constraints.isEmpty else { throw StageError("constraints: expected at least one number") }
    let most = InstructionGenerator.mostConstraints
    if let wrong = constraints.first(where: { !(1...most).contains($0) }) {
      throw StageError("constraints: expected 1 to \(most) each, found \(wrong)")
    }
  }

  package var adds: [String]? { ["id", "question", "constraints", "constraint_count"] }

  package func read(into sink: ReaderSink<Columns>) async throws {
    var seeds = SplitMix64(seed: UInt64(bitPattern: config.seed))
    for index in 0..<config.count {
      try Task.checkCancellation()
      var random = SplitMix64(seed: seeds.next())
      let told = InstructionGenerator.draw(constraints[index % constraints.count], &random)
      try await sink.make(
        Columns([
          "id": .string("instruction-\(config.seed)-\(index)"),
          "question": .string(told.question),
          "constraints": .array(told.constraints.map(\.json)),
          "constraint_count": .int(Int64(told.constraints.count)),
        ]))
    }
  }
}
