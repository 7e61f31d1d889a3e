internal import OrderedCollections
internal import RetortCore

/// What a corpus says of the facts of tasks, gathered in one walk through it.
struct Evidence {
  private let oneValued: Set<String>?
  private var sentences = StatementIndex()
  private var spans: [Fact: OrderedSet<String>] = [:]
  /// Of what tasks speak of, each object that documents give it, and the first of them.
  private var objects: [Fact.Subject: OrderedDictionary<JSON, String>] = [:]
  /// The entities that the corpus has facts of.
  private var names = NameIndex()
  private var known: Set<String> = []

  /// - Parameter oneValued: relations of which a subject has one object; nil for all.
  init(oneValued: Set<String>?) { self.oneValued = oneValued }

  mutating func look(for task: SearchTask) {
    for part in task.parts {
      sentences.look(for: part.fact)
      spans[part.fact] = []
      objects[part.fact.about] = [:]
    }
  }

  mutating func read(_ row: Columns, of document: String) {
    let text = row["text"]?.string ?? ""
    sentences.read(text, of: document)
    for json in row["facts"]?.array ?? [] {
      guard let fact = Fact(json) else { continue }
      if known.insert(fact.subject).inserted { names.add(fact.subject, of: fact.subject) }
      if spans[fact] != nil, let span = json["span"]?.string, !span.isBlank, text.contains(span) {
        spans[fact]?.append(document)
      }
      if objects[fact.about] != nil, objects[fact.about]?[fact.object] == nil {
        objects[fact.about]?[fact.object] = document
      }
    }
  }

  /// The documents that state a fact.
  func documents(stating fact: Fact) -> Set<String> {
    sentences.documents(stating: fact).union(spans[fact] ?? [])
  }

  /// Another object that the corpus gives a fact's subject, with its document; nil where there is none, or may be several.
  func dispute(of fact: Fact) -> (object: JSON, document: String)? {
    guard oneValued?.contains(fact.relation) ?? true else { return nil }
    return objects[fact.about]?.first { $0.key != fact.object }.map { ($0.key, $0.value) }
  }

  func entities(in text: String) -> OrderedSet<String> { names.entities(in: text) }
}
