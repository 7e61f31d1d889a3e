import OrderedCollections
import Testing

@testable import RetortCore

@Suite struct MCPContentTests {
  private func answer(_ result: JSON) async throws -> ToolAnswer {
    try await MCPContent.answer(result, NoImages())
  }

  @Test func readsAResultsTexts() async throws {
    for (result, text) in [
      (#"{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}"#, "a\nb"),
      (#"{"content":[],"structuredContent":{"n":1}}"#, #"{"n":1}"#),
      (
        #"{"content":[{"type":"image","data":"&","mimeType":"image/png"}]}"#,
        "[left out: an image: expected base64, found other text]"
      ),
      (#"{"content":[{"type":"audio"}]}"#, "[left out: audio]"),
      (#"{"content":[{"type":"resource","resource":{"uri":"u","text":"t"}}]}"#, "t"),
      (#"{"content":[{"type":"resource","resource":{"uri":"u","blob":"AA"}}]}"#, "[left out: a resource u]"),
      ("{}", ""), ("7", ""),
    ] {
      #expect(try await answer(JSON(parsing: result)) == ToolAnswer(text))
    }
    await #expect(throws: ToolFault(.error, "no")) {
      try await answer(JSON(parsing: #"{"content":[{"type":"text","text":"no"}],"isError":true}"#))
    }
  }

  @Test func cutsWhatIsLongerThanAnybodyReads() async throws {
    let long = String(repeating: "x", count: 1_000_010)
    let text = try await answer(["content": [["type": "text", "text": .string(long)]]]).text
    #expect(text.hasSuffix("x\n[cut here: the first 1000000 of 1000010 characters]"))
  }

  @Test func aToolWithoutAnObjectOfArgumentsTakesAny() {
    #expect(MCPContent.offer(["name": "a"])?.parameters == ["type": "object"])
    #expect(
      MCPContent.offer(["name": "a", "inputSchema": ["type": "string"]])?.parameters == ["type": "object"])
    #expect(MCPContent.offer(["description": "a"]) == nil)
  }
}
