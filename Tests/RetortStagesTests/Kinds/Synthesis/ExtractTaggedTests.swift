import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

@Suite struct ExtractTaggedTests {
  private func outcome(_ config: ExtractTagged.Config, _ text: JSON) async throws -> Outcome<Columns> {
    try await ExtractTagged(config, in: Bench.nowhere).process(Columns(["reply": text]))
  }

  @Test func eachTagBecomesAColumn() async throws {
    let text: JSON = "<a> one\n</a> or <b>two <i>x</i></b> <a>three</a>"
    #expect(
      try await outcome(.init(column: "reply", tags: ["a", "b"]), text)
        == .emit([Columns(["a": "one", "b": "two <i>x</i>"])]))
    #expect(
      try await outcome(.init(column: "reply", tags: ["a"], last: true), text)
        == .emit([Columns(["a": "three"])]))
  }

  @Test(arguments: ["no tag", "<a>open", "close</a>", "", "<A>case</A>"])
  func aMissingTagEndsTheRowUnlessItIsOptional(text: String) async throws {
    #expect(
      try await outcome(.init(column: "reply", tags: ["a"]), .string(text))
        == .drop(reason: "tag missing", detail: "reply: expected <a>…</a>, found none"))
    #expect(
      try await outcome(.init(column: "reply", tags: ["a"], optional: true), .string(text))
        == .emit([Columns(["a": .null])]))
  }

  @Test func aDraftInThoughtsIsNoElement() async throws {
    let text: JSON = "<think>Maybe <given>A</given>? No.</think>\n<given>B</given>"
    #expect(
      try await outcome(.init(column: "reply", tags: ["think", "given"]), text)
        == .emit([Columns(["think": "Maybe <given>A</given>? No.", "given": "B"])]))
    #expect(
      try await outcome(.init(column: "reply", tags: ["given"]), "<think>x <given>B</given>")
        == .drop(reason: "tag missing", detail: "reply: expected <given>…</given>, found none"))
  }

  @Test func whatIsNoTextEndsTheRow() async throws {
    #expect(
      try await outcome(.init(column: "reply", tags: ["a"]), 5)
        == .drop(reason: "no text", detail: "reply: expected a text, found an integer"))
  }

  @Test(arguments: [[], ["a", "a"], ["a b"], ["<a>"], [""]])
  func refusesTags(tags: [String]) {
    #expect(
      throws: StageError("tags: expected different names without '<', '>', '/' and spaces")
    ) { try ExtractTagged(.init(column: "reply", tags: tags), in: Bench.nowhere) }
  }
}
