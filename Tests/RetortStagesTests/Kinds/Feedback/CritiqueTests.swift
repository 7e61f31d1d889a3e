import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

@Suite struct CritiqueTests {
  @Test(
    arguments: [
      (true, "The answer is right."), (false, "The answer is wrong."),
      (nil, "No answer could be read from it."),
    ] as [(JSON, String)])
  func aVerdictInWords(correct: JSON, words: String) async throws {
    let row = Columns(["correct": correct, "reference": "42"])
    #expect(
      try await Critique(.init(), in: Bench.nowhere).process(row)
        == .emit([.init(critique: words, sawGold: false)]))
    #expect(
      try await Critique(.init(by: .gold), in: Bench.nowhere).process(row)
        == .emit([.init(critique: words + " The right answer is: 42", sawGold: true)]))
  }

  @Test func aReportNamesTheRuleThatFails() async throws {
    let report: JSON = [
      ["constraint": "Use no comma.", "holds": false, "found": "a comma"],
      ["constraint": "Use 2 to 3 words.", "holds": true, "found": ""],
    ]
    let stage = try Critique(.init(by: .report), in: Bench.nowhere)
    #expect(
      try await stage.process(Columns(["constraint_report": report]))
        == .emit([
          .init(
            critique:
              "1 of 2 constraints hold.\n- broken: Use no comma. Found: a comma\n- kept: Use 2 to 3 words.",
            sawGold: false)
        ]))
    #expect(
      try await stage.process(Columns(["constraint_report": []]))
        == .drop(
          reason: "no report",
          detail: "expected a report of verify-answer in 'constraint_report', found a list"
        ))
  }

  @Test func keysOfACritiqueGoTogether() {
    #expect(throws: StageError.self) { try Critique(.init(by: .judge), in: Bench.nowhere) }
  }
}
