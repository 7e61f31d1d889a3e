/// Who else answers a question: the bindings of its hidden nodes under which all of its facts hold.
struct PatternMatch {
  /// How many answers there are, or that they were not all looked for.
  enum Answers: Hashable {
    case one, several, unknown
  }

  private let graph: FactGraph
  private let edges: [FactGraph.Edge]
  private let answer: Int
  private var bindings: [Int: Int]
  private var found: Set<Int> = []
  private var steps = 0
  private static let mostSteps = 20_000

  /// - Parameters:
  ///   - edges: places of the question's facts.
  ///   - named: the nodes that it names; numbers are ranges in it, other values stand as they are.
  static func answers(of edges: [Int], answer: Int, named: Set<Int>, in graph: FactGraph) -> Answers {
    var match = PatternMatch(graph: graph, edges: edges.map { graph.edges[$0] }, answer: answer, named: named)
    match.bind(Set(edges.indices))
    return match.found.count > 1 ? .several : match.steps > mostSteps ? .unknown : .one
  }

  /// Whether an entity answers a task's question; nil where that was not looked for to the end.
  static func holds(_ candidate: Int, in pattern: SearchTask.Pattern, of graph: FactGraph) -> Bool? {
    var match = PatternMatch(
      graph: graph, edges: pattern.edges, answer: pattern.answer, named: pattern.named)
    match.bindings[pattern.answer] = candidate
    match.bind(Set(pattern.edges.indices))
    return match.found.contains(candidate) ? true : match.steps > mostSteps ? nil : false
  }

  private init(graph: FactGraph, edges: [FactGraph.Edge], answer: Int, named: Set<Int>) {
    self.graph = graph
    self.edges = edges
    self.answer = answer
    bindings = Dictionary(uniqueKeysWithValues: named.map { ($0, $0) })
  }

  /// Binds the edges of `open`, those with the fewest candidates first.
  private mutating func bind(_ open: Set<Int>) {
    steps += 1
    guard found.count < 2, steps <= Self.mostSteps else { return }
    let reachable = open.compactMap { place in
      graph.candidates(edges[place]) { bindings[$0] }.map { (place: place, candidates: $0) }
    }
    guard let next = reachable.min(by: { ($0.candidates.count, $0.place) < ($1.candidates.count, $1.place) })
    else {
      if let answer = bindings[answer] { found.insert(answer) }
      return
    }
    for place in next.candidates {
      let before = bindings
      if unify(edges[next.place], with: graph.edges[place]) { bind(open.subtracting([next.place])) }
      bindings = before
    }
  }

  private mutating func unify(_ edge: FactGraph.Edge, with other: FactGraph.Edge) -> Bool {
    guard bindings[edge.subject, default: other.subject] == other.subject else { return false }
    bindings[edge.subject] = other.subject
    switch (edge.object, other.object) {
    case (.node(let node), .node(let candidate)):
      guard bindings[node, default: candidate] == candidate else { return false }
      bindings[node] = candidate
      return true
    case (.value(let value), .value(let candidate)):
      return edge.isExact
        ? value == candidate : edge.range.map { $0 == other.range } ?? (value == candidate)
    default: return false
    }
  }
}
