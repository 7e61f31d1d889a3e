internal import OrderedCollections
package import RetortCore

extension SampleSubgraphs {
  package static func drawing(_ config: JSON) -> Drawing? {
    Drawing(["treewidth", "msd_upper"]) { [SearchTaskDrawing.difficulty($0, by: "msd_upper")] }
  }
}

extension RequireTools {
  package static func drawing(_ config: JSON) -> Drawing? {
    Drawing(["treewidth", "msd_upper"]) { [SearchTaskDrawing.difficulty($0, by: "msd_upper")] }
  }
}

extension CheckDispersion {
  package static func drawing(_ config: JSON) -> Drawing? {
    Drawing(["treewidth", "msd_checked"]) { [SearchTaskDrawing.difficulty($0, by: "msd_checked")] }
  }
}

private enum SearchTaskDrawing {
  /// How many tasks have which treewidth and which dispersion.
  static func difficulty(_ rows: [Columns], by documents: String) -> Picture {
    let pairs = rows.compactMap { row -> [Int]? in
      guard let width = row["treewidth"]?.int, let count = row[documents]?.int else { return nil }
      return [width, count].allSatisfy { (0...64).contains($0) } ? [Int(width), Int(count)] : nil
    }
    let counts = OrderedDictionary(grouping: pairs) { $0 }.mapValues(\.count).elements.sorted {
      $0.key.lexicographicallyPrecedes($1.key)
    }
    let hard = pairs.count { $0[0] >= 2 && $0[1] >= 2 }
    return Picture(
      "Treewidth by dispersion",
      .cells(
        counts.map { Picture.Cell($0.key[0], $0.key[1], count: $0.value) }, x: "treewidth",
        y: "documents needed"),
      caption: "\(Drawn.share(hard, of: pairs.count, "task")) with both at 2 or more.")
  }
}
