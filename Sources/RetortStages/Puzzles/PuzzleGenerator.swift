internal import RetortCore

/// A puzzle as it is told, with the letter of its right option.
struct ToldPuzzle: Sendable {
  let puzzle: Puzzle
  let wording: PuzzleWording
  /// The right option from 0.
  let right: Int

  var answer: String { ["a", "b", "c", "d"][right] }

  var question: String {
    let letters = ["A", "B", "C", "D"]
    let options = zip(letters, puzzle.options).map { "\($0).\(wording.text($1))" }
    let query = wording.query(puzzle.ask, suppose: puzzle.suppose)
    return ([wording.context(puzzle.conditions), query] + options).joined(separator: "\n")
  }

  /// The conditions, each literally part of the question.
  var conditions: [String] { [wording.sceneText] + puzzle.premises.map(wording.text) }
}

/// Draws puzzles whose right option is provably the only one: it is chosen after every world that the conditions allow
/// has been looked at.
struct PuzzleGenerator: Sendable {
  static let attempts = 500

  /// Nil when no attempt gave a puzzle, which no shape in use was seen to need.
  static func draw(_ kind: PuzzleKind, _ random: inout SplitMix64) -> ToldPuzzle? {
    for _ in 0..<attempts {
      if let told = attempt(kind, &random) { return told }
    }
    return nil
  }

  private static func attempt(_ kind: PuzzleKind, _ random: inout SplitMix64) -> ToldPuzzle? {
    guard let shape = random.pick(PuzzleShape.all(of: kind)) else { return nil }
    let universe = PuzzleUniverse.of(shape)
    let hidden = random.below(universe.worlds.count)
    var conditions =
      kind == .truthTeller
      ? statements(universe, hidden, &random)
      : conditions(universe, hidden, leaving: 1 + random.below(4), &random)
    guard conditions.count >= 3 else { return nil }
    var suppose: Claim?
    if kind != .truthTeller, conditions.count > 3, random.below(100) < 40 {
      let index = random.below(conditions.count)
      if case .implies = conditions[index] {} else { suppose = conditions.remove(at: index) }
    }
    let premises = conditions + [suppose].compactMap(\.self)
    guard let ask = random.pick(Puzzle.Ask.allCases),
      let (options, right) = options(universe, premises, ask, &random)
    else { return nil }
    let wording = PuzzleWording.draw(shape, &random)
    let puzzle = Puzzle(
      kind: kind, people: wording.people, values: wording.values, conditions: conditions, suppose: suppose,
      ask: ask, options: options)
    return ToldPuzzle(puzzle: puzzle, wording: wording, right: right)
  }

  /// Conditions that hold in the hidden world, none of which follows from the others, until few worlds are left.
  static func conditions(
    _ universe: PuzzleUniverse, _ hidden: Int, leaving target: Int, _ random: inout SplitMix64
  ) -> [Claim] {
    var chosen: [Claim] = []
    var left = universe.all
    var isFixed = false
    for _ in 0..<200 where chosen.count < 7 && left.count > target {
      guard let claim = candidate(universe, &random) else { break }
      let worlds = universe.worlds(claim)
      guard worlds.contains(hidden), !left.isSubset(of: worlds) else { continue }
      // More than one person's value given away leaves nothing to think about.
      if case .has = claim {
        if isFixed { continue }
        isFixed = true
      }
      chosen.append(claim)
      left = left.intersection(worlds)
    }
    for claim in chosen {
      let others = chosen.filter { $0 != claim }
      if universe.worlds(others) == left { chosen = others }
    }
    return chosen
  }

  private static func candidate(_ universe: PuzzleUniverse, _ random: inout SplitMix64) -> Claim? {
    guard random.below(10) < 3 else { return random.pick(universe.atoms) }
    guard let first = random.pick(universe.atoms), let second = random.pick(universe.atoms),
      first.persons != second.persons
    else { return random.pick(universe.atoms) }
    let implication = Claim.implies(first, second)
    let worlds = universe.worlds(implication)
    // A condition that cannot come about says nothing about the consequence.
    let isSensible =
      worlds != universe.all
      && !universe.worlds(first).isDisjoint(with: universe.worlds(second))
    return isSensible ? implication : random.pick(universe.atoms)
  }

  /// One statement of each person, such that the hidden world is the only one; empty when there is none.
  static func statements(
    _ universe: PuzzleUniverse, _ hidden: Int, _ random: inout SplitMix64
  ) -> [Claim] {
    var said: [Claim] = []
    var left = universe.all
    for speaker in 0..<universe.shape.people {
      let fitting = universe.atoms.compactMap { claim -> Claim? in
        if claim == .has(speaker, 0) || claim == .has(speaker, 1) { return nil }
        let statement = Claim.says(speaker, claim)
        let worlds = universe.worlds(statement)
        return worlds.contains(hidden) && !left.isSubset(of: worlds) ? statement : nil
      }
      guard let statement = random.pick(fitting) else { continue }
      said.append(statement)
      left = left.intersection(universe.worlds(statement))
    }
    return left.count == 1 ? said : []
  }

  private static func options(
    _ universe: PuzzleUniverse, _ premises: [Claim], _ ask: Puzzle.Ask, _ random: inout SplitMix64
  ) -> (options: [Claim], right: Int)? {
    let left = universe.worlds(premises)
    let claims = random.shuffled(universe.atoms.filter { !premises.contains($0) })
    let isRight = { (claim: Claim) in
      let worlds = universe.worlds(claim)
      return switch ask {
      case .must: left.isSubset(of: worlds)
      case .could: !left.isDisjoint(with: worlds)
      case .cannot: left.isDisjoint(with: worlds)
      }
    }
    // What one condition alone says, or denies, would be no puzzle.
    let isEasy = { (claim: Claim) in
      let worlds = universe.worlds(claim)
      return premises.contains { premise in
        let told = universe.worlds(premise)
        return told.isSubset(of: worlds) || told.isDisjoint(with: worlds)
      }
    }
    guard let right = claims.first(where: { isRight($0) && !isEasy($0) }) else { return nil }
    let wrong = claims.filter { !isRight($0) }.prefix(3)
    guard wrong.count == 3 else { return nil }
    let options = random.shuffled([right] + wrong)
    guard let index = options.firstIndex(of: right) else { return nil }
    return (options, index)
  }
}
