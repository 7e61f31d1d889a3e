internal import OrderedCollections
package import RetortCore

/// Looks through a whole corpus for documents that state a task's facts, and counts again how few suffice: a page that
/// nobody built the task from may be a short cut (REDSearcher, section 3: without this, the measure is an upper bound).
package struct CheckDispersion: SetStage {
  package struct Config: Codable, Sendable {
    package init() {}
  }

  package typealias Input = Columns
  package typealias Output = Columns

  package static let name = "check-dispersion"
  package static let version = 2
  package static let isForeseeable = true
  package static let summary =
    "Count again how few documents state all facts of a task, after a look through the whole corpus."
  package static let keys: [String: String] = [:]
  package static let sets = [
    SetRole(
      "corpus", columns: ["id", "text"],
      help: "The documents. One states a fact where a sentence of it has the subject and the object as words."
    )
  ]

  private let corpus: RowSet<Columns>?

  package init(_ config: Config, in workspace: Workspace) throws {
    corpus = workspace.set("corpus", as: Columns.self)
  }

  package var reads: [ColumnUse] { [ColumnUse("facts")] }
  package var adds: [String]? { ["msd_checked", "msd_checked_exact", "checked_documents", "shortcuts"] }

  package func process(_ rows: RowSet<Columns>, into sink: KeepingSink<Columns>) async throws {
    var index = StatementIndex()
    for try await element in rows {
      for fact in element.value["facts"]?.array ?? [] {
        if let fact = Fact(fact) { index.look(for: fact) }
      }
    }
    if let corpus {
      var documents = DocumentIDs()
      for try await element in corpus {
        index.read(
          element.value["text"]?.string ?? "", of: documents.id(of: element.value, at: element.ordinal))
      }
    }
    for try await element in rows {
      let listed = element.value["facts"]?.array ?? []
      let facts = listed.compactMap(Fact.init)
      guard facts.count == listed.count, (1...DocumentCover.mostFacts).contains(facts.count) else {
        try await sink.drop(
          element.ordinal, reason: "no facts",
          detail: "expected 1 to \(DocumentCover.mostFacts) facts with subject, relation and object")
        continue
      }
      let known = listed.map { Set(($0["documents"]?.array ?? []).compactMap(\.string)) }
      try await sink.keep(
        element.ordinal, adding: columns(of: zip(facts, known).map { ($1, index.documents(stating: $0)) }))
    }
  }

  private func columns(of facts: [(known: Set<String>, found: Set<String>)]) -> Columns {
    let stated = facts.map { $0.known.union($0.found) }
    let unknown = facts.reduce(into: Set()) { $0.formUnion($1.found.subtracting($1.known)) }
    let shortcuts = unknown.sorted().filter { document in stated.count { $0.contains(document) } > 1 }
    let cover = DocumentCover.least(statedBy: stated)
    return Columns([
      "msd_checked": cover.map { .int(Int64($0.documents.count)) } ?? .null,
      "msd_checked_exact": .bool(cover?.isExact ?? true),
      "checked_documents": .array((cover?.documents ?? []).map { .string($0) }),
      "shortcuts": .array(shortcuts.map { .string($0) }),
    ])
  }
}
