internal import RetortCore

/// Draws connected parts of a graph and chooses what a question over them asks for and what it names.
struct SubgraphSampler {
  enum Role: String, Codable, Sendable, CaseIterable {
    /// At an end, far from what the question names.
    case leaf
    /// Where most facts meet.
    case hub
  }

  struct Drawn: Hashable, Sendable {
    let edges: [Int]
    let answer: Int
    let role: Role
    /// The nodes that the question names; the others are to be resolved.
    let named: Set<Int>
    let hidden: [Int]
    let treewidth: Treewidth
    /// The fewest that state all facts.
    let documents: [String]
    /// Whether no fewer do; else the fewest that were found.
    let isLeastCover: Bool
  }

  let graph: FactGraph
  /// How many facts.
  let size: Int
  let named: Int

  /// Nil where the draw came to nothing: too small a component, nothing to ask for, a fact of named things alone, or not
  /// one answer.
  func draw(_ role: Role, _ random: inout SplitMix64) -> Drawn? {
    guard let edges = grow(&random) else { return nil }
    let nodes = Set(edges.flatMap { graph.edges[$0].nodes })
    guard nodes.count > named else { return nil }
    let ties = Ties(edges.map { graph.edges[$0] })
    guard let answer = answer(role, among: nodes, ties, &random) else { return nil }
    let names = name(besides: answer, among: nodes, of: edges, ties)
    guard names.count == named else { return nil }
    let hidden = nodes.subtracting(names).sorted()
    let places = Dictionary(uniqueKeysWithValues: hidden.enumerated().map { ($1, $0) })
    let pairs = edges.compactMap { edge -> (Int, Int)? in
      if case .node(let other) = graph.edges[edge].object, let one = places[graph.edges[edge].subject],
        let other = places[other]
      {
        (one, other)
      } else {
        nil
      }
    }
    guard PatternMatch.answers(of: edges, answer: answer, named: names, in: graph) == .one else { return nil }
    guard let cover = DocumentCover.least(statedBy: edges.map { Set(graph.edges[$0].documents) }) else {
      return nil
    }
    return Drawn(
      edges: edges, answer: answer, role: role, named: names, hidden: hidden,
      treewidth: Treewidth(ConstraintGraph(count: hidden.count, edges: pairs)), documents: cover.documents,
      isLeastCover: cover.isExact)
  }

  /// Facts that hang together: from a node that has any, and then by way of nodes reached; what closes a circle comes first
  /// two times of three, and a node's values stay few.
  private func grow(_ random: inout SplitMix64) -> [Int]? {
    var nodes = [random.below(graph.incident.count)]
    var chosen: [Int] = []
    for _ in 0..<(size * 20) where chosen.count < size {
      let node = nodes[random.below(nodes.count)]
      let around = graph.incident[node].filter { !chosen.contains($0) }
      let closing = around.filter {
        graph.edges[$0].nodes.count == 2 && graph.edges[$0].nodes.allSatisfy(nodes.contains)
      }
      guard let next = random.below(3) > 0 ? random.pick(closing) ?? random.pick(around) : random.pick(around)
      else { continue }
      let edge = graph.edges[next]
      if edge.nodes.count == 1, random.below(3) > 0 { continue }
      chosen.append(next)
      for node in edge.nodes where !nodes.contains(node) { nodes.append(node) }
    }
    return chosen.count == size ? chosen : nil
  }

  private func answer(_ role: Role, among nodes: Set<Int>, _ ties: Ties, _ random: inout SplitMix64) -> Int? {
    switch role {
    case .leaf: random.pick(nodes.filter { ties.degree($0) == 1 }.sorted())
    case .hub: nodes.max { (ties.degree($0), $1) < (ties.degree($1), $0) }
    }
  }

  /// The ends that lie farthest from the answer; where there are too few, other nodes that do. None that would leave a fact
  /// of named things alone: it narrows nothing down, and would count as a document to be found. Fewer where there are no more.
  private func name(besides answer: Int, among nodes: Set<Int>, of edges: [Int], _ ties: Ties) -> Set<Int> {
    let distances = ties.distances(from: answer)
    let order = nodes.subtracting([answer]).sorted { one, other in
      func key(_ node: Int) -> (Int, Int, Int) {
        (ties.degree(node) == 1 ? 0 : 1, -(distances[node] ?? 0), node)
      }
      return key(one) < key(other)
    }
    var names: Set<Int> = []
    for node in order where names.count < named {
      let more = names.union([node])
      if !edges.contains(where: { more.isSuperset(of: graph.edges[$0].nodes) }) { names = more }
    }
    return names
  }

  /// The drawn nodes and which a fact ties.
  private struct Ties {
    private var neighbours: [Int: Set<Int>] = [:]

    init(_ edges: [FactGraph.Edge]) {
      for edge in edges {
        for node in edge.nodes { neighbours[node, default: []].formUnion(edge.nodes.filter { $0 != node }) }
      }
    }

    func degree(_ node: Int) -> Int { neighbours[node]?.count ?? 0 }

    func distances(from start: Int) -> [Int: Int] {
      var distances = [start: 0]
      var queue = [start]
      var next = 0
      while next < queue.count {
        for node in neighbours[queue[next]] ?? [] where distances[node] == nil {
          distances[node] = (distances[queue[next]] ?? 0) + 1
          queue.append(node)
        }
        next += 1
      }
      return distances
    }
  }
}
