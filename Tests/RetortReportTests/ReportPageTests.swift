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
      failedCalls: 1, arrivals: [1, 2, 200],
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
        "p",
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

  @Test func numbersAreShort() {
    #expect(
      [0.25, 12.345, 1200, -0.5, 3].map(Figure.short) == ["0.25", "12.3", "1\u{202F}200", "-0.5", "3"])
    #expect([1_234_567, -1234, 0].map(Figure.count) == ["1\u{202F}234\u{202F}567", "−1\u{202F}234", "0"])
  }
}
