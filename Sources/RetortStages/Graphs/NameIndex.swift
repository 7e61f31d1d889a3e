internal import OrderedCollections

/// Finds the entities that a text names, by their names and other names, as whole words.
struct NameIndex: Sendable {
  private struct Name: Sendable {
    let words: [Substring]
    let entity: String
  }

  /// By their first word.
  private var names: [Substring: [Name]] = [:]

  mutating func add(_ name: String, of entity: String) {
    let words = WholeWords.of(name)
    guard let first = words.first else { return }
    names[first, default: []].append(Name(words: words, entity: entity))
  }

  /// In the order in which they are first named.
  func entities(in text: String) -> OrderedSet<String> {
    let words = WholeWords.of(text)
    var found: OrderedSet<String> = []
    for place in words.indices {
      for name in names[words[place]] ?? [] where words[place...].starts(with: name.words) {
        found.append(name.entity)
      }
    }
    return found
  }
}
