/// Where the boxes of a picture go: a stage lies below all that it reads, and lines between distant layers have a place
/// of their own in those between (after K. Sugiyama, S. Tagawa, M. Toda, 1981).
struct Layers {
  struct Spot: Hashable {
    var layer: Int
    /// The middle, in pixels from the left.
    var x: Double
  }

  /// The stages' spots.
  private(set) var spots: [String: Spot] = [:]
  /// The spots that each line goes through, ends included.
  private(set) var lines: [(edge: Edge, spots: [Spot])] = []
  private(set) var count = 0
  private(set) var width = 0.0

  struct Edge: Hashable {
    var from: String
    var to: String
    /// Read as a whole set beside the rows.
    var isUsing: Bool
  }

  private struct Node {
    var layer: Int
    var width: Double
    var x = 0.0
    var neighbours: [Int] = []
  }

  /// `names` in file order; edges with other ends are left out. A stage may come before what it reads, as one that reads
  /// rounds does.
  init(_ names: [String], _ edges: [Edge], box: Double, gap: Double) {
    guard !names.isEmpty else { return }
    var nodes: [Node] = []
    var places: [String: Int] = [:]
    for name in names {
      places[name] = nodes.count
      nodes.append(Node(layer: 0, width: box))
    }
    // As often as the longest path has edges.
    for _ in names {
      var moved = false
      for edge in edges {
        guard let from = places[edge.from], let to = places[edge.to], nodes[to].layer <= nodes[from].layer,
          from != to
        else { continue }
        nodes[to].layer = nodes[from].layer + 1
        moved = true
      }
      if !moved { break }
    }
    count = (nodes.map(\.layer).max() ?? 0) + 1
    var paths: [(Edge, [Int])] = []
    for edge in edges {
      guard let from = places[edge.from], let to = places[edge.to], nodes[from].layer < nodes[to].layer else {
        continue
      }
      var path = [from]
      for layer in (nodes[from].layer + 1)..<nodes[to].layer {
        path.append(nodes.count)
        nodes.append(Node(layer: layer, width: 20))
      }
      path.append(to)
      for (upper, lower) in zip(path, path.dropFirst()) {
        nodes[upper].neighbours.append(lower)
        nodes[lower].neighbours.append(upper)
      }
      paths.append((edge, path))
    }
    Self.arrange(&nodes, count: count, gap: gap)
    let left = nodes.map { $0.x - $0.width / 2 }.min() ?? 0
    let right = nodes.map { $0.x + $0.width / 2 }.max() ?? 0
    width = right - left
    func spot(_ node: Int) -> Spot { Spot(layer: nodes[node].layer, x: nodes[node].x - left) }
    spots = places.mapValues(spot)
    lines = paths.map { ($0.0, $0.1.map(spot)) }
  }

  /// Orders each layer by where its neighbours are, and moves nodes towards them as far as there is room.
  private static func arrange(_ nodes: inout [Node], count: Int, gap: Double) {
    var layers = (0..<count).map { layer in nodes.indices.filter { nodes[$0].layer == layer } }
    for layer in layers { spread(layer, wanted: layer.map { _ in 0 }, &nodes, gap: gap) }
    for sweep in 0..<8 {
      let order = sweep % 2 == 0 ? Array(layers.indices) : layers.indices.reversed()
      for index in order {
        let wanted = layers[index].map { node -> Double in
          let beside = nodes[node].neighbours.filter { near in
            sweep >= 6 || (sweep % 2 == 0) == (nodes[near].layer < nodes[node].layer)
          }
          return beside.isEmpty
            ? nodes[node].x : beside.map { nodes[$0].x }.reduce(0, +) / Double(beside.count)
        }
        let sorted = layers[index].indices.sorted { (wanted[$0], $0) < (wanted[$1], $1) }
        layers[index] = sorted.map { layers[index][$0] }
        spread(layers[index], wanted: sorted.map { wanted[$0] }, &nodes, gap: gap)
      }
    }
  }

  /// Puts the nodes of a layer side by side, as near as there is room to where they are wanted.
  private static func spread(_ layer: [Int], wanted: [Double], _ nodes: inout [Node], gap: Double) {
    var right = -Double.infinity
    for (place, node) in layer.enumerated() {
      nodes[node].x = max(wanted[place], right + nodes[node].width / 2)
      right = nodes[node].x + nodes[node].width / 2 + gap
    }
    let shift = zip(layer, wanted).map { $1 - nodes[$0].x }.reduce(0, +) / Double(max(1, layer.count))
    for node in layer { nodes[node].x += shift }
  }
}
