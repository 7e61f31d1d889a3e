import RetortCore
import RetortStore
import Testing

@testable import RetortReport

@Suite struct FunnelTextTests {
  private func text(_ stages: (name: String, books: Books)...) -> String {
    FunnelText.text(
      RunReport(
        run: 1, pipeline: "p", file: "p.yaml", status: "complete", started: "", seconds: nil, flags: [:],
        resolved: nil,
        stages: stages.map {
          .init(name: $0.name, kind: "", version: 1, fingerprint: nil, from: [], using: [], books: $0.books)
        },
        drops: [], rewards: [], calls: [], failedTries: 0, arrivals: [], kept: [], dropped: [], exports: []))
  }

  @Test func everyRowIsPartOfABar() {
    #expect(
      text(
        ("questions", Books(in: 12, emitted: 12, rows: 12)),
        ("a_stage_with_a_long_name", Books(in: 12, emitted: 6, dropped: 3, failed: 2, pending: 1, rows: 24)),
        ("out", Books(in: 6, emitted: 6, rows: 6))) == """
          questions         ████████████████████████████████████  12 of 12
          a_stage_with_a_…  ██████████████████░░░░░░░░░××××××···  6 of 12 → 24
          out               ██████████████████                    6 of 6

          █ emitted  ░ dropped  × failed  · pending  → rows made
          """)
  }

  @Test func fewRowsBesideManyAreSeen() {
    #expect(
      text(
        ("rows", Books(in: 100_000, emitted: 99_999, dropped: 1, rows: 99_999)),
        ("kept", Books(in: 2, emitted: 1, dropped: 1, rows: 1)), ("none", Books())) == """
          rows  ████████████████████████████████████  99999 of 100000
          kept  █░                                    1 of 2
          none                                        0 of 0

          █ emitted  ░ dropped  × failed  · pending  → rows made
          """)
    #expect(text(("none", Books())).hasPrefix("none"))
  }
}
