import Foundation
import RetortCore
import RetortReport
import RetortRun
import RetortStages
import RetortStore
import Testing

@testable import RetortViewer

@Suite struct ViewerTests {
  @Test func theHomePageShowsTheRunItsPictureAndItsCost() async throws {
    try await Site.with { site in
      let page = try await site.page("/")
      #expect(page.contains("<h2 id=\"newest\">Newest run: 1 of p</h2>"))
      #expect(page.contains(">Run 1: incomplete.</p>"))
      #expect(page.contains(">in 5 · emitted 4</text>"))
      #expect(page.contains(">dropped 0 · failed 1</text>"))
      #expect(page.contains(">dropped 1 · failed 0</text>"))
      #expect(page.contains("<dt>Tokens in</dt><dd>40</dd>"))
      #expect(page.contains("<script src=\"/live.js\" data-seconds=\"10\" defer></script>"))
      #expect(
        Site.cells(page).filter { ["rows", "told", "kept"].contains($0[0]) }.map { $0.prefix(7) } == [
          ["rows", "read-jsonl", "5", "5", "0", "0", "0"], ["told", "generate", "5", "4", "0", "1", "0"],
          ["kept", "filter", "4", "3", "1", "0", "0"],
        ])
    }
  }

  /// Every page that can be reached: each is answered, and nothing in it is markup that came from the store.
  @Test func everyLinkLeadsSomewhereAndNothingFromTheStoreBecomesMarkup() async throws {
    try await Site.with(runs: 2) { site in
      var (seen, todo): (Set<String>, [String]) = ([], ["/", "/compare/runs?old=1&new=2"])
      while let address = todo.popLast() {
        guard seen.insert(address).inserted else { continue }
        let page = try await site.page(address)
        guard page.hasPrefix("<!doctype") else { continue }
        let markup = page.replacing("<script src=\"/live.js\"", with: "")
        #expect(
          !markup.contains("<script") && !markup.contains("<b>") && !markup.contains("<i>"), "\(address)")
        #expect(page.matches(of: /(?:href|src|action)="[^\/#]/).isEmpty, "\(address)")
        #expect(page.matches(of: /<h1>/).count == 1 && page.matches(of: /<main\b/).count == 1, "\(address)")
        todo += Site.links(page)
      }
      #expect(seen.count > 60)
    }
  }

  @Test func stagesOfRoundsHavePages() async throws {
    try await Site.withRounds { site in
      let page = try await site.page("/runs/1")
      let stages = Site.links(page).filter { $0.hasPrefix("/runs/1/stages/") }
      #expect(stages.contains("/runs/1/stages/play%5B2%5D.less"))
      for address in stages { #expect(try await site.page(address).contains("<h1>"), "\(address)") }
      #expect(try await site.page("/runs/1/stages/play%5B1%5D").contains("2 rows are carried"))
      #expect(try await site.page("/runs/1/stages/play[2].less").contains("<h1>"))
    }
  }

  @Test func aRowShowsItsColumnsItsKinAndItsCalls() async throws {
    try await Site.with { site in
      let rows = try await site.page("/runs/1/stages/told?q=alert&column=n&test=is&value=1")
      let address = try #require(Site.links(rows).first { $0.hasPrefix("/rows/") })
      let page = try await site.page(address)
      #expect(page.contains("<pre>&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;</pre>"))
      #expect(
        page.contains(
          "<dt>col &quot;umn&quot; &lt;b&gt;\\ &#39;x&#39;</dt><dd><pre>value 1 &lt;i&gt;</pre></dd>"))
      let stages = Site.cells(page).filter { $0[0].hasPrefix("r_") }.map { Array($0.dropFirst()) }
      #expect(stages == [["rows", "rows:1"], ["kept", "rows:1"]])
      #expect(page.contains("<h5>user</h5><pre>Say &lt;script&gt;"))
      #expect(page.contains("<pre>reply 0.0 &lt;script&gt;"))
      #expect(page.contains(": 10 tokens in, 5 out, USD 0.0000, 0.00 s, 1 attempt</summary>"))
    }
  }

  @Test func droppedAndFailedRowsAreGroupedByReason() async throws {
    try await Site.with { site in
      let page = try await site.page("/runs/1/dropped")
      let groups = Site.cells(page).filter { $0.count == 3 && $0[0] != "reason" }.map { [$0[0], $0[2]] }
      #expect(groups.map(\.last) == ["1", "1"])
      #expect(groups[1][0].contains("&lt;b&gt;no&lt;/b&gt;"))
      let list = try #require(Site.links(page).first { $0.contains("reason=") })
      #expect(Site.cells(try await site.page(list)).count == 2)
    }
  }

  @Test func runsAndRowsAreComparedWithTheDifferencesMarked() async throws {
    try await Site.with(runs: 2) { site in
      let page = try await site.page("/compare/runs?old=1&new=2")
      #expect(page.contains("<h3>stages.told.with.temperature</h3>"))
      let address = try #require(Site.links(page).first { $0.hasPrefix("/compare/rows") })
      let rows = try await site.page(address)
      #expect(rows.contains("<pre>reply <mark>0.0 </mark>"))
      #expect(rows.contains("<pre>reply <mark>1.0 </mark>"))
      #expect(rows.contains("1 of 4 columns differ"))
    }
  }

  @Test func wordsThatDifferAreMarkedAndTheOthersKeepTheirOrder() {
    let marked = ComparePages.marked("one two three four  five\nsix", "one 2 three four 4 five\nsix")
    #expect(marked.old == "one <mark>two </mark>three <mark>four  </mark>five\nsix")
    #expect(marked.new == "one <mark>2 </mark>three <mark>four 4 </mark>five\nsix")
    #expect(ComparePages.marked("<a> b c", "<a> c").old == "&lt;a&gt; <mark>b </mark>c")
  }

  @Test(arguments: [
    ("/nowhere", 404, "found none at &#39;/nowhere&#39;"),
    ("/runs/7", 404, "a run numbered 7 in the store, found none"),
    ("/runs/x", 404, "found &#39;x&#39;"), ("/rows/999", 404, "a row numbered 999 in the store, found none"),
    ("/calls/999", 404, "a call numbered 999"),
    ("/runs/1/stages/no", 404, "a stage of run 1, found &#39;no&#39;"),
    ("/runs/1/stages/rows?sort=no", 400, "a column of rows, found &#39;no&#39;"),
    ("/runs/1/stages/rows?from=-1", 400, "a number from 0 on for from, found &#39;-1&#39;"),
    ("/find?row=r_ffffffffffff", 404, "which none has"),
    ("/find?row=%3Cb%3E", 404, "found &#39;&lt;b&gt;&#39;"),
    ("/find", 400, "found none"), ("/compare/rows?row=r_1", 400, "two rows to compare, found 1"),
    ("/compare/runs?old=1&new=9", 404, "found none numbered 9"),
  ])
  func whatIsNotThereIsAFactAndAWayBack(address: String, status: Int, fact: String) async throws {
    try await Site.with { site in
      let page = try await site.page(address, status: status)
      #expect(page.contains(fact), "\(page)")
      #expect(page.contains(">Back to "))
    }
  }

  @Test func aStoreWithoutARunSaysHowToMakeOne() async throws {
    try await Site.with(runs: 0) { site in
      let page = try await site.page("/")
      #expect(page.contains("The store has no run yet."))
    }
  }

  @Test func onlyReadingIsAnswered() async throws {
    try await Site.with { site in
      for method in ["POST", "PUT", "DELETE"] {
        let answer = try await site.get("/", method: method)
        #expect(answer.status == 405 && answer.text.contains("the viewer only reads"))
      }
      let head = try await site.get("/", method: "HEAD")
      #expect(head.status == 200 && head.text.isEmpty)
    }
  }

  @Test func onlyNamesOfThisMachineAreAnswered() {
    let local = ["127.0.0.1:7000", "localhost", "LOCALHOST:1", "[::1]:7000"]
    #expect(local.filter { !isLocal($0) } == [])
    let others = [
      nil, "", "evil.example", "127.0.0.1.evil.example:7000", "localhost.evil.example", "evil:127.0.0.1",
    ]
    #expect(others.filter(isLocal) == [])
  }
}
