import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

@Suite struct GeneratePuzzlesTests {
  private func rows(_ config: GeneratePuzzles.Config) async throws -> [JSON] {
    let stage = try GeneratePuzzles(config, in: noModels)
    let answers = try await read(stage)
    #expect(answers.rejected.isEmpty)
    #expect(answers.rows.allSatisfy { Array(($0.object ?? [:]).keys) == stage.adds })
    return answers.rows
  }

  @Test(arguments: PuzzleKind.allCases)
  func theAnswerIsTheOnlyRightOption(kind: PuzzleKind) async throws {
    for row in try await rows(.init(seed: 7, count: 200, kinds: [kind])) {
      let puzzle = try #require(row["puzzle"].flatMap { Puzzle($0) })
      let answer = ["a", "b", "c", "d"].firstIndex(of: row["answer"]?.string ?? "")
      #expect(puzzle.kind == kind)
      #expect(puzzle.options.count == 4)
      #expect(puzzle.rightOptions() == [answer])
      #expect(puzzle.json == row["puzzle"])
    }
  }

  @Test(arguments: PuzzleKind.allCases)
  func anOpenPuzzleHasOneAnswerOfMany(kind: PuzzleKind) async throws {
    for row in try await rows(.init(seed: 5, count: 100, kinds: [kind], options: false)) {
      let puzzle = try #require(row["puzzle"].flatMap { Puzzle($0) })
      #expect(puzzle.isOpen)
      #expect(puzzle.solution.map { .string(puzzle.told($0)) } == row["answer"])
      #expect(
        Puzzle.assignments(
          people: puzzle.people.count, values: puzzle.values.count, distinct: puzzle.isDistinct
        ).count >= 16)
      for condition in row["question_parsing"]?.array ?? [] {
        #expect(row["question"]?.string?.contains(condition.string ?? "?") == true)
      }
    }
    #expect(throws: StageError.self) {
      try GeneratePuzzles(.init(seed: 1, count: 1, labelled: true, options: false), in: noModels)
    }
  }

  @Test func conditionsAndOptionsAreLiterallyInTheQuestion() async throws {
    let rows = try await rows(.init(seed: -3, count: 120))
    for row in rows {
      let question = try #require(row["question"]?.string)
      let conditions = try #require(row["question_parsing"]?.array).compactMap(\.string)
      #expect(conditions.count >= 4)
      #expect(Set(conditions).count == conditions.count)
      for condition in conditions { #expect(question.contains(condition)) }
      let lines = question.split(separator: "\n")
      #expect(lines.count == 6)
      #expect(lines.suffix(4).map { $0.prefix(2) } == ["A.", "B.", "C.", "D."])
      #expect(Set(lines.suffix(4).map { $0.dropFirst(2) }).count == 4)
    }
    #expect(Set(rows.compactMap { $0["question"] }).count == rows.count)
    #expect(Set(rows.compactMap { $0["answer"] }) == ["a", "b", "c", "d"])
  }

  @Test func theSameSeedGivesTheSamePuzzlesAndALongerRunKeepsThem() async throws {
    let first = try await rows(.init(seed: 1, count: 12, labelled: true))
    let again = try await rows(.init(seed: 1, count: 20, labelled: true))
    let other = try await rows(.init(seed: 2, count: 12, labelled: true))
    #expect(Array(again.prefix(12)) == first)
    #expect(Set(other.map { $0["question"] }).isDisjoint(with: first.map { $0["question"] }))
  }

  @Test func statementsAreGroundedAndTheirLabelsRight() async throws {
    var wrong = 0
    var total = 0
    var texts: Set<String> = []
    for row in try await rows(.init(seed: 11, count: 120, labelled: true)) {
      let puzzle = try #require(row["puzzle"].flatMap { Puzzle($0) })
      let cot = try #require(row["cot"]?.string)
      let statements = try #require(row["cot_parsing"]).decode([Triple].self)
      #expect(2...6 ~= statements.count)
      #expect(Set(statements.map(\.statement)).count == statements.count)
      let solutions = puzzle.solutions()
      for statement in statements {
        #expect(cot.contains(statement.statement))
        #expect(cot.contains(statement.evidence))
        let claim = try #require(readBack(statement.statement, puzzle), "\(statement.statement)")
        let follows = solutions.allSatisfy { claim.holds(in: $0) }
        #expect(statement.verification == (follows ? "true" : "false"))
      }
      total += statements.count
      wrong += statements.count { $0.verification == "false" }
      texts.insert(String(cot.prefix(30)))
    }
    #expect(wrong == Int(Double(total) * 0.3 + 1e-6))
    #expect(texts.count >= 4)
  }

  /// Reads a statement back, without the code that wrote it.
  private func readBack(_ text: String, _ puzzle: Puzzle) -> Claim? {
    let words = text.split(separator: " ").map(String.init)
    let named = words.compactMap(puzzle.people.firstIndex(of:))
    let isDenied = words.contains("not") || words.contains("different")
    var claim: Claim?
    if named.count == 2 {
      if text.contains("immediately before") {
        claim = .justBefore(named[0], named[1])
      } else if words.contains("before") {
        claim = .before(named[0], named[1])
      } else if text.contains("next to") {
        claim = .nextTo(named[0], named[1])
      } else if words.contains("opposite") {
        claim = .opposite(named[0], named[1])
      } else {
        claim = .same(named[0], named[1])
      }
    } else if named.count == 1, let value = puzzle.values.firstIndex(where: { text.hasSuffix($0) }) {
      claim = .has(named[0], value)
    }
    return isDenied ? claim.map { .not($0) } : claim
  }

  @Test(arguments: [(0.0, "true"), (1.0, "false")])
  func theShareReachesItsEnds(share: Double, label: String) async throws {
    let rows = try await rows(.init(seed: 5, count: 8, labelled: true, wrongShare: share))
    let found = rows.flatMap { $0["cot_parsing"]?.array ?? [] }.compactMap { $0["Verification"]?.string }
    #expect(Set(found) == [label])
  }

  @Test func configurationsThatMakeNoSenseAreRefused() {
    #expect(throws: StageError("wrong_share: expected 0 to 1, found 1.5")) {
      try GeneratePuzzles(.init(seed: 1, count: 1, wrongShare: 1.5), in: noModels)
    }
    #expect(throws: StageError("kinds: expected at least one kind")) {
      try GeneratePuzzles(.init(seed: 1, count: 1, kinds: []), in: noModels)
    }
  }
}
