/// The treewidth of a graph: how much must be held in mind at once to resolve it (REDSearcher, section 2; 0 without edges,
/// 1 for trees, 2 for a cycle, 3 and more for clique-like knots). Exact, or between bounds.
struct Treewidth: Hashable, Sendable {
  let lower: Int
  let upper: Int

  var isExact: Bool { lower == upper }

  /// Most nodes of a core, after the safe reductions, that is solved exactly.
  static let exactNodes = 16

  init(_ graph: ConstraintGraph) {
    var graph = graph
    let least = Self.reduce(&graph)
    let cores = graph.components.map { Self.bounds(of: $0, in: graph) }
    lower = max(least, cores.map(\.lower).max() ?? 0)
    upper = max(least, cores.map(\.upper).max() ?? 0)
  }

  private init(lower: Int, upper: Int) {
    self.lower = lower
    self.upper = upper
  }

  /// Eliminates nodes of degree 0 to 2, which changes nothing beyond the bound that is returned (Arnborg and Proskurowski's
  /// rules: twigs always, series where the graph has a cycle).
  private static func reduce(_ graph: inout ConstraintGraph) -> Int {
    var least = 0
    while let node = graph.neighbours.indices.filter({ (1...2).contains(graph.neighbours[$0].count) }).min(
      by: {
        graph.neighbours[$0].count < graph.neighbours[$1].count
      })
    {
      // Where no twig is left, what is left has a cycle.
      least = max(least, graph.neighbours[node].count)
      graph.eliminate(node)
    }
    return least
  }

  private static func bounds(of core: [Int], in graph: ConstraintGraph) -> Treewidth {
    let upper = byLeastFill(core, in: graph)
    guard core.count <= exactNodes else {
      return Treewidth(lower: min(byContraction(core, in: graph), upper), upper: upper)
    }
    let width = exact(core, in: graph, atMost: upper)
    return Treewidth(lower: width, upper: width)
  }

  /// By dynamic programming over the sets of nodes that are eliminated first (Bodlaender and others, On exact algorithms
  /// for treewidth, 2012): `2^n` bytes, `n` searches for each.
  private static func exact(_ core: [Int], in graph: ConstraintGraph, atMost upper: Int) -> Int {
    let places = Dictionary(uniqueKeysWithValues: core.enumerated().map { ($1, $0) })
    let around = core.map { node in
      graph.neighbours[node].reduce(UInt32(0)) { $0 | 1 << UInt32(places[$1] ?? 0) }
    }
    var widths = [UInt8](repeating: UInt8(upper), count: 1 << core.count)
    widths[0] = 0
    for set in UInt32(1)..<UInt32(1 << core.count) {
      for place in around.indices where set & (1 << UInt32(place)) != 0 {
        let before = set & ~(1 << UInt32(place))
        guard widths[Int(before)] < widths[Int(set)] else { continue }
        let width = max(widths[Int(before)], UInt8(degree(of: place, after: before, around)))
        widths[Int(set)] = min(widths[Int(set)], width)
      }
    }
    return Int(widths[widths.count - 1])
  }

  /// The neighbours that a node has once those of `eliminated` are.
  private static func degree(of place: Int, after eliminated: UInt32, _ around: [UInt32]) -> Int {
    var reached = around[place]
    var seen: UInt32 = 0
    while true {
      let next = reached & eliminated & ~seen
      if next == 0 { break }
      seen |= next
      var rest = next
      while rest != 0 {
        reached |= around[rest.trailingZeroBitCount]
        rest &= rest - 1
      }
    }
    return (reached & ~eliminated & ~(1 << UInt32(place))).nonzeroBitCount
  }

  /// The width of the ordering that eliminates whatever node ties the fewest new pairs.
  private static func byLeastFill(_ core: [Int], in graph: ConstraintGraph) -> Int {
    var graph = graph
    var left = Set(core)
    var width = 0
    func fill(_ node: Int) -> Int {
      let around = graph.neighbours[node].sorted()
      return around.enumerated().reduce(0) { sum, one in
        sum + around[(one.offset + 1)...].count { !graph.neighbours[one.element].contains($0) }
      }
    }
    while let node = left.min(by: { (fill($0), $0) < (fill($1), $1) }) {
      width = max(width, graph.neighbours[node].count)
      graph.eliminate(node)
      left.remove(node)
    }
    return width
  }

  /// The largest least degree among minors (Bodlaender and Koster, Treewidth computations II, 2011: MMD+).
  private static func byContraction(_ core: [Int], in graph: ConstraintGraph) -> Int {
    var graph = graph
    var left = Set(core)
    var width = 0
    while let node = left.min(by: { (graph.neighbours[$0].count, $0) < (graph.neighbours[$1].count, $1) }) {
      let around = graph.neighbours[node]
      width = max(width, around.count)
      left.remove(node)
      let into = around.min { (graph.neighbours[$0].count, $0) < (graph.neighbours[$1].count, $1) }
      graph.remove(node)
      if let into { for other in around where other != into { graph.tie(into, other) } }
    }
    return width
  }
}
