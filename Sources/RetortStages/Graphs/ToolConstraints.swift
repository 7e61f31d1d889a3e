internal import OrderedCollections
internal import RetortCore

/// Replaces what a task tells outright by what has to be worked out: a number by a sum over another fact's, an entity's name
/// by facts of other documents (REDSearcher, section 3, with the tools that there are here).
struct ToolConstraints {
  /// One replacement, for the row.
  enum Replaced: Hashable, Sendable {
    /// The number of a fact by an expression over that of another.
    case number(of: Fact, by: Fact, expression: String)
    case name(String, by: [Fact])
  }

  let graph: FactGraph
  /// Edges with numbers, by what they may be told by.
  private let numbers: [String: [Int]]

  /// Most years between two facts of which one is told by the other.
  private static let mostYears = 60
  /// Most facts that describe an entity.
  private static let mostDescribing = 3

  init(graph: FactGraph) {
    self.graph = graph
    numbers = Dictionary(grouping: graph.edges.indices.filter { graph.edges[$0].number != nil }) {
      Self.unit(graph.edges[$0].relation)
    }
  }

  /// Years are told by years, other numbers by those of the same relation.
  private static func unit(_ relation: String) -> String {
    Relation(rawValue: relation)?.event == nil ? relation : "year"
  }

  // MARK: Numbers

  /// Tells up to `count` numbers by others; facts of entities that the task does not speak of.
  func compute(_ count: Int, in task: inout SearchTask, _ random: inout SplitMix64) -> [Replaced] {
    var replaced: [Replaced] = []
    let places = task.parts.indices.filter {
      task.parts[$0].isSaid && task.parts[$0].relative == nil && task.parts[$0].fact.object.int != nil
    }
    for place in random.shuffled(places) where replaced.count < count {
      guard task.parts.count < DocumentCover.mostFacts, let number = task.parts[place].fact.object.int,
        let edge = other(for: task.parts[place].fact, in: task, &random), let known = edge.number
      else { continue }
      let part = SearchTask.Part(edge, in: graph)
      let difference = number - known
      task.parts[place].relative = SearchTask.Relative(about: part.fact.about, difference: difference)
      var unsaid = part
      unsaid.isSaid = false
      task.parts.append(unsaid)
      if !task.named.contains(part.fact.subject) { task.named.append(part.fact.subject) }
      replaced.append(
        .number(
          of: task.parts[place].fact, by: part.fact,
          expression: "\(known) \(difference < 0 ? "-" : "+") \(difference.magnitude)"))
    }
    return replaced
  }

  /// A fact with a number near enough, in a document that the task does not need yet.
  private func other(for fact: Fact, in task: SearchTask, _ random: inout SplitMix64) -> FactGraph.Edge? {
    let unit = Self.unit(fact.relation)
    guard let number = fact.object.int, let candidates = numbers[unit], !candidates.isEmpty else {
      return nil
    }
    let spoken = Set(task.unresolved + task.parts.map(\.fact.subject))
    let needed = Set(task.parts.flatMap(\.documents))
    for _ in 0..<100 {
      let edge = graph.edges[candidates[random.below(candidates.count)]]
      guard let known = edge.number, unit != "year" || abs(number - known) <= Self.mostYears,
        !spoken.contains(graph.names[edge.subject]), needed.isDisjoint(with: edge.documents)
      else { continue }
      return edge
    }
    return nil
  }

  // MARK: Names

  /// Tells up to `count` named entities by other facts of theirs, that hold for no other entity.
  func describe(_ count: Int, in task: inout SearchTask, _ random: inout SplitMix64) -> [Replaced] {
    var replaced: [Replaced] = []
    let spoken = HiddenNames(task).spoken.filter { name in
      !task.parts.contains { $0.relative?.about.name == name }
    }
    for name in random.shuffled(spoken) where replaced.count < count {
      guard let node = graph.node(of: name), let edges = describing(node, in: task, &random),
        task.parts.count + edges.count <= DocumentCover.mostFacts
      else { continue }
      let parts = edges.map { SearchTask.Part($0, in: graph) }
      task.named.removeAll { $0 == name }
      task.hidden.append(name)
      for other in edges.flatMap(\.nodes).map({ graph.names[$0] })
      where other != name && !task.named.contains(other) {
        task.named.append(other)
      }
      task.parts += parts
      replaced.append(.name(name, by: parts.map(\.fact)))
    }
    return replaced
  }

  /// The fewest facts of a shuffled choice that hold for one entity alone; nil where there are none.
  private func describing(
    _ node: Int, in task: SearchTask, _ random: inout SplitMix64
  ) -> [FactGraph.Edge]? {
    let known = Set(task.parts.map(\.fact))
    let spoken = Set(task.unresolved + task.named)
    let places = graph.incident[node].filter { place in
      let edge = graph.edges[place]
      return !known.contains(SearchTask.Part(edge, in: graph).fact)
        && edge.nodes.allSatisfy { $0 == node || !spoken.contains(graph.names[$0]) }
    }
    var chosen: [Int] = []
    for place in random.shuffled(places) where chosen.count < Self.mostDescribing {
      chosen.append(place)
      if isOnly(node, chosen) {
        for place in chosen where chosen.count > 1 && isOnly(node, chosen.filter { $0 != place }) {
          chosen.removeAll { $0 == place }
        }
        return chosen.map { graph.edges[$0] }
      }
    }
    return nil
  }

  private func isOnly(_ node: Int, _ places: [Int]) -> Bool {
    let named = Set(places.flatMap { graph.edges[$0].nodes }).subtracting([node])
    return PatternMatch.answers(of: places, answer: node, named: named, in: graph) == .one
  }
}

extension FactGraph.Edge {
  var number: Int64? { if case .value(let value) = object { value.int } else { nil } }
}

extension ToolConstraints.Replaced {
  var json: JSON {
    switch self {
    case .number(let fact, let other, let expression):
      [
        "tool": "compute", "fact": .string(fact.words), "by": [.string(other.words)],
        "expression": .string(expression),
      ]
    case .name(let name, let facts):
      [
        "tool": "look-up", "fact": .string(name), "by": .array(facts.map { .string($0.words) }),
        "expression": nil,
      ]
    }
  }
}
