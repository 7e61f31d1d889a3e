internal import OrderedCollections
package import RetortCore

/// Makes small programming tasks with their tests, from a seed: an open answer, which is run.
package struct GenerateFunctions: Reader {
  package struct Config: Codable, Sendable {
    package let seed: Int64
    package let count: Int
    package let kinds: [FunctionKind]?
    package let steps: [Int]?
    package let tests: Int?

    package init(
      seed: Int64, count: Int, kinds: [FunctionKind]? = nil, steps: [Int]? = nil, tests: Int? = nil
    ) {
      self.seed = seed
      self.count = count
      self.kinds = kinds
      self.steps = steps
      self.tests = tests
    }
  }

  package typealias Output = Columns

  package static let name = "generate-functions"
  package static let version = 1
  package static let summary =
    "Make small programming tasks with tests, a third of them hidden (verifier: tests)."
  package static let keys = [
    "seed": "The same seed gives the same functions.",
    "count": "How many; a larger count keeps the first ones.",
    "kinds": "What the functions take, in turn: list (of integers), text, number. Default: all.",
    "steps":
      "How many things a function does, in turn: [1, 2] by default, each 1 to \(FunctionGenerator.mostSteps).",
    "tests":
      "How many tests, \(FunctionGenerator.tests.lowerBound) to \(FunctionGenerator.tests.upperBound), of which a third is hidden; default 9. The first is told as an example.",
  ]

  private let config: Config
  private let kinds: [FunctionKind]
  private let steps: [Int]
  private let tests: Int

  package init(_ config: Config, in workspace: Workspace) throws {
    self.config = config
    kinds = config.kinds ?? FunctionKind.allCases
    steps = config.steps ?? [1, 2]
    tests = config.tests ?? 9
    guard config.count >= 0 else { throw StageError("count: expected 0 or more, found \(config.count)") }
    guard !kinds.isEmpty else { throw StageError("kinds: expected at least one kind") }
    guard !steps.isEmpty else { throw StageError("steps: expected at least one number") }
    let most = FunctionGenerator.mostSteps
    if let wrong = steps.first(where: { !(1...most).contains($0) }) {
      throw StageError("steps: expected 1 to \(most) each, found \(wrong)")
    }
    guard FunctionGenerator.tests.contains(tests) else {
      let (least, most) = (FunctionGenerator.tests.lowerBound, FunctionGenerator.tests.upperBound)
      throw StageError("tests: expected \(least) to \(most), found \(tests)")
    }
  }

  package var adds: [String]? {
    ["id", "kind", "question", "entry", "tests", "hidden_tests", "reference"]
  }

  package func read(into sink: ReaderSink<Columns>) async throws {
    var seeds = SplitMix64(seed: UInt64(bitPattern: config.seed))
    for index in 0..<config.count {
      try Task.checkCancellation()
      var random = SplitMix64(seed: seeds.next())
      // Each kind meets each number of steps.
      let kind = kinds[index % kinds.count]
      let count = steps[index / kinds.count % steps.count]
      guard
        let told = FunctionGenerator.draw(kind, steps: count, tests: tests, &random)
      else {
        throw StageError("found no \(kind.rawValue) function for seed \(config.seed), number \(index)")
      }
      try await sink.make(
        Columns([
          "id": .string("function-\(config.seed)-\(index)"),
          "kind": .string(kind.rawValue),
          "question": .string(told.question),
          "entry": .string(told.entry),
          "tests": .array(told.tests),
          "hidden_tests": .array(told.hidden),
          "reference": .string(told.reference),
        ]))
    }
  }
}
