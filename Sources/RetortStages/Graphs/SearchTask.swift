internal import OrderedCollections
internal import RetortCore

/// A task as its row has it: what is asked for, what may be named, and the facts that lead there.
struct SearchTask: Hashable, Sendable {
  struct Part: Hashable, Sendable {
    let fact: Fact
    /// Those that state it.
    let documents: [String]
    /// Whether the question says it; else it is what another one is told by.
    var isSaid = true
    var relative: Relative?
  }

  /// What a number is told by: another fact's number, and how much more it is.
  struct Relative: Hashable, Sendable {
    let about: Fact.Subject
    let difference: Int64
  }

  var answer: String
  /// Entities that the question names.
  var named: [String]
  /// Entities that it does not name, the answer left out.
  var hidden: [String]
  var parts: [Part]

  /// Entities to be resolved.
  var unresolved: [String] { [answer] + hidden }

  /// Whether an object is an entity of the task and no value.
  func isEntity(_ object: JSON) -> Bool {
    object.string.map { name in name == answer || hidden.contains(name) || named.contains(name) } ?? false
  }

  /// Of what must be resolved: a named entity is a constant.
  var treewidth: Treewidth {
    let places = Dictionary(unresolved.enumerated().map { ($1, $0) }) { first, _ in first }
    let edges = parts.compactMap { part -> (Int, Int)? in
      guard part.isSaid, let subject = places[part.fact.subject],
        let object = part.fact.object.string.flatMap({ places[$0] })
      else { return nil }
      return (subject, object)
    }
    return Treewidth(ConstraintGraph(count: unresolved.count, edges: edges))
  }

  /// The fewest documents that state all facts.
  var cover: (documents: [String], isExact: Bool)? {
    DocumentCover.least(statedBy: parts.map { Set($0.documents) })
  }

  /// The facts in words, with `[ANSWER]` and `[X1]` for what is to be found.
  var constraints: [String] {
    let stand = Dictionary(hidden.enumerated().map { ($1, "[X\($0 + 1)]") }) { first, _ in first }
    func word(_ name: String) -> String { name == answer ? "[ANSWER]" : stand[name] ?? name }
    return parts.filter(\.isSaid).map { part in
      let relation = Fact.spoken(part.fact.relation)
      let object: String =
        if let relative = part.relative {
          "\(relative.difference) more than \(Fact.spoken(relative.about.relation)) "
            + "of \(relative.about.name)"
        } else if let name = part.fact.object.string {
          isEntity(part.fact.object) ? word(name) : name
        } else {
          FactGraph.NumberRange(part.fact.object).map { "a number from \($0.least) to \($0.most)" }
            ?? part.fact.object.text
        }
      return "\(word(part.fact.subject)) \(relation) \(object)"
    }
  }
}

// MARK: Rows

extension SearchTask {
  static let reads = [
    ColumnUse("answer"), ColumnUse("facts"), ColumnUse("named", required: false),
    ColumnUse("hidden", required: false),
  ]

  /// Errors: ``BadRow`` for one that is no task.
  init(_ row: Columns) throws(BadRow) {
    guard let answer = row["answer"]?.string, !answer.isBlank else {
      throw BadRow("no answer", "expected an entity's name in 'answer', found \(row.found("answer"))")
    }
    guard let listed = row["facts"]?.array, (1...DocumentCover.mostFacts).contains(listed.count) else {
      throw BadRow(
        "no facts",
        "expected a list of 1 to \(DocumentCover.mostFacts) facts in 'facts', found "
          + (row["facts"]?.array.map { "\($0.count)" } ?? row.found("facts")))
    }
    self.answer = answer
    named = (row["named"]?.array ?? []).compactMap(\.string)
    hidden = (row["hidden"]?.array ?? []).compactMap(\.string)
    parts = []
    for json in listed {
      guard let part = Part(json) else {
        throw BadRow("no facts", "expected subject, relation and object, found \(json.text.prefix(200))")
      }
      parts.append(part)
    }
  }

  /// What changes with the facts.
  var columns: JSON.Object {
    let (width, cover) = (treewidth, cover)
    return [
      "named": .array(named.map { .string($0) }), "hidden": .array(hidden.map { .string($0) }),
      "facts": .array(parts.map(\.json)), "constraints": .array(constraints.map { .string($0) }),
      "documents": .array((cover?.documents ?? []).map { .string($0) }),
      "treewidth": .int(Int64(width.upper)), "treewidth_exact": .bool(width.isExact),
      "msd_upper": cover.map { .int(Int64($0.documents.count)) } ?? .null,
      "msd_exact": .bool(cover?.isExact ?? true),
    ]
  }
}

extension SearchTask.Part {
  fileprivate init?(_ json: JSON) {
    guard let fact = Fact(json) else { return nil }
    self.fact = fact
    documents = (json["documents"]?.array ?? []).compactMap(\.string)
    isSaid = json["said"] != false
    relative = json["relative_to"].flatMap(SearchTask.Relative.init)
  }

  fileprivate var json: JSON {
    var json: JSON.Object = [
      "subject": .string(fact.subject), "relation": .string(fact.relation), "object": fact.object,
      "documents": .array(documents.map { .string($0) }),
    ]
    if !isSaid { json["said"] = false }
    if let relative {
      json["relative_to"] = [
        "subject": .string(relative.about.name), "relation": .string(relative.about.relation),
        "difference": .int(relative.difference),
      ]
    }
    return .object(json)
  }
}

extension SearchTask.Relative {
  fileprivate init?(_ json: JSON) {
    guard let subject = json["subject"]?.string, let relation = json["relation"]?.string,
      let difference = json["difference"]?.int
    else { return nil }
    self.init(about: Fact.Subject(name: subject, relation: relation), difference: difference)
  }
}
