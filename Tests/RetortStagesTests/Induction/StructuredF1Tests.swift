import RetortCore
import Testing

@testable import RetortStages

@Suite struct StructuredF1Tests {
  private static let step: JSON = [
    "statement": "Ann wins", "evidence": "Ann is fast", "Verification": "true",
  ]

  @Test func theSameIsOne() {
    let gold: JSON = ["cot_parsing": [Self.step, Self.step], "question_parsing": ["a b", "c"]]
    #expect(StructuredF1.of(gold, reference: gold) == 1)
    #expect(StructuredF1.of([], reference: []) == 1)
    #expect(StructuredF1.of(.null, reference: gold) == 0)
  }

  @Test func eachLevelCounts() {
    // Two of three fields agree.
    let other: JSON = ["statement": "Ann wins", "evidence": "Ann is fast", "Verification": "false"]
    #expect(StructuredF1.of(other, reference: Self.step) == 2.0 / 3)
    // One of two items is found, with two thirds of it: 2 x 2/3 over 1 + 2 items.
    #expect(StructuredF1.of([other], reference: [Self.step, ["statement": "x"]]) == 4.0 / 9)
    // Half of the words, which is an F1 of 2/3.
    #expect(StructuredF1.of("Ann", reference: "Ann wins") == 2.0 / 3)
    #expect(StructuredF1.of(["Cid"], reference: ["Ann wins"]) == 0)
  }

  @Test func aReferenceIsUsedOnce() {
    #expect(StructuredF1.of(["a", "a"], reference: ["a"]) == 2.0 / 3)
  }
}
