import RetortCore
import Testing

@testable import RetortStages

@Suite struct RationaleDemonstrationsTests {
  private static let question = "Who wins?\nA. Ann\nB. Bob"
  private static func row(_ cot: String, answer: JSON = "b", more: JSON? = nil) -> JSON {
    ["question": .string(question), "cot": .string(cot), "answer": answer, "whole": more ?? .null]
  }

  private func cots(_ rows: [JSON], column: String? = nil, ends: Bool = true) -> [String?] {
    RationaleDemonstrations(column: column, endsWithAnswer: ends).shown(rows).map { $0["cot"]?.string }
  }

  @Test func eachEndsWithItsAnswer() {
    #expect(cots([Self.row("Bob is fast.")]) == ["Bob is fast.\nThe answer is B."])
    #expect(cots([Self.row("The answer is B.")]) == ["The answer is B."])
    // One that states another answer than its own would teach to contradict oneself.
    #expect(cots([Self.row("The answer is A.")]) == [])
    #expect(cots([Self.row("Bob is fast.", answer: .null)]) == ["Bob is fast."])
    #expect(
      cots([Self.row("Three and four.", answer: "7 apples")]) == ["Three and four.\nThe answer is 7 apples."])
  }

  @Test func anotherColumnMayHoldTheRationale() {
    let rows = [
      Self.row("Bob"), Self.row("Bob", more: "Bob is fast. The answer is B."), Self.row("x", more: "  "),
    ]
    #expect(cots(rows, column: "whole", ends: false) == ["Bob is fast. The answer is B."])
  }

  @Test func absentKeysChangeNothing() {
    let rows: [JSON] = [Self.row("Bob"), "odd", ["question": "q"]]
    #expect(RationaleDemonstrations(column: nil, endsWithAnswer: false).shown(rows) == rows)
  }
}
