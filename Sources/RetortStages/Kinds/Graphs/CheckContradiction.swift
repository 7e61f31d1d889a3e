internal import OrderedCollections
package import RetortCore

/// Holds a question against its facts and the corpus by five checks (REDSearcher, section 3): made up, leaking, of another
/// type, without need of a search, or of a disputed time.
package struct CheckContradiction: SetStage {
  package static let name = "check-contradiction"
  package static let version = 1
  package static let isForeseeable = true
  package static let summary =
    "Add what is wrong with a question by its facts and the corpus: made up, leaks, type, no need of a search, time."
  package static let keys = [
    "min_documents": "Fewest documents that a question must need, else it asks for no search; default 2.",
    "one_valued":
      "The relations of which a subject has one object, so that two objects in the corpus dispute each other; default: all.",
    "nouns": "As of write-question: relations to what their subject and their object are.",
  ]
  package static let sets = [
    SetRole(
      "corpus", columns: ["id", "text"],
      help:
        "The documents, with their facts where they have a column for them. One states a fact where a sentence of it has "
        + "the subject and the object, or where its facts have it with a span that stands in its text."),
    HiddenNames.role,
  ]

  package struct Config: Codable, Sendable {
    package var minDocuments: Int?
    package var oneValued: [String]?
    package var nouns: [String: [String]]?

    enum CodingKeys: String, CodingKey {
      case minDocuments = "min_documents"
      case oneValued = "one_valued"
      case nouns
    }

    package init(minDocuments: Int? = nil, oneValued: [String]? = nil, nouns: [String: [String]]? = nil) {
      self.minDocuments = minDocuments
      self.oneValued = oneValued
      self.nouns = nouns
    }
  }

  package typealias Input = Columns
  package typealias Output = Columns

  package var adds: [String]? { ["contradictions", "contradiction"] }
  package var reads: [ColumnUse] { ColumnUse.joined(SearchTask.reads, [ColumnUse("question")]) }
  private let corpus: RowSet<Columns>?
  private let aliases: RowSet<Columns>?
  private let config: Config

  package init(_ config: Config, in workspace: Workspace) throws {
    if let least = config.minDocuments, !(1...DocumentCover.mostFacts).contains(least) {
      throw StageError("min_documents: expected 1 to \(DocumentCover.mostFacts), found \(least)")
    }
    self.config = config
    corpus = workspace.set("corpus", as: Columns.self)
    aliases = workspace.set("aliases", as: Columns.self)
  }

  package func process(_ rows: RowSet<Columns>, into sink: KeepingSink<Output>) async throws {
    var evidence = Evidence(oneValued: config.oneValued.map(Set.init))
    for try await element in rows {
      if let task = try? SearchTask(element.value) { evidence.look(for: task) }
    }
    if let corpus {
      var documents = DocumentIDs()
      for try await element in corpus {
        evidence.read(element.value, of: documents.id(of: element.value, at: element.ordinal))
      }
    }
    let others = try await HiddenNames.others(aliases)
    let checks = ContradictionChecks(
      evidence: evidence, others: others, wording: QuestionWording(nouns: config.nouns ?? [:]),
      minDocuments: config.minDocuments ?? 2)
    for try await element in rows {
      let found: [ContradictionChecks.Found]
      do throws(BadRow) { found = try checks.found(in: element.value) } catch {
        try await sink.drop(element.ordinal, reason: error.reason, detail: error.detail)
        continue
      }
      try await sink.keep(
        element.ordinal,
        adding: Columns([
          "contradictions": .array(found.map(\.json)), "contradiction": .bool(!found.isEmpty),
        ]))
    }
  }
}
