import RetortCore
import RetortReport
import Testing

@testable import RetortViewer

@Suite struct ValueMarkupTests {
  private func markup(_ value: JSON) -> String {
    ValueMarkup.markup(value, named: "hits").description.replacing("\n", with: "")
  }

  @Test func objectsOfAListAreATable() {
    let page = markup([["title": "Ada", "k": 1], ["title": "<b>", "more": ["x"]]])
    #expect(page.contains("<caption>hits</caption>"))
    #expect(
      page.contains(
        "<th scope=\"col\">#</th><th scope=\"col\">title</th><th scope=\"col\">k</th><th scope=\"col\">more</th>"
      ))
    #expect(
      page.contains(
        "<th scope=\"row\">1</th><td><span class=\"text\">&lt;b&gt;</span></td><td></td><td><details open>"))
  }

  @Test func anythingElseIsATree() {
    let page = markup(["a": 1, "b": [2, nil]])
    #expect(page.hasPrefix("<dl class=\"tree\"><dt>a</dt><dd><span class=\"text\">1</span></dd>"))
    #expect(
      page.contains(
        "<summary>2 items</summary><ol class=\"tree\" start=\"0\"><li><span class=\"text\">2</span></li>"))
    #expect(markup("text") == "<pre>text</pre>")
    #expect(markup([]) == "<pre>[]</pre>")
  }

  @Test func whatIsLongOrDeepIsCut() {
    let long = markup(.array((0..<300).map { .int($0) }))
    #expect(long.contains("The first 200 of 300") && !long.contains(">200</span>"))
    let deep = markup((0..<20).reduce(["leaf"] as JSON) { inner, _ in [inner, 1] })
    #expect(deep.contains("<pre>[[") && deep.contains("leaf"))
  }
}
