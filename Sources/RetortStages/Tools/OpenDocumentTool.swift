internal import OrderedCollections
package import RetortCore

/// A document of a corpus, in pages.
package struct OpenDocumentTool: ToolKind {
  package static let name = "open-document"
  package static let version = 1
  package static let summary = "Read a document of a corpus, found by its number, address or title, in pages."
  package static let keys = ["max_tokens": "Most tokens of a page, four characters each; default 2000."]
  package static let corpus = DocumentColumns.reads

  package struct Config: Codable, Sendable {
    package var maxTokens: Int?

    package init(maxTokens: Int? = nil) { self.maxTokens = maxTokens }

    package enum CodingKeys: String, CodingKey { case maxTokens = "max_tokens" }
  }

  package let offer: ToolOffer
  package let identity: JSON
  package let timeout: Double
  package var effect: ToolEffect { .pure }
  private let index: Once<any TextIndex>
  private let texts: Once<Void>
  /// Characters of a page.
  private let size: Int

  package init(_ config: Config, as declaration: ToolDeclaration, in workshop: Workshop) throws {
    let tokens = config.maxTokens ?? 2000
    guard (10...1_000_000).contains(tokens) else {
      throw StageError("max_tokens: expected 10 to 1000000, found \(tokens)")
    }
    size = tokens * 4
    offer = ToolOffer(
      name: declaration.name,
      description: declaration.description
        ?? "Read a document, by the number that a search gave it, its address or its title. Long ones come in pages.",
      parameters: DocumentColumns.parameters(
        [("document", "A number, an address or a title.")],
        more: ["page": ["type": "integer", "minimum": 1, "description": "The page, from 1; default 1."]]))
    identity = try DocumentColumns.identity(Self.self, config, workshop)
    timeout = declaration.timeout ?? DocumentColumns.timeout
    index = DocumentColumns.index(workshop)
    texts = DocumentColumns.texts(workshop, of: declaration.name)
  }

  package func check() async throws { try await texts.value }

  package func answer(_ arguments: JSON.Object) async throws -> ToolAnswer {
    let name = arguments["document"]?.string ?? ""
    guard let document = try await index.value.document(name) else {
      throw ToolFault(
        .error, "expected the number, the address or the title of a document, found '\(name.prefix(100))'")
    }
    let page = Int(arguments["page"]?.int ?? 1)
    let characters = Array(document.text)
    let pages = max(1, (characters.count + size - 1) / size)
    guard page <= pages else {
      throw ToolFault(.error, "expected a page from 1 to \(pages), found \(page)")
    }
    var lines = ["[\(document.number)] \(document.title)"]
    if !document.url.isEmpty { lines.append(document.url) }
    lines.append(String(characters[((page - 1) * size)..<min(characters.count, page * size)]))
    if pages > 1 { lines.append("(page \(page) of \(pages))") }
    return ToolAnswer(lines.joined(separator: "\n"))
  }
}
