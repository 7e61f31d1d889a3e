internal import OrderedCollections
internal import RetortCore

/// A source of which a pilot takes a part.
package struct CutSource: Hashable, Sendable {
  package let name: String
  /// Stages under `using:` whose sets come from it and reach an export: made of a part, they are not what the whole run
  /// will use, and what depends on them is done anew.
  package let sets: [String]
}

extension Pipeline {
  /// The sources that `--limit` and `--sample` cut: those from which `from:` alone leads to an export; in a file without
  /// exports, those that feed a `from:`. What reaches the exports through `using:` alone stays whole, so that the whole
  /// run finds the steps that a pilot paid for.
  package var cutSources: [CutSource] {
    let exports = Set(stages.filter(\.entry.exports).map(\.name))
    return stages.filter(\.from.isEmpty).compactMap { source in
      let line = descendants(of: source.name)
      guard exports.isEmpty ? line.count > 1 : !line.isDisjoint(with: exports) else { return nil }
      let sets = stages.filter { $0.round?.decides != true }.flatMap { user in
        user.using.values.filter { line.contains($0) && reaches(exports, from: user.name) }
      }
      return CutSource(name: source.name, sets: Array(OrderedSet(sets)))
    }
  }

  /// The stage and those that take its rows by `from:`, directly or not.
  private func descendants(of name: String) -> Set<String> {
    var found: Set = [name]
    var next = [name]
    while let name = next.popLast() {
      for stage in stages where stage.from.contains(name) && found.insert(stage.name).inserted {
        next.append(stage.name)
      }
    }
    return found
  }

  /// Whether an export, or without exports any stage, is or depends on the stage.
  private func reaches(_ exports: Set<String>, from name: String) -> Bool {
    exports.isEmpty || exports.contains { ancestry(of: $0).contains(name) }
  }
}
