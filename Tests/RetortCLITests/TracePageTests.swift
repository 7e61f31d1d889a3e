import OrderedCollections
import RetortCore
import RetortReport
import RetortRun
import RetortStore
import RetortStages
import Testing

@testable import RetortCLI

@Suite struct TracePageTests {
  private static let columns = [
    "stage", "path", "row", "calls", "prompt_tokens", "completion_tokens", "usd", "replies", "using", "ended",
  ]

  @Test func howARowEndedAndWhereElseToLookFollowTheTable() {
    let trace = Table(
      columns: Self.columns,
      rows: [
        ["read", "a0.a1", "r_1", 0, 0, 0, 0.0, nil, nil, nil],
        ["told", "a0.a1", "r_1", 1, 3, 4, 0.5, "7", "learned, marked", "failed: StageFault: broke"],
      ])
    #expect(Array(TracePage.sets(of: trace)) == ["learned", "marked"])
    let lines = TracePage.lines(trace, sets: ["learned": ["r_9"], "marked": ["r_7", "r_8"]], run: 3)
    #expect(
      lines == [
        "stage  path   row  calls  prompt_tokens  completion_tokens  usd  replies",
        "read   a0.a1  r_1      0              0                  0  0.0",
        "r_1 at told failed: StageFault: broke; replies 7",
        "calls behind the set of 'learned' (using:) are not in this list: retort trace r_9 --run 3",
        "calls behind the set of 'marked' (using:) are not in this list: retort show marked --run 3",
      ])
  }
}
