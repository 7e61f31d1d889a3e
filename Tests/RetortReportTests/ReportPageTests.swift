import Foundation
import OrderedCollections
import RetortStore
import Testing

@testable import RetortCore
@testable import RetortReport
@testable import RetortRun
@testable import RetortStages

@Suite struct ReportPageTests {
  private static let bad = "<script>alert(1)</script>\"'&|`` [x](http://evil/)\u{1B}"

  /// Every text in it is hostile.
  private func report(_ text: String = bad) -> RunReport {
    RunReport(
      run: 7, pipeline: text, file: text, status: text, started: text, seconds: 12,
      flags: ["limit": 4, "only": .null, "set": .array([.string(text)])],
      resolved: .object([text: .string(text)]),
      stages: [
        .init(
          name: text, kind: text, version: 1, fingerprint: text, from: [text], using: [text],
          books: Books(in: 4, emitted: 3, dropped: 1, rows: 3))
      ],
      drops: [Losses(stage: text, reason: text, rows: 1)],
      rewards: [
        .init(
          stage: text, unit: text,
          columns: [
            .init(PlottedColumn("reward_with_few_shot"), values: [1, 2, nil, -1]),
            .init(PlottedColumn(text), values: [1, 2, 3, 4]),
          ], kept: [true, false, true, false], lengths: [10, 20, 30, 40], text: text)
      ],
      calls: [
        .init(
          stage: text, model: text,
          tally: CallTally(made: 3, promptTokens: 1234, completionTokens: 5, usd: 0.5), attempts: 4,
          seconds: [1, 2, 3])
      ],
      failedTries: 1, arrivals: [1, 2, 200],
      kept: [.init(stage: text, row: text, source: text, reason: "", columns: [text: .string(text)])],
      dropped: [.init(stage: text, row: text, source: text, reason: text, columns: [text: .string(text)])],
      exports: [.init(stage: text, path: text, rows: 3, sha256: text)])
  }

  @Test func nothingFromTheStoreBecomesATagOrAnAttribute() {
    let page = ReportPage.html(report())
    #expect(!page.contains("<script"))
    #expect(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;"))
    let tags = Set(page.matches(of: /<\/?([a-z0-9!]+)/).map { String($0.1) })
    #expect(
      tags.subtracting([
        "!doctype", "html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "h3", "nav", "a",
        "p", "figcaption",
        "div", "table", "thead", "tbody", "tr", "th", "td", "figure", "svg", "text", "line", "rect", "path",
        "circle", "details", "summary", "dl", "dt", "dd", "pre",
      ]) == [])
    #expect(!page.unicodeScalars.contains("\u{1B}"))
  }

  @Test func nothingIsLoadedFromAnywhere() {
    let page = ReportPage.html(report("plain"))
    #expect(page.matches(of: /src=|url\(|@import|https?:/).isEmpty)
    #expect(page.matches(of: /href="(?!#)/).isEmpty)
  }

  @Test func everyPlotHasATitleAndNamedAxes() {
    let plots = report("x").blocks.compactMap { block in
      if case .plot(let svg) = block { svg.description } else { nil }
    }
    #expect(
      plots.map { String($0.firstMatch(of: /aria-label="([^"]*)"/)?.1 ?? "") } == [
        "Rows given to each stage, and rows that came out (→)", "Why rows were dropped",
        "x: reward_with_few_shot", "x: x", "x: x of rows that were kept to the end, and of others",
        "x: length against quality", "Latency of a call", "Throughput: replies over time",
      ])
    for label in ["reward_with_few_shot (x)", "length of x (characters)", "seconds", "time at work (s)"] {
      #expect(plots.contains { $0.contains(">\(label)</text>") })
    }
  }

  @Test func markdownKeepsTextVerbatimAndMarkupAway() {
    let text = ReportMarkdown.text(report())
    let outside = text.replacing(/(?ms)^(`{3,})\n.*?\n\1$/, with: "")
    #expect(!outside.replacing("\\<", with: "").contains("<"))
    #expect(outside.contains(#"\<script\>alert(1)\</script\>"#))
    #expect(outside.matches(of: /(?m)^\|/).count > 5)
    let shown = Self.bad.replacing("\u{1B}", with: "\u{FFFD}")
    #expect(text.contains("\n```\n\(shown)\n```\n"))
    let word = ShellWord(shown)
    #expect(text.contains("retort run \(word) --limit 4 --set \(word)"))
  }

  @Test func groupsAreDrawnMixedOnesFirstAndAgreementIsCounted() {
    let rewards = RunReport.Rewards(
      stage: "compared", unit: "",
      columns: [
        .init(PlottedColumn("reward"), values: [1, 0, 0, 1, 0.5]),
        .init(PlottedColumn("twyn_advantage", comparesGroup: true), values: [1, -1, 0, 0, 9]),
      ], kept: [true, true, true, true, true], lengths: [], text: "", groups: ["a", "a", "b", "b", "alone"],
      tokens: [5, 9, 7, 8, 1], correct: [true, false, false, false, nil])
    let plots = RunReport.groups(rewards).map { block -> String in
      if case .plot(let plot) = block { plot.description } else { "no plot" }
    }
    #expect(plots.map { $0.contains("the group a") } == [true, false])
    #expect(plots.map { $0.contains("the group b") } == [false, true])
    #expect(plots.map { $0.matches(of: /<circle/).count } == [2, 2])
    #expect(
      RunReport.agreement(rewards).last
        == .table(["column", "right", "wrong", "agreement"], [["reward", "1", "3", "0.833"]], texts: 1))
  }

  // MARK: Pictures of kinds

  private func drawn(_ pictures: [Picture], rows: Int = 5, total: Int = 5) -> RunReport {
    var report = report("x")
    report.drawn = [.init(stage: "x", pictures: pictures, rows: rows, total: total)]
    return report
  }

  private func title(_ svg: HTMLText) -> String {
    String(svg.description.firstMatch(of: /aria-label="([^"]*)"/)?.1 ?? "")
  }

  @Test func aPictureIsDrawnWithItsCaptionAndMarkdownHasItsWords() {
    let report = drawn(
      [
        Picture(
          "lengths", .points([.init("right", [.init(1, 2), .init(3, 4)], .good)], x: "tokens", y: "score"),
          caption: "It rises."),
        Picture("votes", .bars([.init("yes", 3, .good), .init("no", 1, note: "one", .bad)], x: "votes")),
        Picture("words", .text("say\nthis")),
      ], rows: 5, total: 9000)
    let page = ReportPage.html(report)
    #expect(page.contains("<figcaption>It rises.</figcaption>"))
    #expect(page.contains("<summary>words</summary>"))
    #expect(page.contains("Drawn from 5 of 9\u{202F}000 rows"))
    let text = ReportMarkdown.text(report)
    #expect(text.contains("x: lengths: It rises."))
    #expect(text.contains("| votes | votes |\n| --- | ---: |\n| yes | 3 |\n| no | one |"))
    #expect(text.contains("```\nsay\nthis\n```"))
  }

  @Test func oddValuesAreDrawnOrLeftOut() {
    let odd = [Double.nan, .infinity, -.infinity, 1e300, -1e300, 1e99, 0, .leastNonzeroMagnitude]
    let points = odd.map { Picture.Point($0, 1) } + odd.map { Picture.Point(1, $0) }
    let forms: [Picture.Form] = [
      .histogram([.init("a", odd)], x: "x"), .histogram([.init("a", [7])], x: "x"),
      .histogram([.init("a", [])], x: "x"),
      .points([.init("a", points), .init("b", [], isLine: true)], x: "x", y: "y"),
      .points([.init("a", [.init(1, 1)])], x: "x", y: "y"),
      .points([.init("a", [.init(3, 3), .init(3, 3)])], x: "x", y: "y"),
      .panels([.init("one", [.init("a", points)])], x: "x", y: "y"), .panels([], x: "x", y: "y"),
      .bars([.init("a", .nan), .init("b", -3), .init("c", 1e300), .init("d", 2)], x: "x"), .bars([], x: "x"),
    ]
    let drawings = forms.map { Charts.drawing(Picture("t", $0), of: "s")?.description }
    #expect(drawings.map { $0 != nil } == [true, true, false, true, false, true, true, false, true, false])
    for drawing in drawings.compactMap(\.self) {
      #expect(drawing.matches(of: /nan|inf/).isEmpty)
      #expect(drawing.count < 20_000)
    }
  }

  @Test func manyDotsAreThinnedAndTheirNumberIsSaid() throws {
    let points = (0..<100_000).map { Picture.Point(Double($0), Double($0 % 7)) }
    let drawing = try #require(
      Charts.drawing(Picture("t", .points([.init("a", points)], x: "x", y: "y")), of: "s"))
    #expect(drawing.description.matches(of: /<circle/).count == Charts.mostDots)
    #expect(drawing.description.contains("a (2\u{202F}000 of 100\u{202F}000)"))
  }

  @Test func wholeNumbersHaveAColumnEach() throws {
    let drawing = try #require(
      Charts.drawing(Picture("t", .histogram([.init("a", [2, 2, 3, 5])], x: "items")), of: "s"))
    #expect(["2", "3", "4", "5"].allSatisfy { drawing.description.contains(">\($0)</text>") })
    #expect(!drawing.description.contains(">2.5</text>"))
  }

  // MARK: Again

  @Test func theCommandHasTheVariablesThatWereSetAndNoKey() {
    var report = report("x")
    report.flags = [
      "limit": 4, "set": .array(["a.b=c d"]), "maxUSD": 2.5, "retryRefused": true,
      "variables": .array([
        ["name": "MODEL", "value": "gpt 4", "set": true],
        ["name": "FILE", "value": "rows.jsonl", "set": false],
        ["name": "API_KEY", "value": .null, "set": true],
      ]),
    ]
    report.resolved = [
      "models": ["teacher": ["api_key_env": "OPENAI_API_KEY", "headers_env": ["x": "OTHER"]]]
    ]
    #expect(
      report.command
        == "MODEL='gpt 4' retort run x --limit 4 --set 'a.b=c d' --max-usd 2.5 --retry-refused")
    #expect(report.keyVariables == ["API_KEY", "OPENAI_API_KEY", "OTHER"])
    #expect(
      report.blocks.contains(
        .table(
          ["variable of the file", "value", "from"],
          [
            ["MODEL", "gpt 4", "environment"], ["FILE", "rows.jsonl", "default"],
            ["API_KEY", "a key, not recorded", "environment"],
          ], texts: 3)))
  }

  @Test func aModelWithoutAPriceCostsNothingThatIsKnown() {
    var report = report("x")
    report.calls = [
      .init(
        stage: "x", model: "local", tally: CallTally(made: 3, promptTokens: 9, unpriced: 3), attempts: 3,
        seconds: [1])
    ]
    let text = ReportMarkdown.text(report)
    #expect(text.contains("Its rows took 3 model calls, 9 tokens in and 0 out (no price set), whichever"))
    #expect(text.contains("| x | local | 3 | 3 | 9 | 0 | no price |"))
  }
}
