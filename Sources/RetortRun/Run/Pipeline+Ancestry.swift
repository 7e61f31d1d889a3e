internal import OrderedCollections
internal import RetortCore

extension PipelineStage {
  /// The stages that it takes rows or sets from, or waits for.
  fileprivate var upstream: [String] { from + using.values + (round?.awaits ?? []) }
}

extension Pipeline {
  /// The stage and every stage that it takes rows or sets from or waits for, directly or not; of a name that stands for
  /// a stage of all rounds, those of each.
  package func ancestry(of name: String) -> Set<String> {
    let places = ordinals
    var found: Set<String> = []
    var next = instances(of: name)
    while let name = next.popLast() {
      guard found.insert(name).inserted, let place = places[name] else { continue }
      next += stages[place].upstream
    }
    return found
  }

  /// Distances from the sources by stage, 0 for a reader.
  var depths: [String: Int] {
    let places = ordinals
    var depths: [String: Int] = [:]
    // With its upstream stages on top of it until they are known.
    var open = stages.map(\.name)
    while let name = open.last {
      guard depths[name] == nil, let place = places[name] else {
        open.removeLast()
        continue
      }
      let upstream = stages[place].upstream.filter { places[$0] != nil }
      let unknown = upstream.filter { depths[$0] == nil }
      guard unknown.isEmpty else {
        open += unknown
        continue
      }
      depths[name] = upstream.compactMap { depths[$0] }.max().map { $0 + 1 } ?? 0
      open.removeLast()
    }
    return depths
  }

  /// The places of stages in the file, by name.
  var ordinals: [String: Int] {
    Dictionary(uniqueKeysWithValues: stages.enumerated().map { ($1.name, $0) })
  }
}
