import Foundation
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

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

  /// Each of these took seconds to hours for its size.
  @Test(arguments: [
    (
      "<!DOCTYPE items [<!ENTITY % p0 \"<!--x-->\">"
        + (1...9).map { "<!ENTITY % p\($0) \"\(String(repeating: "&#37;p\($0 - 1);", count: 10))\">" }
        .joined()
        + "%p9;]><items/>", "line 1: the document declares entities, which are not expanded"
    ),
    (
      "<items><item \((0..<300).map { "a\($0)=''" }.joined(separator: " "))/></items>",
      "line 1: expected at most 256 attributes in a tag, found more"
    ),
    (
      "<!DOCTYPE items [<!ATTLIST item \((0..<1001).map { "a\($0) CDATA 'x'" }.joined(separator: " "))>]><items/>",
      "line 1: expected at most 1000 declared attributes, found more"
    ),
    (
      "<!DOCTYPE items [<!ATTLIST item \((0..<900).map { "a\($0) CDATA 'x'" }.joined(separator: " "))>]><items>"
        + String(repeating: "<item/>", count: 5000) + "</items>",
      "line 1: expected at most 4000000 elements and attributes in a document, found more"
    ),
    (
      "<!DOCTYPE items [<!ATTLIST item a (\((0..<20_000).map { "v\($0)" }.joined(separator: "|"))) #IMPLIED>]>\n<items/>",
      "line 2: expected at most 65536 bytes of document type, found more"
    ),
    (
      (0..<20).map { level in "<n \((0..<60).map { "xmlns:n\(level)x\($0)='u'" }.joined(separator: " "))>" }
        .joined(),
      "line 1: expected at most 1000 namespaces in scope, found more"
    ),
    (
      String(repeating: "<a>", count: 300),
      "line 1: expected at most 250 elements inside each other, found more"
    ),
  ])
  func whatCostsMoreThanItsSizeIsRefused(xml: String, problem: String) async throws {
    let answers = try await answers(xml)
    #expect(answers.rows.isEmpty)
    #expect(answers.rejected.count == 1)
    #expect(answers.rejected.first?.hasSuffix("items.xml: \(problem)") == true, "\(answers.rejected)")
  }

  @Test func aSmallDocumentTypeIsRead() async throws {
    let answers = try await answers(
      "<!DOCTYPE items [<!ELEMENT items ANY><!ATTLIST item id CDATA 'd' kind (a|b) #IMPLIED><!NOTATION n SYSTEM '<a b'>]>"
        + "<items><item>x</item></items>")
    #expect(answers == ReaderAnswers(rows: [["id": nil, "text": "x"]]))
  }
}
