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
      // What speaks of a value that was put aside may speak of what stands in for it.
      func isNew(_ mistake: Diagnostic) -> Bool {
        !draft.mistakes.contains(mistake) && !mistake.speaks(ofAnyOf: aside)
      }
      var next: StageDraft?
      for isFilled in [true, false] where next == nil {
        var trial = asked
        for key in culprits { trial.putAside(key, keys[key], isFilled: isFilled, models) }
        configure(&trial, entry, models)
        bind(&trial, with: drafts)
        if trial.mistakes.isEmpty || trial.mistakes.contains(where: isNew) { next = trial }
      }
      guard let next else { return }
      draft.mistakes += next.mistakes.filter(isNew)
      asked = next
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

  /// - Parameter isFilled: whether another value stands in; a required key always has one.
  fileprivate mutating func putAside(
    _ key: String, _ shape: ConfigShape.Key?, isFilled: Bool, _ models: OrderedDictionary<String, ModelSpec>
  ) {
    mistakes = []
    guard case .mapping(var entries) = with.value else { return }
    if let shape, isFilled || shape.required, let sample = shape.value.sample(models) {
      entries[key]?.node.value = sample
      if shape.value == .model { takesAnyModel = true }
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
  /// A plain value that fits; nil where there is none.
  fileprivate func sample(_ models: OrderedDictionary<String, ModelSpec>) -> PlacedNode.Value? {
    switch self {
    case .string: .scalar("text")
    case .integer, .number: .scalar(1)
    case .boolean: .scalar(false)
    case .choice(let words): words.first.map { .scalar(.string($0)) }
    case .tool: nil
    case .model: models.keys.first.map { .scalar(.string($0)) }
    case .list: .list([])
    case .map: .mapping([:])
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
