internal import OrderedCollections
internal import RetortCore

/// A sentence about who has which value: people and values are indices into a ``Puzzle``'s lists.
indirect enum Claim: Hashable, Sendable {
  /// The person has the value.
  case has(Int, Int)
  /// The first person's value is lower.
  case before(Int, Int)
  /// The first person's value is lower by one.
  case justBefore(Int, Int)
  /// Neighbours on a ring of as many places as people.
  case nextTo(Int, Int)
  /// Half a ring apart.
  case opposite(Int, Int)
  /// Both have one value.
  case same(Int, Int)
  case not(Claim)
  /// If the first holds, so does the second.
  case implies(Claim, Claim)
  /// A statement by a person who tells the truth exactly when having value 0.
  case says(Int, Claim)

  /// Whether it holds where person `p` has value `values[p]`.
  func holds(in values: [Int]) -> Bool {
    switch self {
    case .has(let person, let value): return values[person] == value
    case .before(let first, let second): return values[first] < values[second]
    case .justBefore(let first, let second): return values[first] + 1 == values[second]
    case .nextTo(let first, let second):
      let distance = abs(values[first] - values[second])
      return distance == 1 || distance == values.count - 1
    case .opposite(let first, let second):
      return abs(values[first] - values[second]) * 2 == values.count
    case .same(let first, let second): return values[first] == values[second]
    case .not(let claim): return !claim.holds(in: values)
    case .implies(let condition, let consequence):
      return !condition.holds(in: values) || consequence.holds(in: values)
    case .says(let speaker, let claim): return (values[speaker] == 0) == claim.holds(in: values)
    }
  }

  /// The persons it is about.
  var persons: Set<Int> {
    switch self {
    case .has(let person, _): [person]
    case .before(let first, let second), .justBefore(let first, let second), .nextTo(let first, let second),
      .opposite(let first, let second), .same(let first, let second):
      [first, second]
    case .not(let claim): claim.persons
    case .implies(let first, let second): first.persons.union(second.persons)
    case .says(let speaker, let claim): claim.persons.union([speaker])
    }
  }
}

extension Claim {
  /// Machine-readable, with names: `{"before": ["Ann", "Ben"]}`, `{"not": …}`, `{"if": …, "then": …}`,
  /// `{"says": ["Ann", …]}`.
  func json(people: [String], values: [String]) -> JSON {
    func pair(_ word: String, _ first: Int, _ second: Int) -> JSON {
      .object([word: .array([.string(people[first]), .string(people[second])])])
    }
    switch self {
    case .has(let person, let value):
      return .object(["has": .array([.string(people[person]), .string(values[value])])])
    case .before(let first, let second): return pair("before", first, second)
    case .justBefore(let first, let second): return pair("just_before", first, second)
    case .nextTo(let first, let second): return pair("next_to", first, second)
    case .opposite(let first, let second): return pair("opposite", first, second)
    case .same(let first, let second): return pair("same", first, second)
    case .not(let claim): return .object(["not": claim.json(people: people, values: values)])
    case .implies(let condition, let consequence):
      return .object([
        "if": condition.json(people: people, values: values),
        "then": consequence.json(people: people, values: values),
      ])
    case .says(let speaker, let claim):
      return .object([
        "says": .array([.string(people[speaker]), claim.json(people: people, values: values)])
      ])
    }
  }

  /// Nil when `json` is no claim about these people and values.
  init?(_ json: JSON, people: [String], values: [String]) {
    guard let object = json.object, let (word, content) = object.elements.first else { return nil }
    func claim(_ json: JSON?) -> Claim? { json.flatMap { Claim($0, people: people, values: values) } }
    func pair(_ second: [String]) -> (Int, Int)? {
      guard let list = content.array, list.count == 2,
        let left = list[0].string.flatMap(people.firstIndex(of:)),
        let right = list[1].string.flatMap(second.firstIndex(of:))
      else { return nil }
      return (left, right)
    }
    var made: Claim?
    switch word {
    case "has": made = pair(values).map { .has($0.0, $0.1) }
    case "before": made = pair(people).map { .before($0.0, $0.1) }
    case "just_before": made = pair(people).map { .justBefore($0.0, $0.1) }
    case "next_to": made = pair(people).map { .nextTo($0.0, $0.1) }
    case "opposite": made = pair(people).map { .opposite($0.0, $0.1) }
    case "same": made = pair(people).map { .same($0.0, $0.1) }
    case "not": made = claim(content).map { .not($0) }
    case "if":
      if let condition = claim(content), let then = claim(object["then"]) { made = .implies(condition, then) }
    case "says":
      if let list = content.array, list.count == 2, let claim = claim(list[1]),
        let speaker = list[0].string.flatMap(people.firstIndex(of:))
      {
        made = .says(speaker, claim)
      }
    default: break
    }
    guard let made else { return nil }
    self = made
  }
}
