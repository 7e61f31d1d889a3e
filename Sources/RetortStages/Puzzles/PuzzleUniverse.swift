internal import RetortCore

/// How many people and values a puzzle of a kind has.
struct PuzzleShape: Hashable, Sendable {
  let kind: PuzzleKind
  let people: Int
  let values: Int

  static func all(of kind: PuzzleKind) -> [PuzzleShape] {
    let sizes: [(Int, Int)] =
      switch kind {
      case .ordering: [(4, 4), (5, 5)]
      case .assignment: [(4, 3), (5, 2), (5, 3)]
      case .seating: [(5, 5), (6, 6)]
      case .truthTeller: [(3, 2), (4, 2), (5, 2)]
      }
    return sizes.map { PuzzleShape(kind: kind, people: $0.0, values: $0.1) }
  }
}

/// A set of worlds, one bit for each.
struct Worlds: Hashable, Sendable {
  private(set) var words: [UInt64]

  init(count: Int, where holds: (Int) -> Bool) {
    words = Array(repeating: 0, count: (count + 63) / 64)
    for world in 0..<count where holds(world) { words[world / 64] |= 1 << UInt64(world % 64) }
  }

  private init(words: [UInt64]) { self.words = words }

  var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }
  var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

  func contains(_ world: Int) -> Bool { words[world / 64] >> UInt64(world % 64) & 1 == 1 }
  func intersection(_ other: Worlds) -> Worlds { Worlds(words: zip(words, other.words).map { $0 & $1 }) }
  func union(_ other: Worlds) -> Worlds { Worlds(words: zip(words, other.words).map { $0 | $1 }) }
  func subtracting(_ other: Worlds) -> Worlds { Worlds(words: zip(words, other.words).map { $0 & ~$1 }) }
  func isSubset(of other: Worlds) -> Bool { subtracting(other).isEmpty }
  func isDisjoint(with other: Worlds) -> Bool { intersection(other).isEmpty }
}

/// Every assignment of a shape (a world), and in which of them each simple claim holds. Made once for a shape, because
/// a generator asks the same questions for every puzzle.
struct PuzzleUniverse: Sendable {
  let shape: PuzzleShape
  let worlds: [[Int]]
  let all: Worlds
  /// Simple claims that hold in some worlds and not in others.
  let atoms: [Claim]
  private let holding: [Claim: Worlds]

  private static let made: [PuzzleShape: PuzzleUniverse] = {
    let shapes = PuzzleKind.allCases.flatMap(PuzzleShape.all)
    return .init(uniqueKeysWithValues: shapes.map { ($0, PuzzleUniverse($0)) })
  }()

  static func of(_ shape: PuzzleShape) -> PuzzleUniverse { made[shape] ?? PuzzleUniverse(shape) }

  private init(_ shape: PuzzleShape) {
    self.shape = shape
    let isDistinct = shape.kind == .ordering || shape.kind == .seating
    let worlds = Puzzle.assignments(people: shape.people, values: shape.values, distinct: isDistinct)
    self.worlds = worlds
    let all = Worlds(count: worlds.count) { _ in true }
    self.all = all
    let claims = Self.claims(shape).map { claim in
      (claim, Worlds(count: worlds.count) { claim.holds(in: worlds[$0]) })
    }
    let contingent = claims.filter { !$0.1.isEmpty && $0.1 != all }
    atoms = contingent.map(\.0)
    holding = .init(uniqueKeysWithValues: contingent)
  }

  /// The worlds in which `claim` holds.
  func worlds(_ claim: Claim) -> Worlds {
    if let known = holding[claim] { return known }
    switch claim {
    case .not(let claim): return all.subtracting(worlds(claim))
    case .implies(let first, let second): return all.subtracting(worlds(first)).union(worlds(second))
    case .says(let speaker, let claim):
      let honest = worlds(.has(speaker, 0))
      let told = worlds(claim)
      return honest.intersection(told).union(all.subtracting(honest.union(told)))
    default: return Worlds(count: worlds.count) { claim.holds(in: worlds[$0]) }
    }
  }

  /// The worlds in which all `claims` hold.
  func worlds(_ claims: [Claim]) -> Worlds { claims.reduce(all) { $0.intersection(worlds($1)) } }

  private static func claims(_ shape: PuzzleShape) -> [Claim] {
    let people = Array(0..<shape.people)
    let has = people.flatMap { person in (0..<shape.values).map { Claim.has(person, $0) } }
    let ordered = people.flatMap { first in people.filter { $0 != first }.map { (first, $0) } }
    let pairs = ordered.filter { $0.0 < $0.1 }
    switch shape.kind {
    case .ordering:
      return has + has.map { .not($0) } + ordered.map { .before($0.0, $0.1) }
        + ordered.flatMap { [.justBefore($0.0, $0.1), .not(.justBefore($0.0, $0.1))] }
    case .assignment:
      return has + has.map { .not($0) } + pairs.flatMap { [.same($0.0, $0.1), .not(.same($0.0, $0.1))] }
    case .seating:
      return has + has.map { .not($0) } + pairs.flatMap { [.nextTo($0.0, $0.1), .not(.nextTo($0.0, $0.1))] }
        + pairs.flatMap { [.opposite($0.0, $0.1), .not(.opposite($0.0, $0.1))] }
    case .truthTeller:
      return has + pairs.flatMap { [.same($0.0, $0.1), .not(.same($0.0, $0.1))] }
    }
  }
}
