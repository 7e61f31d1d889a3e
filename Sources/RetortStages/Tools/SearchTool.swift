internal import OrderedCollections
package import RetortCore

/// Full text over the rows of a stage, by itself or together with the vectors of an embedding model.
package struct SearchTool: ToolKind {
  package static let name = "search"
  package static let version = 1
  package static let summary =
    "Find documents of a corpus by words: titles, addresses and snippets of the best."
  package static let keys = [
    "k": "Documents of an answer, 1 to 50; default 5.",
    "hybrid":
      "An embedding model: documents that are near to the query in meaning are found too, and both lists made one by their ranks.",
  ]
  package static let corpus = DocumentColumns.reads

  package struct Config: Codable, Sendable {
    package var k: Int?
    package var hybrid: ModelRef?

    package init(k: Int? = nil, hybrid: ModelRef? = nil) {
      self.k = k
      self.hybrid = hybrid
    }
  }

  package let offer: ToolOffer
  package let identity: JSON
  package let timeout: Double
  package var effect: ToolEffect { .pure }
  private let index: Once<any TextIndex>
  private let texts: Once<Void>
  private let count: Int
  /// Nil without `hybrid`.
  private let meaning: Meaning?

  private struct Meaning: Sendable {
    let model: any EmbeddingModel
    let index: Once<MeaningIndex>
  }

  package init(_ config: Config, as declaration: ToolDeclaration, in workshop: Workshop) throws {
    count = config.k ?? 5
    guard (1...50).contains(count) else { throw StageError("k: expected 1 to 50, found \(count)") }
    offer = ToolOffer(
      name: declaration.name,
      description: declaration.description
        ?? "Search the documents for words. Answers the best matches, each with a number, a title and a snippet.",
      parameters: DocumentColumns.parameters([("query", "The words to look for.")]))
    identity = try DocumentColumns.identity(Self.self, config, workshop)
    timeout = declaration.timeout ?? DocumentColumns.timeout
    index = DocumentColumns.index(workshop)
    texts = DocumentColumns.texts(workshop, of: declaration.name)
    meaning = try config.hybrid.map { reference in
      let model = try workshop.embedding(reference)
      return Meaning(
        model: model, index: Once { try await MeaningIndex(of: workshop.corpus?.rows, by: model) })
    }
  }

  package func check() async throws { try await texts.value }

  /// What takes long happens once, and is no call's time.
  package func prepare() async throws {
    _ = try await index.value
    _ = try await meaning?.index.value
  }

  package func answer(_ arguments: JSON.Object) async throws -> ToolAnswer {
    let hits = try await hits(of: arguments["query"]?.string ?? "")
    guard !hits.isEmpty else { return ToolAnswer("No document matches. Try other words.") }
    let texts = hits.map { hit in
      var lines = ["[\(hit.number)] \(hit.title)"]
      if !hit.url.isEmpty { lines.append(hit.url) }
      return (lines + [hit.snippet]).joined(separator: "\n")
    }
    return ToolAnswer(texts.joined(separator: "\n\n"))
  }

  /// Documents of each list that are looked at where two are made one.
  private static let reach = 50

  private func hits(of query: String) async throws -> [TextHit] {
    let index = try await index.value
    guard let meaning, !query.isBlank else { return try await index.search(query, limit: count) }
    let worded = try await index.search(query, limit: Self.reach)
    guard let vector = try await meaning.model.embed([MeaningIndex.shortened(query)]).first else {
      throw StageError("expected one vector for the query, found none")
    }
    let near = try await meaning.index.value.nearest(Self.reach, to: vector)
    let snippets = Dictionary(worded.map { ($0.number, $0) }) { first, _ in first }
    var hits: [TextHit] = []
    for number in ReciprocalRanks.merge([worded.map(\.number), near]).prefix(count) {
      if let hit = snippets[number] {
        hits.append(hit)
      } else if let document = try await index.document("\(number)") {
        hits.append(TextHit(opening: document))
      }
    }
    return hits
  }
}

extension TextHit {
  /// A document whose words were not looked for, by how it begins.
  fileprivate init(opening document: TextDocument) {
    let words = document.text.split(maxSplits: 48, whereSeparator: \.isWhitespace)
    let snippet = words.prefix(48).joined(separator: " ")
    let shown = String(snippet.prefix(400))
    self.init(
      number: document.number, title: document.title, url: document.url,
      snippet: words.count > 48 || shown.count < snippet.count ? shown + "…" : shown)
  }
}
