internal import OrderedCollections
internal import RetortCore

package enum PuzzleKind: String, Codable, Hashable, Sendable, CaseIterable {
  /// Who comes before whom.
  case ordering
  /// Who gets which of a few things; several may get the same.
  case assignment
  /// Who sits where at a round table.
  case seating
  /// Who always tells the truth and who always lies.
  case truthTeller = "truth_teller"
}

/// A logic puzzle with four options, in the form that a solver takes.
struct Puzzle: Hashable, Sendable {
  enum Ask: String, Codable, Sendable, CaseIterable {
    /// The right option holds wherever the conditions do.
    case must
    /// The right option holds somewhere.
    case could
    /// The right option holds nowhere.
    case cannot
  }

  let kind: PuzzleKind
  let people: [String]
  let values: [String]
  let conditions: [Claim]
  /// A further condition that the query supposes.
  let suppose: Claim?
  let ask: Ask
  let options: [Claim]

  init(
    kind: PuzzleKind, people: [String], values: [String], conditions: [Claim], suppose: Claim?, ask: Ask,
    options: [Claim]
  ) {
    self.kind = kind
    self.people = people
    self.values = values
    self.conditions = conditions
    self.suppose = suppose
    self.ask = ask
    self.options = options
  }

  /// Every value goes to one person.
  var isDistinct: Bool { kind == .ordering || kind == .seating }

  var premises: [Claim] { conditions + [suppose].compactMap(\.self) }

  /// Every assignment of values to people in which the premises hold, found by trying all.
  func solutions() -> [[Int]] {
    Self.assignments(people: people.count, values: values.count, distinct: isDistinct)
      .filter { assignment in premises.allSatisfy { $0.holds(in: assignment) } }
  }

  /// The options that answer the query, by number from 0: a sound puzzle has one.
  func rightOptions() -> [Int] {
    let solutions = solutions()
    guard !solutions.isEmpty else { return [] }
    return options.indices.filter { index in
      let holding = solutions.count { options[index].holds(in: $0) }
      return switch ask {
      case .must: holding == solutions.count
      case .could: holding > 0
      case .cannot: holding == 0
      }
    }
  }

  /// All ways to give each person a value, in lexicographic order.
  static func assignments(people: Int, values: Int, distinct: Bool) -> [[Int]] {
    var partial: [[Int]] = [[]]
    for _ in 0..<people {
      partial = partial.flatMap { start in
        (0..<values).compactMap { distinct && start.contains($0) ? nil : start + [$0] }
      }
    }
    return partial
  }
}

extension Puzzle {
  var json: JSON {
    let claims = { (claim: Claim) in claim.json(people: people, values: values) }
    return .object([
      "kind": .string(kind.rawValue),
      "people": .array(people.map(JSON.string)),
      "values": .array(values.map(JSON.string)),
      "conditions": .array(conditions.map(claims)),
      "suppose": suppose.map(claims) ?? .null,
      "ask": .string(ask.rawValue),
      "options": .array(options.map(claims)),
    ])
  }

  /// Nil when `json` is not what ``json`` writes, or would take more than a million trials to solve.
  init?(_ json: JSON) {
    guard let kind = json["kind"]?.string.flatMap(PuzzleKind.init(rawValue:)),
      let people = json["people"]?.array?.compactMap(\.string),
      let values = json["values"]?.array?.compactMap(\.string),
      let ask = json["ask"]?.string.flatMap(Ask.init(rawValue:)),
      let conditions = json["conditions"]?.array, let options = json["options"]?.array,
      1...9 ~= people.count, 1...9 ~= values.count
    else { return nil }
    let trials = repeatElement(values.count, count: people.count).reduce(1, *)
    let isDistinct = kind == .ordering || kind == .seating
    guard isDistinct || trials <= 1_000_000 else { return nil }
    let claims = { (json: JSON) in Claim(json, people: people, values: values) }
    var suppose: Claim?
    if let supposed = json["suppose"], !supposed.isNull {
      guard let claim = claims(supposed) else { return nil }
      suppose = claim
    }
    self.init(
      kind: kind, people: people, values: values, conditions: conditions.compactMap(claims),
      suppose: suppose, ask: ask, options: options.compactMap(claims))
    guard self.conditions.count == conditions.count, self.options.count == options.count else { return nil }
  }
}
