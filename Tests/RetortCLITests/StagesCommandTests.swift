import Foundation
import Testing

@testable import RetortCLI
@testable import RetortCore
@testable import RetortStages

@Suite struct StagesCommandTests {
  @Test func oneKind() async throws {
    try await Desk().expectCommand(
      "stages sample",
      prints: """
        sample
        Keep a seeded random part of the rows.

          Version 1; takes a set of rows.
          Reads what its keys say.
          Adds no column.

          count (integer): How many rows to keep; all of them when there are fewer.
          fraction (number): Which part of the rows to keep, in place of count: 0 to 1, rounded to whole rows.
          seed (integer): Chooses another sample; 0 when left out.
          balance (string): In place of count: a column of whose values equally many rows are kept, as many as there are of the rarest. Values are those of the whole set, two at least; a row without one is dropped.
          by (list of string): With balance: the columns in which the rows of a group agree; each group is balanced by itself, and one that lacks a value has no rows left. Default: all rows are one group.
        """)
  }

  @Test func allOfThem() async throws {
    let typed = try await Desk().type("stages")
    let lines = typed.printed.split(separator: "\n")
    #expect(lines.first == "stage                    what it does")
    #expect(lines.count == Catalog.standard.kinds.count + 1 + Catalog.standard.tools.count + 1)
  }

  @Test func oneKindOfTool() async throws {
    try await Desk().expectCommand(
      "stages open-document",
      prints: """
        open-document
        Read a document of a corpus, found by its number, address or title, in pages.

        Version 1; looks into the stage under `corpus:`, of which it reads `text`, and `title`, `url` where a row has them.

          max_tokens (integer): Most tokens of a page, four characters each; default 2000.
        """)
  }

  @Test func columnsWithToolsAreSaid() async throws {
    let typed = try await Desk().type("stages sample-rollouts")
    #expect(typed.printed.contains("With `tools`, adds `messages`, `tools`, `final_answer`"))
  }

  @Test func theReferenceIsTheOneInDocs() async throws {
    let docs = URL(filePath: #filePath).appending(path: "../../../docs/stages.md").standardizedFileURL
    let typed = try await Desk().type("stages --markdown")
    #expect(typed.printed == (try String(contentsOf: docs, encoding: .utf8)))
  }

  @Test func mistakes() async throws {
    try await Desk().expectCommand(
      "stages samples", says: "error: expected a stage kind, found 'samples'; `retort stages` lists them",
      exits: 2)
  }
}
