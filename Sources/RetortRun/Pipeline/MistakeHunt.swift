internal import OrderedCollections
internal import RetortCore

/// A kind says of a configuration what is wrong with it first. What else is wrong shows once that is put aside: the value
/// gives way to none, or to one that fits where the key is required, and the kind is asked again.
extension PipelineReader {
  /// - Parameter models: those that the file declares.
  func hunt(
    _ draft: inout StageDraft, _ models: OrderedDictionary<String, ModelSpec>,
    with drafts: OrderedDictionary<String, StageDraft>
  ) {
    guard let entry = draft.entry, !draft.mistakes.isEmpty else { return }
    let keys = entry.configShape()
    var asked = draft
    var aside: Set<String> = []
    while true {
      let culprits = asked.culprits(draft.mistakes).subtracting(aside)
      guard !culprits.isEmpty else { return }
      aside.formUnion(culprits)
      for key in culprits { asked.putAside(key, keys[key]) }
      asked.mistakes = []
      configure(&asked, entry, models)
      bind(&asked, with: drafts)
      // What speaks of a value that was put aside may speak of what stands in for it.
      let new = asked.mistakes.filter { !draft.mistakes.contains($0) && !$0.speaks(ofAnyOf: aside) }
      guard !new.isEmpty else { return }
      draft.mistakes += new
    }
  }
}

extension StageDraft {
  mutating func report(_ place: FilePosition, _ message: String) {
    mistakes.append(Diagnostic(place, message))
  }

  /// The keys of `with:` in which one of the mistakes is.
  fileprivate func culprits(_ mistakes: [Diagnostic]) -> Set<String> {
    let places = Set(mistakes.map { FilePosition(file: $0.file, line: $0.line, column: $0.column) })
    let keys = (written.with.entries ?? [:]).filter { _, entry in
      places.contains(entry.keyPlace) || entry.node.holds(places)
        || entry.node.string.map(brokenPrompts.contains) ?? false
    }.map(\.key)
    return Set(keys)
  }

  fileprivate mutating func putAside(_ key: String, _ shape: ConfigShape.Key?) {
    guard case .mapping(var entries) = with.value else { return }
    if let shape, shape.required, let sample = shape.value.sample {
      entries[key]?.node.value = .scalar(sample)
    } else {
      entries[key] = nil
    }
    with.value = .mapping(entries)
  }
}

extension PlacedNode {
  /// Whether it or what is in it stands at one of the places.
  fileprivate func holds(_ places: Set<FilePosition>) -> Bool {
    if places.contains(place) { return true }
    switch value {
    case .scalar: return false
    case .list(let list): return list.contains { $0.holds(places) }
    case .mapping(let entries):
      return entries.values.contains { places.contains($0.keyPlace) || $0.node.holds(places) }
    }
  }
}

extension ConfigShape.Value {
  /// A plain value that fits; nil where there is none that does without the file's names.
  fileprivate var sample: JSON? {
    switch self {
    case .string: "text"
    case .integer, .number: 1
    case .boolean: false
    case .choice(let words): words.first.map { .string($0) }
    default: nil
    }
  }
}

extension Diagnostic {
  fileprivate func speaks(ofAnyOf keys: Set<String>) -> Bool {
    let words = message.split { !($0.isLetter || $0.isNumber || $0 == "_") }
    return words.contains { keys.contains(String($0)) }
  }
}
