internal import OrderedCollections
package import RetortCore

/// Full text over the rows of a stage.
package struct SearchTool: ToolKind {
  package static let name = "search"
  package static let version = 1
  package static let summary =
    "Find documents of a corpus by words: titles, addresses and snippets of the best."
  package static let keys = ["k": "Documents of an answer, 1 to 50; default 5."]
  package static let corpus = DocumentColumns.reads

  package struct Config: Codable, Sendable {
    package var k: Int?

    package init(k: Int? = nil) { self.k = k }
  }

  package let offer: ToolOffer
  package let identity: JSON
  package let timeout: Double
  package var effect: ToolEffect { .pure }
  private let index: Once<any TextIndex>
  private let texts: Once<Void>
  private let count: Int

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
  }

  package func check() async throws { try await texts.value }

  package func answer(_ arguments: JSON.Object) async throws -> ToolAnswer {
    let query = arguments["query"]?.string ?? ""
    let hits = try await index.value.search(query, limit: count)
    guard !hits.isEmpty else { return ToolAnswer("No document matches. Try other words.") }
    let texts = hits.map { hit in
      var lines = ["[\(hit.number)] \(hit.title)"]
      if !hit.url.isEmpty { lines.append(hit.url) }
      return (lines + [hit.snippet]).joined(separator: "\n")
    }
    return ToolAnswer(texts.joined(separator: "\n\n"))
  }
}
