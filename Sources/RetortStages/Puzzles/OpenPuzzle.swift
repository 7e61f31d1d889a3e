internal import RetortCore

/// A puzzle without options: it asks for the value of each person, which is proven to be the only one. There are 16 answers
/// or more, so that none is right by elimination.
extension Puzzle {
  var isOpen: Bool { options.isEmpty }

  /// The value of each person; nil where the premises leave none, or several.
  var solution: [Int]? {
    let solutions = solutions()
    return solutions.count == 1 ? solutions[0] : nil
  }

  /// `Ada: in seat 2`, a line for each.
  func told(_ solution: [Int]) -> String {
    zip(people, solution).map { "\($0): \(values[$1])" }.joined(separator: "\n")
  }

  /// The value of each person as a text states it, in lines such as `Ada: in seat 2`, the last of each name; nil where one
  /// has none, or more than one is named for it.
  func stated(in text: String) -> [Int]? {
    var stated: [Int: Int?] = [:]
    for line in text.split(whereSeparator: { $0.isNewline || $0 == ";" }) {
      let words = Self.words(String(line))
      // Before a name may stand the number of a list.
      let start = words.prefix { $0.allSatisfy(\.isNumber) }.count
      guard start < words.count, let person = people.firstIndex(where: { Self.words($0) == [words[start]] })
      else { continue }
      stated[person] = value(in: Array(words[(start + 1)...]))
    }
    let all = people.indices.map { stated[$0] ?? nil }
    return all.contains(nil) ? nil : all.compactMap(\.self)
  }

  /// The only value that some words name, by all its words, or by such of them as no other has.
  private func value(in words: [String]) -> Int? {
    let names = values.map { Self.words($0).filter { !Self.fillers.contains($0) } }
    let said = words.filter { !Self.fillers.contains($0) }
    guard !said.isEmpty, !said.contains("not") else { return nil }
    let whole = names.indices.filter { place in
      said.indices.contains { said[$0...].starts(with: names[place]) }
    }
    if !whole.isEmpty { return whole.count == 1 ? whole[0] : nil }
    let part = names.indices.filter { place in said.allSatisfy(names[place].contains) }
    return part.count == 1 ? part[0] : nil
  }

  private static let fillers: Set = ["a", "an", "the", "in", "on", "to", "is"]

  private static func words(_ text: String) -> [String] {
    text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
  }
}

/// An open puzzle as it is told.
struct ToldOpenPuzzle: Sendable {
  let puzzle: Puzzle
  let wording: PuzzleWording
  let solution: [Int]

  var answer: String { puzzle.told(solution) }

  var question: String {
    let values = wording.values.joined(separator: ", ")
    return """
      \(wording.context(puzzle.conditions))
      Which is it for each of them? Answer with a line for each: the name, a colon, and one of: \(values).
      """
  }

  var conditions: [String] { [wording.sceneText] + puzzle.premises.map(wording.text) }
}

extension PuzzleGenerator {
  /// Worlds of a shape at least, which are the answers that can be given.
  private static let fewestAnswers = 16

  /// A puzzle whose conditions leave one world. Nil when no attempt gave one, which no shape in use was seen to need.
  static func drawOpen(_ kind: PuzzleKind, _ random: inout SplitMix64) -> ToldOpenPuzzle? {
    let shapes = PuzzleShape.all(of: kind).filter {
      PuzzleUniverse.of($0).worlds.count >= fewestAnswers
    }
    for _ in 0..<attempts {
      guard let shape = random.pick(shapes) else { return nil }
      let universe = PuzzleUniverse.of(shape)
      let hidden = random.below(universe.worlds.count)
      let conditions =
        kind == .truthTeller
        ? statements(universe, hidden, &random) : conditions(universe, hidden, leaving: 1, &random)
      guard conditions.count >= 3, universe.worlds(conditions).count == 1 else { continue }
      let wording = PuzzleWording.draw(shape, &random)
      let puzzle = Puzzle(
        kind: kind, people: wording.people, values: wording.values, conditions: conditions, suppose: nil,
        ask: .must, options: [])
      return ToldOpenPuzzle(puzzle: puzzle, wording: wording, solution: universe.worlds[hidden])
    }
    return nil
  }
}
