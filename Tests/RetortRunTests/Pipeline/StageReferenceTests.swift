import Foundation
import Testing

@testable import RetortCore
@testable import RetortRun
@testable import RetortStages
@testable import RetortStore

@Suite struct StageReferenceTests {
  @Test func pageIsUpToDate() throws {
    let page = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../docs/stages.md")
    let written = try String(contentsOf: page, encoding: .utf8)
    // Compared as a Boolean: a failure that prints both pages says nothing.
    let isUpToDate = written == StageReference.markdown(.standard) + "\n"
    #expect(
      isUpToDate, "docs/stages.md differs from what the stages declare; write it anew with `make docs`")
  }

  @Test func sectionHasColumnsKeysAndSets() throws {
    #expect(
      StageReference.section(try #require(Catalog.standard["deduplicate"])) == """
        ## deduplicate

        Keep the first of rows whose column says the same.

        - Version 2; takes a set of rows.
        - Reads *column*.
        - Adds no column.
        - Under `using:` `known` (optional): Rows that were there before: what says the same as one of them is dropped too, \
        as 'known already'.

        | key | takes | meaning |
        | --- | --- | --- |
        | **`column`** | string | The column to compare; case, white space and punctuation do not count, signs (operators, currency, #, emoji) do. |
        | `near` | number | Also drop texts whose word shingles overlap this much: Jaccard similarity, above 0, at most 1. |
        | `shingle` | integer | Words in a shingle; 3 when left out. |
        """)
    let parse = StageReference.section(try #require(Catalog.standard["score-reward"]))
    #expect(parse.contains("- Reads `question`, `cot`, and `demonstrations` where a row has them."))
    #expect(parse.contains("- Under `using:` `task` (optional):"))
  }
}
