import Testing

@testable import RetortCore
@testable import RetortStages

struct TreewidthTests {
  private func drawn(_ count: Int, _ random: inout SplitMix64, share: Int) -> ConstraintGraph {
    var edges: [(Int, Int)] = []
    for one in 0..<count {
      for other in 0..<one where random.below(100) < share { edges.append((one, other)) }
    }
    return ConstraintGraph(count: count, edges: edges)
  }

  /// The least width of all elimination orderings.
  private func bruteForce(_ graph: ConstraintGraph, left: Set<Int>) -> Int {
    left.map { node in
      var rest = graph
      rest.eliminate(node)
      return max(graph.neighbours[node].count, bruteForce(rest, left: left.subtracting([node])))
    }.min() ?? 0
  }

  @Test func itIsThatOfTheBestOrdering() {
    var random = SplitMix64(seed: 5)
    for round in 0..<300 {
      let count = 1 + random.below(6)
      let graph = drawn(count, &random, share: 20 + 10 * (round % 7))
      let found = Treewidth(graph)
      #expect(found == Treewidth(graph))
      #expect(found.isExact && found.upper == bruteForce(graph, left: Set(0..<count)), "\(graph)")
    }
  }

  /// Grids have the width of their shorter side; cliques one less than their size.
  @Test func beyondExactSizesThereAreBounds() {
    func grid(_ rows: Int, _ columns: Int) -> ConstraintGraph {
      var edges: [(Int, Int)] = []
      for row in 0..<rows {
        for column in 0..<columns {
          if column + 1 < columns { edges.append((row * columns + column, row * columns + column + 1)) }
          if row + 1 < rows { edges.append((row * columns + column, (row + 1) * columns + column)) }
        }
      }
      return ConstraintGraph(count: rows * columns, edges: edges)
    }
    #expect(Treewidth(grid(4, 4)).upper == 4)
    #expect(Treewidth(grid(4, 4)).isExact)
    for side in 5...8 {
      let found = Treewidth(grid(side, side))
      #expect(found.lower <= side && side <= found.upper && found.lower >= 3)
    }
    let clique = ConstraintGraph(count: 30, edges: (0..<30).flatMap { one in (0..<one).map { (one, $0) } })
    #expect(Treewidth(clique).lower == 29)
    #expect(Treewidth(clique).isExact)
    // What the reductions solve needs no bounds, whatever its size.
    let ring = ConstraintGraph(count: 400, edges: (0..<400).map { ($0, ($0 + 1) % 400) })
    #expect(Treewidth(ring).upper == 2)
    #expect(Treewidth(ring).isExact)
  }

  @Test func aSubgraphIsNoWider() {
    var random = SplitMix64(seed: 9)
    for _ in 0..<100 {
      let graph = drawn(9, &random, share: 45)
      let whole = Treewidth(graph).upper
      for node in 0..<9 {
        let without = Treewidth(graph.without([node])).upper
        #expect(without <= whole && without >= whole - 1)
      }
    }
  }
}
