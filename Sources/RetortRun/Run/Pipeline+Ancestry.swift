internal import OrderedCollections
internal import RetortCore

extension Pipeline {
  /// The stage and every stage it takes rows or sets from, directly or not.
  package func ancestry(of name: String) -> Set<String> {
    var found: Set<String> = []
    var next = [name]
    while let name = next.popLast() {
      guard found.insert(name).inserted, let stage = self[name] else { continue }
      next += stage.from + stage.using.values
    }
    return found
  }

  /// Distance from the sources, 0 for a reader.
  func depth(of name: String) -> Int {
    guard let stage = self[name] else { return 0 }
    return (stage.from + stage.using.values).map { depth(of: $0) + 1 }.max() ?? 0
  }

  /// The places of stages in the file, by name.
  var ordinals: [String: Int] {
    Dictionary(uniqueKeysWithValues: stages.enumerated().map { ($1.name, $0) })
  }
}
