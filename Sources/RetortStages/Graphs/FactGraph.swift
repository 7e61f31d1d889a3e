internal import OrderedCollections
internal import RetortCore

/// Entities by number and the facts that tie them, as documents state them.
struct FactGraph: Sendable {
  enum Object: Hashable, Sendable {
    case node(Int)
    case value(JSON)
  }

  struct Edge: Hashable, Sendable {
    let subject: Int
    let relation: String
    let object: Object
    let documents: [String]
    /// The row that it comes from.
    let member: Int
    /// Whether a question says its number and no range.
    var isExact = false

    /// The entities that it speaks of.
    var nodes: [Int] { if case .node(let other) = object { [subject, other] } else { [subject] } }
    var range: NumberRange? { if case .value(let value) = object { NumberRange(value) } else { nil } }

    /// By what those are found that have its object, which is bound to a node where it is one.
    fileprivate func key(toNode bound: (Int) -> Int?) -> Key? {
      switch object {
      case .node(let other): bound(other).map { .to(relation, $0) }
      case .value(let value): range.map { .ranged(relation, $0) } ?? .valued(relation, value)
      }
    }
  }

  /// What may stand for a number in a question: the decade of a year, a round range of a larger number.
  struct NumberRange: Hashable, Sendable {
    let least: Int64
    let most: Int64

    init?(_ value: JSON) {
      guard case .int(let number) = value, number >= 0 else { return nil }
      var step: Int64 = 10
      while number >= 3_000, step * 10 <= number { step *= 10 }
      least = number / step * step
      most = least + step - 1
    }
  }

  /// What an edge is looked up by.
  fileprivate enum Key: Hashable, Sendable {
    case from(Int, String)
    case to(String, Int)
    case valued(String, JSON)
    case ranged(String, NumberRange)
  }

  private(set) var names: OrderedSet<String> = []
  private(set) var edges: [Edge] = []
  /// Of each node, the edges that speak of it.
  private(set) var incident: [[Int]] = []
  private var index: [Key: [Int]] = [:]

  private mutating func node(_ name: String) -> Int {
    let (isNew, place) = names.append(name)
    if isNew { incident.append([]) }
    return place
  }

  mutating func add(_ fact: Fact, toEntity: Bool, documents: [String], member: Int) {
    let subject = node(fact.subject)
    let object: Object =
      if toEntity, let name = fact.object.string { .node(node(name)) } else { .value(fact.object) }
    let edge = Edge(
      subject: subject, relation: fact.relation, object: object, documents: documents, member: member)
    let place = edges.count
    edges.append(edge)
    for node in Set(edge.nodes) { incident[node].append(place) }
    index[.from(subject, edge.relation), default: []].append(place)
    if let key = edge.key(toNode: { $0 }) { index[key, default: []].append(place) }
  }

  /// The edges that could stand for `edge`, given what its ends are bound to; nil where no end is known.
  func candidates(_ edge: Edge, bound: (Int) -> Int?) -> [Int]? {
    if let subject = bound(edge.subject) { return index[.from(subject, edge.relation)] ?? [] }
    return edge.key(toNode: bound).map { index[$0] ?? [] }
  }
}
