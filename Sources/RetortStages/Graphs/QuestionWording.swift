internal import OrderedCollections
internal import RetortCore

/// Says a task's facts in sentences: `This person works at institution A. Institution A was founded between 1820 and 1829.`
struct QuestionWording: Sendable {
  /// Sentences of relations that a file has its own words for, with `{subject}` and `{object}`.
  var phrases: [String: String] = [:]
  /// What the subject and the object of such a relation are.
  var nouns: [String: [String]] = [:]

  func question(of task: SearchTask) -> String {
    let words = words(for: task)
    let asked = kinds(in: task)[task.answer] ?? Self.anything
    let sentences = ordered(task).map { part in sentence(part, in: task) { words[$0] ?? $0 } }
    return (["Which \(asked) is meant?"] + sentences).joined(separator: " ")
  }

  /// `this person` for the answer, `institution A` for what else is to be found, by first mention.
  func words(for task: SearchTask) -> [String: String] {
    let kinds = kinds(in: task)
    var words = [task.answer: "this \(kinds[task.answer] ?? Self.anything)"]
    var count = 0
    for part in ordered(task) {
      for name in [part.fact.subject, part.fact.object.string ?? ""]
      where task.hidden.contains(name) && words[name] == nil {
        words[name] = "\(kinds[name] ?? Self.anything) \(Self.letters(count))"
        count += 1
      }
    }
    return words
  }

  /// - Parameter word: what an entity is called.
  func sentence(_ part: SearchTask.Part, in task: SearchTask, _ word: (String) -> String) -> String {
    let sentence = plain(part, task, word)
    return sentence.prefix(1).uppercased() + sentence.dropFirst()
  }

  static let anything = "entity"

  /// What each unresolved entity is, as far as relations tell.
  func kinds(in task: SearchTask) -> [String: String] {
    var kinds: [String: String] = [:]
    for part in task.parts {
      guard let (subject, object) = nouns(of: part.fact.relation) else { continue }
      if kinds[part.fact.subject] == nil { kinds[part.fact.subject] = subject }
      if let name = part.fact.object.string, task.isEntity(part.fact.object), let object, kinds[name] == nil {
        kinds[name] = object
      }
    }
    return kinds
  }

  /// Nil for a relation that nobody has words for.
  func nouns(of relation: String) -> (subject: String, object: String?)? {
    if let own = nouns[relation], let subject = own.first {
      return (subject, own.count > 1 ? own[1] : nil)
    }
    return Relation(rawValue: relation).map { ($0.subjectKind.rawValue, $0.objectKind?.rawValue) }
  }

  /// What the answer has first, and then what hangs on it.
  private func ordered(_ task: SearchTask) -> [SearchTask.Part] {
    var left = task.parts.filter(\.isSaid)
    var reached: Set<String> = [task.answer]
    var ordered: [SearchTask.Part] = []
    while !left.isEmpty {
      func touches(_ part: SearchTask.Part) -> Bool {
        reached.contains(part.fact.subject) || part.fact.object.string.map(reached.contains) ?? false
      }
      let part = left.remove(at: left.firstIndex(where: touches) ?? 0)
      ordered.append(part)
      reached.insert(part.fact.subject)
      if let name = part.fact.object.string, task.isEntity(part.fact.object) { reached.insert(name) }
    }
    return ordered
  }

  /// A to Z, then AA.
  private static func letters(_ number: Int) -> String {
    let letter = String(UnicodeScalar(UInt8(65 + number % 26)))
    return number < 26 ? letter : letters(number / 26 - 1) + letter
  }

  private func plain(_ part: SearchTask.Part, _ task: SearchTask, _ word: (String) -> String) -> String {
    let subject = word(part.fact.subject)
    if let relative = part.relative { return sentence(part.fact.relation, of: subject, relative, word) }
    if let name = part.fact.object.string {
      return sentence(part.fact.relation, subject, task.isEntity(part.fact.object) ? word(name) : name)
    }
    guard let range = FactGraph.NumberRange(part.fact.object) else {
      return sentence(part.fact.relation, subject, part.fact.object.text)
    }
    if phrases[part.fact.relation] == nil, let known = Relation(rawValue: part.fact.relation),
      let sentence = known.sentence(subject, from: range.least, to: range.most)
    {
      return sentence
    }
    return sentence(part.fact.relation, subject, "a number from \(range.least) to \(range.most)")
  }

  func sentence(_ relation: String, _ subject: String, _ object: String) -> String {
    if let own = phrases[relation] {
      return own.replacing("{subject}", with: subject).replacing("{object}", with: object)
    }
    return Relation(rawValue: relation)?.sentence(subject, object)
      ?? "\(subject) \(Fact.spoken(relation)) \(object)."
  }

  private func sentence(
    _ relation: String, of subject: String, _ relative: SearchTask.Relative, _ word: (String) -> String
  ) -> String {
    let (other, count) = (word(relative.about.name), relative.difference.magnitude)
    if let event = Relation(rawValue: relation)?.event,
      let before = Relation(rawValue: relative.about.relation)?.event
    {
      return relative.difference == 0
        ? "\(subject) \(event) in the year in which \(other) \(before)."
        : "\(subject) \(event) \(count) year\(count == 1 ? "" : "s") \(relative.difference > 0 ? "after" : "before") \(other) \(before)."
    }
    return
      "the \(Fact.spoken(relation)) of \(subject) is \(count) \(relative.difference < 0 ? "less" : "more") than the "
      + "\(Fact.spoken(relative.about.relation)) of \(other)."
  }

}

extension Relation {
  var subjectKind: World.Kind {
    switch self {
    case .region, .population: .place
    case .locatedIn, .foundedIn, .foundedBy: .institution
    case .bornIn, .birthYear, .worksAt, .studentOf: .person
    case .createdBy, .createdIn, .keptAt, .depicts: .work
    case .heldIn, .eventYear, .organisedBy, .wonBy: .event
    }
  }

  /// Nil where it is a word or a number.
  var objectKind: World.Kind? {
    switch self {
    case .region, .population, .foundedIn, .birthYear, .createdIn, .eventYear: nil
    case .locatedIn, .bornIn, .depicts, .heldIn: .place
    case .worksAt, .keptAt, .organisedBy: .institution
    case .foundedBy, .studentOf, .createdBy, .wonBy: .person
    }
  }

  /// Nil where the object is no number.
  func sentence(_ subject: String, from least: Int64, to most: Int64) -> String? {
    if self == .population { return "\(subject) has between \(least) and \(most) inhabitants." }
    return event.map { "\(subject) \($0) between \(least) and \(most)." }
  }

  /// What happened in the year that is its object; nil where that is no year.
  var event: String? {
    switch self {
    case .foundedIn: "was founded"
    case .birthYear: "was born"
    case .createdIn: "came into being"
    case .eventYear: "took place"
    default: nil
    }
  }
}
