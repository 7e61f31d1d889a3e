import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStore

@Suite struct TextShelfTests {
  private func shelf() throws -> TextShelf {
    TextShelf(besides: try Bench.folder().appending(path: "store.sqlite").path)
  }

  private func corpus(_ documents: [(title: String, text: String)]) -> Corpus {
    let rows = documents.map {
      RetortCore.Row([
        "title": .string($0.title), "text": .string($0.text), "url": .string("doc://\($0.title)"),
      ])
    }
    return Corpus(digest: Digest(of: .array(rows.map(\.json))), rows: RowSet(rows))
  }

  private func titles(_ query: String, in corpus: Corpus, limit: Int = 5) async throws -> [String] {
    try await shelf().index(of: corpus).search(query, limit: limit).map(\.title)
  }

  private let people = [
    ("Ada", "Ada Byron was born in London, and wrote of engines."),
    ("Zoë", "Zoë Müller paints in Zürich."), ("The Who", "The Who are a band."),
    ("Nul", "A text\0with a hole, and \"quotes\" AND NOT operators*."),
  ].map { (title: $0.0, text: $0.1) }

  @Test func theBestMatchesComeFirst() async throws {
    let corpus = corpus(people)
    #expect(try await titles("Where was Byron born?", in: corpus) == ["Ada"])
    #expect(try await titles("zurich muller", in: corpus) == ["Zoë"])
    #expect(try await titles("the who", in: corpus).first == "The Who")
    #expect(try await titles("nothing of this", in: corpus) == [])
    #expect(try await titles("", in: corpus) == [])
    let hit = try #require(try await shelf().index(of: corpus).search("engines", limit: 1).first)
    #expect((hit.number, hit.url) == (1, "doc://Ada"))
    #expect(hit.snippet.contains("wrote of engines"))
  }

  @Test func whatAQueryLanguageWouldReadIsWords() async throws {
    for query in [
      "\"quotes", "NOT operators*", "hole OR (", "title:hole", "hole\0", "NEAR(hole, 3)",
      "'; DROP TABLE found; --",
    ] {
      _ = try await titles(query, in: corpus(people))
    }
    #expect(try await titles("quotes\" AND", in: corpus(people)) == ["Nul"])
    #expect(try await titles(String(repeating: "hole ", count: 20_000), in: corpus(people)) == ["Nul"])
  }

  @Test func aDocumentIsFoundByNumberAddressOrTitle() async throws {
    let index = try await shelf().index(of: corpus(people))
    for name in ["2", "[2]", " #2 ", "doc://Zoë", "Zoë", "zoë"] {
      #expect(try await index.document(name)?.title == "Zoë", "\(name)")
    }
    #expect(try await index.document("4")?.text.contains("\0") == false)
    for name in ["9", "", "-1", "99999999999999999999"] { #expect(try await index.document(name) == nil) }
  }

  @Test func aFileIsMadeOnceAndIsWhole() async throws {
    let shelf = try shelf()
    let corpus = corpus(people)
    try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<8 {
        group.addTask { try await shelf.index(of: corpus).search("Byron", limit: 5).count }
      }
      for try await count in group { #expect(count == 1) }
    }
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: shelf.folder.path) == [
        "\(corpus.digest.hex).sqlite"
      ])
    // Another opening finds it, and asks for no row.
    let known = Corpus(
      digest: corpus.digest, rows: RowSet(count: 4) { _, _ in throw StoreError("asked for rows") })
    #expect(
      try await TextShelf(besides: String(shelf.folder.path.dropLast(5))).index(of: known).search(
        "Byron", limit: 1
      ).count == 1)
  }

  @Test func anothersFileIsLeftAlone() async throws {
    let shelf = try shelf()
    let corpus = corpus(people)
    let url = shelf.folder.appending(path: "\(corpus.digest.hex).sqlite")
    try FileManager.default.createDirectory(at: shelf.folder, withIntermediateDirectories: true)
    try Data("a diary".utf8).write(to: url)
    await #expect(throws: StoreError.self) { try await shelf.index(of: corpus) }
    #expect(try String(contentsOf: url, encoding: .utf8) == "a diary")
  }
}
