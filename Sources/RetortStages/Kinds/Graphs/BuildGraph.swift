internal import OrderedCollections
package import RetortCore

/// Makes one graph of what documents state: a row for each fact, with the documents that state it (REDSearcher, section 3).
package struct BuildGraph: SetStage {
  package struct Config: Codable, Sendable {
    package var oneValued: [String]?

    enum CodingKeys: String, CodingKey {
      case oneValued = "one_valued"
    }

    package init(oneValued: [String]? = nil) { self.oneValued = oneValued }
  }

  package typealias Input = Columns
  package typealias Output = Columns

  package static let name = "build-graph"
  package static let version = 2
  package static let isForeseeable = true
  package static let summary =
    "Make a row of each fact that documents state, with the documents that state it."
  package static let keys = [
    "one_valued":
      "The relations of which a subject has one object: where documents state several, those facts are contested. Default: "
      + "all; none: []."
  ]

  private let oneValued: Set<String>?

  package init(_ config: Config, in workspace: Workspace) throws {
    oneValued = config.oneValued.map(Set.init)
  }

  package var reads: [ColumnUse] { [ColumnUse("id"), ColumnUse("facts")] }
  package var adds: [String]? {
    ["id", "subject", "relation", "object", "object_is", "documents", "contested", "wrong"]
  }

  private struct Found {
    var documents: OrderedSet<String> = []
    var members: [Int] = []
    var isWrong = true
  }

  package func process(_ rows: RowSet<Columns>, into sink: MakingSink<Columns>) async throws {
    var found: OrderedDictionary<Fact, Found> = [:]
    var seen: Set<String> = []
    for try await element in rows {
      let row = element.value.values
      guard let id = row["id"]?.string, let stated = row["facts"]?.array else {
        let wrong =
          row["id"]?.string == nil
          ? "\(row["id"]?.kind ?? "nothing") as id" : "\(row["facts"]?.kind ?? "nothing") as facts"
        try await sink.drop(
          element.ordinal, reason: "no facts",
          detail: "expected a text as id and a list as facts, found \(wrong)")
        continue
      }
      guard seen.insert(id).inserted else {
        try await sink.drop(
          element.ordinal, reason: "id twice",
          detail: "expected ids that are each of one document, found '\(id)' again; its facts were not taken")
        continue
      }
      let unread = stated.filter { Fact($0) == nil }
      if let first = unread.first {
        // The document is counted for what it loses; its other facts go on.
        let isLost = unread.count == stated.count
        try await sink.drop(
          element.ordinal, reason: isLost ? "no facts" : "fact left out",
          detail:
            "\(unread.count) of its \(stated.count) facts cannot be read\(isLost ? "" : ", the others went on"); the "
            + "first: expected subject, relation and object, found \(first.text.prefix(200))")
      } else if stated.isEmpty {
        try await sink.consume(element.ordinal)
      }
      for json in stated {
        guard let fact = Fact(json) else { continue }
        found[fact, default: Found()].documents.append(id)
        if found[fact]?.members.last != element.ordinal { found[fact]?.members.append(element.ordinal) }
        if json["wrong"] != true { found[fact]?.isWrong = false }
      }
    }
    var objects: [Fact.Subject: Int] = [:]
    for fact in found.keys { objects[fact.about, default: 0] += 1 }
    let subjects = Set(found.keys.map(\.subject))
    for (place, (fact, said)) in found.enumerated() {
      let isContested = oneValued?.contains(fact.relation) ?? true && objects[fact.about, default: 1] > 1
      let isEntity = fact.object.string.map(subjects.contains) ?? false
      try await sink.make(
        Columns([
          "id": .string("fact-\(place)"), "subject": .string(fact.subject),
          "relation": .string(fact.relation),
          "object": fact.object, "object_is": isEntity ? "entity" : "value",
          "documents": .array(said.documents.map { .string($0) }),
          "contested": .bool(isContested), "wrong": .bool(said.isWrong),
        ]), from: said.members)
    }
  }
}
