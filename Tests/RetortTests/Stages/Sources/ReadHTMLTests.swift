import Foundation
import Retort
import Testing

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
}
