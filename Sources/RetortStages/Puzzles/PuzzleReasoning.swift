internal import RetortCore

/// A chain of thought about a puzzle, some of whose steps may be wrong on purpose.
struct PuzzleReasoning: Sendable {
  struct Step: Hashable, Sendable {
    let evidence: [Claim]
    let statement: Claim
    let isTrue: Bool
  }

  let steps: [Step]
  let told: ToldPuzzle
  let text: String

  private let evidence: [String]

  /// Nil when the puzzle does not allow so many steps. `wrong` of them do not hold in every world that the conditions
  /// allow; each other one follows from its evidence and from no part of it.
  init?(_ told: ToldPuzzle, steps count: Int, wrong: Int, _ random: inout SplitMix64) {
    let universe = PuzzleUniverse.of(
      PuzzleShape(
        kind: told.puzzle.kind, people: told.puzzle.people.count, values: told.puzzle.values.count))
    let premises = told.puzzle.premises
    var used: Set<Claim> = []
    var right: [Step] = []
    for step in random.shuffled(Self.sound(universe, premises)) where right.count < count - wrong {
      if used.insert(step.statement).inserted { right.append(step) }
    }
    guard right.count == count - wrong else { return nil }
    var steps = right
    let left = universe.worlds(premises)
    for claim in random.shuffled(universe.atoms) where steps.count < count {
      let near = premises.filter { !$0.persons.isDisjoint(with: claim.persons) }
      guard !left.isSubset(of: universe.worlds(claim)), let first = random.pick(near) else { continue }
      var evidence = [first]
      if random.below(2) == 0, let second = random.pick(premises), second != first { evidence.append(second) }
      steps.append(Step(evidence: evidence, statement: claim, isTrue: false))
    }
    guard steps.count == count else { return nil }
    self.init(told, random.shuffled(steps), &random)
  }

  private init(_ told: ToldPuzzle, _ steps: [Step], _ random: inout SplitMix64) {
    let wording = told.wording
    self.told = told
    self.steps = steps
    evidence = steps.map { $0.evidence.map(wording.text).joined(separator: ", and ") }
    let openers = [
      "Let us take the conditions one after another.", "We look at what the conditions say together.",
      "To answer this, we combine what is known.", "First we see what can be concluded.",
    ]
    let links = [
      ("Since ", ", "), ("Because ", ", we see that "), ("Given that ", ", it follows that "),
      ("From the fact that ", " we get that "), ("As ", ", we know that "), ("We know that ", "; therefore "),
    ]
    let closers = [
      "So the answer is %.", "Hence option % is right.", "This leaves option %.", "The answer is %.",
    ]
    var sentences = [random.pick(openers) ?? ""]
    for (evidence, step) in zip(evidence, steps) {
      let link = links[random.below(links.count)]
      sentences.append("\(link.0)\(evidence)\(link.1)\(wording.text(step.statement)).")
    }
    let closer = random.pick(closers) ?? ""
    sentences.append(closer.replacing("%", with: told.answer.uppercased()))
    text = sentences.joined(separator: random.below(3) == 0 ? "\n" : " ")
  }

  var statements: [Triple] {
    zip(evidence, steps).map { evidence, step in
      Triple(
        statement: told.wording.text(step.statement), evidence: evidence,
        verification: step.isTrue ? "true" : "false")
    }
  }

  /// Each conclusion that needs exactly its one, two or three premises.
  private static func sound(_ universe: PuzzleUniverse, _ premises: [Claim]) -> [Step] {
    var steps: [Step] = []
    let atoms = universe.atoms.filter { !premises.contains($0) }.map { ($0, universe.worlds($0)) }
    for evidence in subsets(premises) {
      let told = universe.worlds(evidence)
      let parts = evidence.indices.map { index in
        universe.worlds(evidence.enumerated().filter { $0.offset != index }.map(\.element))
      }
      for (claim, worlds) in atoms where told.isSubset(of: worlds) {
        if parts.contains(where: { $0.isSubset(of: worlds) }) { continue }
        steps.append(Step(evidence: evidence, statement: claim, isTrue: true))
      }
    }
    return steps
  }

  private static func subsets(_ premises: [Claim]) -> [[Claim]] {
    var subsets: [[Claim]] = []
    for (index, first) in premises.enumerated() {
      subsets.append([first])
      for (offset, second) in premises.enumerated().dropFirst(index + 1) {
        subsets.append([first, second])
        subsets += premises.dropFirst(offset + 1).map { [first, second, $0] }
      }
    }
    return subsets
  }
}
