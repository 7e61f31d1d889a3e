import Foundation
import Retort
import Testing

@Suite struct ReadXMLTests {
  private func answers(_ xml: String) async throws -> ReaderAnswers {
    try await withFile("items.xml", xml.utf8) { file in
      try await read(
        ReadXML(
          .init(files: [file], select: "/items/item", columns: ["id": "@id", "text": "."]), in: noModels))
    }
  }

  @Test func readsOneRowForEachNode() async throws {
    #expect(
      try await answers("<items><item id='1'>a &amp; b</item><item id='2'><![CDATA[<c>]]></item></items>")
        == ReaderAnswers(rows: [["id": "1", "text": "a & b"], ["id": "2", "text": "<c>"]]))
  }

  @Test func anExternalEntityIsNotRead() async throws {
    try await withFile("secret.txt", "the secret".utf8) { secret in
      let answers = try await answers(
        "<!DOCTYPE items [<!ENTITY x SYSTEM \"file://\(secret.url.path)\">]>"
          + "<items><item id='1'>&x;</item></items>")
      #expect(answers.rows.isEmpty)
      #expect(answers.rejected.count == 1)
      #expect(answers.rejected.first?.contains("the secret") == false)
      #expect(
        answers.rejected.first?.hasSuffix("the document declares entities, which are not expanded") == true)
    }
  }

  @Test func anExternalDoctypeIsNotRead() async throws {
    try await withFile("items.dtd", "<!ATTLIST item id CDATA 'from the DTD'>".utf8) { dtd in
      let xml = "<!DOCTYPE items SYSTEM \"file://\(dtd.url.path)\"><items><item>x</item></items>"
      let answers = try await answers(xml)
      #expect(answers == ReaderAnswers(rows: [["id": nil, "text": "x"]]))
    }
  }

  @Test func aBillionLaughsAreRejected() async throws {
    let entities = (1...9).map { level in
      "<!ENTITY l\(level) \"\(String(repeating: "&l\(level - 1);", count: 10))\">"
    }
    let xml =
      "<!DOCTYPE items [<!ENTITY l0 \"ha\">\(entities.joined())]><items><item id='1'>&l9;</item></items>"
    let answers = try await answers(xml)
    #expect(answers.rows.isEmpty)
    #expect(answers.rejected.count == 1)
  }

  @Test func malformedXMLIsRejectedWithItsLine() async throws {
    let answers = try await answers("<items>\n<item></items>")
    #expect(answers.rows.isEmpty)
    #expect(answers.rejected.count == 1)
    #expect(answers.rejected.first?.contains("items.xml: line 2: ") == true, "\(answers.rejected)")
  }
}
