internal import OrderedCollections
package import RetortCore

/// Makes a world from a seed and spreads its facts over documents of several kinds, with others that lead astray: a
/// corpus to search in whose true graph is known (REDSearcher, section 3, without the web).
package struct GenerateWorld: Reader {
  package struct Config: Codable, Sendable {
    package let seed: Int64
    package let documents: Int

    package init(seed: Int64, documents: Int) {
      self.seed = seed
      self.documents = documents
    }
  }

  package typealias Output = Columns

  package static let name = "generate-world"
  package static let version = 1
  package static let summary =
    "Make a world of people, places, institutions, works and events, with its facts spread over documents."
  package static let keys = [
    "seed": "The same seed gives the same world.",
    "documents": "How many, 0 to \(mostDocuments); a larger world begins with the smaller one.",
  ]
  static let mostDocuments = 150_000

  private let config: Config

  package init(_ config: Config, in workspace: Workspace) throws {
    self.config = config
    guard (0...Self.mostDocuments).contains(config.documents) else {
      throw StageError("documents: expected 0 to \(Self.mostDocuments), found \(config.documents)")
    }
  }

  package var adds: [String]? { ["id", "kind", "title", "text", "url", "facts"] }

  package func read(into sink: ReaderSink<Columns>) async throws {
    let world = World(seed: UInt64(bitPattern: config.seed))
    let library = WorldDocuments(world: world)
    var number = 0
    for community in 0..<World.mostCommunities {
      try Task.checkCancellation()
      for document in library.documents(of: world.community(community)) {
        if number == config.documents { return }
        try await sink.make(row(document, number))
        number += 1
      }
    }
  }

  private func row(_ document: WorldDocuments.Document, _ number: Int) -> Columns {
    Columns([
      "id": .string("document-\(config.seed)-\(number)"),
      "kind": .string(document.kind),
      "title": .string(document.title),
      "text": .string(document.text),
      "url": .string(document.address),
      "facts": .array(
        document.statements.map { said in
          let object: JSON =
            if case .number(let number) = said.fact.object { .int(Int64(number)) } else {
              .string(said.fact.object.text)
            }
          var fact: JSON.Object = [
            "subject": .string(said.fact.subject.name), "relation": .string(said.fact.relation.rawValue),
            "object": object, "span": .string(said.span),
          ]
          if said.isWrong { fact["wrong"] = true }
          return .object(fact)
        }),
    ])
  }
}
