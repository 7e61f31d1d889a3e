import OrderedCollections
import RetortCore
import RetortReport
import RetortRun
import RetortStages
import RetortStore
import Testing

@testable import RetortCLI

@Suite struct TracePageTests {
  private static let columns = [
    "stage", "path", "row", "source", "calls", "prompt_tokens", "completion_tokens", "usd", "replies",
    "using",
    "ended",
  ]

  @Test func howARowEndedAndWhereElseToLookFollowTheTable() {
    let trace = Table(
      columns: Self.columns,
      rows: [
        ["read", "a0.a1", "r_1", "read:1", 0, 0, 0, 0.0, nil, nil, nil],
        [
          "told", "a0.a1", "r_1", "read:1", 1, 3, 4, 0.5, "7", "learned, marked", "failed: StageFault: broke",
        ],
      ])
    #expect(Array(TracePage.sets(of: trace)) == ["learned", "marked"])
    let call = CallLine(
      call: "c_7", stage: "told", model: "m", promptTokens: 3, completionTokens: 4, usd: 0.5, seconds: 1)
    let lines = TracePage.lines(
      trace, calls: [call], sets: ["learned": ["r_9"], "marked": ["r_7", "r_8"]], run: 3, screen: nil)
    #expect(
      lines == [
        "stage  row  source  calls",
        "read   r_1  read:1",
        "r_1 at told failed: StageFault: broke; calls c_7",
        "",
        "call  stage  model  tokens in  tokens out  USD",
        "c_7   told   m              3           4  0.50",
        "calls behind the set of 'learned' (using:) are not in this list: retort trace r_9 --run 3",
        "calls behind the set of 'marked' (using:) are not in this list: retort show marked --run 3",
      ])
  }

  @Test func theMiddleOfALongTableIsLeftOutOfAScreenAlone() {
    let trace = Table(
      columns: Self.columns,
      rows: (0..<150).map { ["read", "a0", .string("r_\($0)"), "read:1", 0, 0, 0, 0.0, nil, nil, nil] })
    func lines(_ screen: Int?) -> [String] {
      TracePage.lines(trace, calls: [], sets: [:], run: nil, screen: screen)
    }
    #expect(lines(nil).count == 151)
    let shown = lines(80)
    #expect(shown.count == 102)
    #expect(
      Array(shown[50...52]) == ["read   r_49   read:1", "… 50 lines more: --full", "read   r_100  read:1"])
  }
}
