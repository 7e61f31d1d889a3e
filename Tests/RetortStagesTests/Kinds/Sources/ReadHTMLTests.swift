import Foundation
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

@Suite struct ReadHTMLTests {
  @Test func readsOneRowForEachNodeOfTagSoup() async throws {
    let html = """
      <html><body><div class=q><h2> Où? </h2><p>One<p>Two <b>bold</b></div>
      <div class=q><h2>Second</h2></div><script>alert(1)</script>
      """
    let answers = try await withFile("page.html", html.utf8) { file in
      try await read(
        ReadHTML(
          .init(
            file: file, select: "//div[@class='q']",
            columns: ["title": "h2", "text": ".//p", "paragraphs": "count(.//p)", "has": "boolean(.//p)"]),
          in: noModels))
    }
    #expect(
      answers
        == ReaderAnswers(rows: [
          ["has": true, "paragraphs": 2, "text": "One\nTwo bold", "title": "Où?"],
          ["has": false, "paragraphs": 0, "text": nil, "title": "Second"],
        ]))
  }

  @Test(arguments: [("//[", ["a": "b"]), ("//p", ["a": "b["]), ("//p", [:])])
  func expressionsAreCheckedAtOnce(select: String, columns: [String: String]) async throws {
    try await withFile("page.html", "<p>x</p>".utf8) { file in
      _ = #expect(throws: (any Error).self) {
        try ReadHTML(.init(file: file, select: select, columns: columns), in: noModels)
      }
    }
  }

  @Test func oneOfFileAndFilesIsNeeded() async throws {
    #expect(throws: StageError("expected either 'file' or 'files', found neither")) {
      try ReadHTML(.init(select: "//p", columns: ["text": "."]), in: noModels)
    }
  }

  @Test(arguments: [
    (
      "<p \((0..<300).map { "a\($0)" }.joined(separator: " "))>x</p>",
      "line 1: expected at most 256 attributes in a tag, found more"
    ),
    (
      (0..<300).map { "<html a\($0)>\n" }.joined() + "<p>x</p>",
      "line 257: expected at most 256 attributes in a tag, found more"
    ),
    (
      String(repeating: "<b><i>", count: 200) + "<p>x</p>",
      "line 1: expected at most 250 elements inside each other, found more"
    ),
  ])
  func whatCostsMoreThanItsSizeIsRefused(html: String, problem: String) async throws {
    let answers = try await withFile("page.html", html.utf8) { file in
      try await read(ReadHTML(.init(file: file, select: "//p", columns: ["text": "."]), in: noModels))
    }
    #expect(answers.rows.isEmpty)
    #expect(answers.rejected.first?.hasSuffix("page.html: \(problem)") == true, "\(answers.rejected)")
  }

  @Test func aScriptIsNoTag() async throws {
    let html = "<body><script>if (a<b) { \(String(repeating: "x y ", count: 300))}</script><p>x</p>"
    let answers = try await withFile("page.html", html.utf8) { file in
      try await read(ReadHTML(.init(file: file, select: "//p", columns: ["text": "."]), in: noModels))
    }
    #expect(answers == ReaderAnswers(rows: [["text": "x"]]))
  }

  @Test func theSameTextInEachRowIsBounded() async throws {
    let html = String(repeating: "<p>\(String(repeating: "x", count: 100))</p>", count: 2000)
    let answers = try await withFile("page.html", html.utf8) { file in
      try await read(ReadHTML(.init(file: file, select: "//p", columns: ["text": "string(/)"]), in: noModels))
    }
    #expect(answers.rows.isEmpty)
    #expect(answers.rejected.first?.contains("expected at most 268435456 bytes of text in all rows") == true)
  }
}
