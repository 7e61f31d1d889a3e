import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

struct CheckDispersionTests {
  private let facts: JSON = [
    ["subject": "Ada Low", "relation": "born_in", "object": "Oslo", "documents": ["a"]],
    ["subject": "Oslo", "relation": "population", "object": 900, "documents": ["b"]],
    ["subject": "Ada Low", "relation": "works_at", "object": "The Mill", "documents": ["c"]],
  ]

  private func checked(_ corpus: [JSON], _ rows: [JSON]? = nil) async throws -> [SetAnswer] {
    let workspace = Workspace(
      folder: Bench.nowhere.folder, models: ScriptedProvider(), sets: ["corpus": Bench.rows(corpus)])
    return try await Bench.answers(
      of: CheckDispersion(.init(), in: workspace), to: rows ?? [["facts": facts]])
  }

  private func columns(_ msd: JSON, _ documents: JSON, _ shortcuts: JSON) -> JSON.Object {
    ["msd_checked": msd, "msd_checked_exact": true, "checked_documents": documents, "shortcuts": shortcuts]
  }

  @Test func aPlantedShortcutIsFound() async throws {
    let pages: [JSON] = [
      ["id": "a", "text": "Ada Low was born in Oslo."], ["id": "b", "text": "Oslo has 900 inhabitants."],
      ["id": "c", "text": "Ada Low works at the mill."],
    ]
    #expect(try await checked(pages) == [.keep(0, columns(3, ["a", "b", "c"], []))])
    let shortcut: JSON = [
      "id": "s",
      "text": "Of Ada Low, who came from OSLO (a town), little is known! ada low ran The Mill.",
    ]
    #expect(try await checked(pages + [shortcut]) == [.keep(0, columns(2, ["b", "s"], ["s"]))])
    let whole: JSON = ["id": "w", "text": "Ada Low, Oslo, 900, the mill"]
    #expect(try await checked(pages + [whole]) == [.keep(0, columns(1, ["w"], ["w"]))])
  }

  /// Two documents of one id are two: neither is a short cut for what they state together.
  @Test func documentsOfOneIDStayApart() async throws {
    let pages: [JSON] = [
      ["id": "s", "text": "Ada Low was born in Oslo."], ["id": "s", "text": "Oslo has 900 inhabitants."],
    ]
    #expect(try await checked(pages) == [.keep(0, columns(3, ["a", "b", "c"], []))])
    let whole: JSON = ["id": "s", "text": "Ada Low, Oslo, 900, the mill"]
    #expect(
      try await checked(pages + [whole])
        == [.keep(0, columns(1, ["s (document 3)"], ["s (document 3)"]))])
  }

  /// Words match whole, and in one sentence.
  @Test func whatIsNearlySaidIsNotSaid() async throws {
    let pages: [JSON] = [
      ["id": "x", "text": "Ada Lower was born in Oslo. Ada Low. Oslo."],
      ["id": "y", "text": "Oslo has 9001 inhabitants"],
      ["id": "z"],
    ]
    #expect(try await checked(pages) == [.keep(0, columns(3, ["a", "b", "c"], []))])
  }

  @Test func rowsWithoutFactsAreDropped() async throws {
    let rows: [JSON] = [["facts": []], ["facts": [["subject": "a"]]], ["facts": "none"]]
    let detail = "expected 1 to 64 facts with subject, relation and object"
    #expect(
      try await checked([], rows) == (0..<3).map { .drop($0, reason: "no facts", detail: detail) })
  }

  /// What no document states has no cover.
  @Test func aFactThatNobodyStates() async throws {
    let rows: [JSON] = [["facts": [["subject": "a", "relation": "r", "object": "b"]]]]
    #expect(try await checked([], rows) == [.keep(0, columns(nil, [], []))])
  }
}
