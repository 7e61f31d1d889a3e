internal import OrderedCollections

/// Which names mean one entity.
struct EntityNames {
  enum Ground: String, Codable, Sendable, CaseIterable {
    case alias, fact, spelling
    /// A name of several entities stays what it is.
    case ambiguous
  }

  struct Link: Hashable {
    /// Nil where it is ambiguous.
    let name: String?
    let by: Ground
  }

  private var said: [String: OrderedDictionary<String, Ground>] = [:]
  /// How often each name is a subject, by its words.
  private var subjects: [String: OrderedDictionary<String, Int>] = [:]

  mutating func say(_ alias: String, is name: String, by ground: Ground) {
    guard alias != name else { return }
    if said[alias]?[name] == nil { said[alias, default: [:]][name] = ground }
  }

  mutating func count(_ subject: String) {
    subjects[WholeWords.spaced(subject), default: [:]][subject, default: 0] += 1
  }

  /// Nil for a name that stays; by what it was first linked, where one link leads to the next.
  func link(of name: String) -> Link? {
    var (path, ground): ([String], Ground?) = ([name], nil)
    var reached = name
    while let next = step(from: reached) {
      guard let to = next.name else { return ground.map { Link(name: reached, by: $0) } ?? next }
      ground = ground ?? next.by
      if let start = path.firstIndex(of: to) {
        // Of names that lead to each other in a circle, one.
        reached = path[start...].min() ?? reached
        break
      }
      path.append(to)
      reached = to
    }
    return reached == name ? nil : ground.map { Link(name: reached, by: $0) }
  }

  private func step(from name: String) -> Link? {
    if let names = said[name], let first = names.elements.first {
      return names.count > 1 ? Link(name: nil, by: .ambiguous) : Link(name: first.key, by: first.value)
    }
    let spelled = subjects[WholeWords.spaced(name)] ?? [:]
    let best = spelled.elements.max { ($0.value, $1.key) < ($1.value, $0.key) }
    return best.flatMap { $0.key == name ? nil : Link(name: $0.key, by: .spelling) }
  }
}
