/// What must be resolved together: nodes by number, and which of them a constraint ties.
///
/// Undirected: what a question asks for is found along a relation or against it. Loops and repeated edges say nothing.
struct ConstraintGraph: Hashable, Sendable {
  /// Of each node, those that it is tied to.
  private(set) var neighbours: [Set<Int>]

  /// - Parameter edges: pairs of node numbers, 0 up to `count`.
  init(count: Int, edges: [(Int, Int)]) {
    neighbours = Array(repeating: [], count: count)
    for (one, other) in edges where one != other { tie(one, other) }
  }

  /// With the nodes of `known` and their edges removed: what a question names is a constant.
  func without(_ known: Set<Int>) -> ConstraintGraph {
    var graph = self
    for node in known { graph.remove(node) }
    return graph
  }

  mutating func tie(_ one: Int, _ other: Int) {
    neighbours[one].insert(other)
    neighbours[other].insert(one)
  }

  mutating func remove(_ node: Int) {
    for other in neighbours[node] { neighbours[other].remove(node) }
    neighbours[node] = []
  }

  /// Removes a node and ties its neighbours to each other, as an elimination ordering does.
  mutating func eliminate(_ node: Int) {
    let around = neighbours[node].sorted()
    remove(node)
    for (place, one) in around.enumerated() {
      for other in around[(place + 1)...] { tie(one, other) }
    }
  }

  /// The nodes that have edges, connected component by component.
  var components: [[Int]] {
    var seen: Set<Int> = []
    var components: [[Int]] = []
    for start in neighbours.indices where !neighbours[start].isEmpty && seen.insert(start).inserted {
      var component = [start]
      var next = 0
      while next < component.count {
        for node in neighbours[component[next]].sorted() where seen.insert(node).inserted {
          component.append(node)
        }
        next += 1
      }
      components.append(component)
    }
    return components
  }
}
