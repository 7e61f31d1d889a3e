import Foundation
import RetortCore
import Testing

@testable import RetortStages

@Suite struct RationaleRulesTests {
  private static let question = "Who wins?\nA. Ann\nB. Bob\nC. Cid\nD. Dan"
  private static let instruction =
    "Read the question and write down each condition it states before you draw any conclusion from them."

  private func broken(_ rationale: String, question: String = question) -> [RationaleRule] {
    RationaleRules(rules: Set(RationaleRule.allCases)).violations(
      in: rationale, question: question, instruction: Self.instruction
    ).map(\.rule)
  }

  @Test(arguments: [
    "Ann is faster than Bob. Bob is faster than Cid. So Ann wins. The answer is A.",
    // Each option is looked at in the same words.
    "A. Ann is first, so she wins.\nB. Bob is second, so he does not.\nC. Cid is third, so he does not.\n"
      + "D. Dan is last, so he does not. The answer is A.",
    "We need {x : x > 2} and the pair [1, 2]. The answer is B.",
    "At first one may think that the answer is B. But Bob is slower. The answer is A.",
    "The answer is B. Wait, no, that is wrong. The answer is A.",
    "The answer is A, since Ann is fastest. So the answer is (A).",
    "It states {\"fast\": true} in passing, and Ann is the fastest of all runners in the race. The answer is A.",
    "",
  ])
  func soundRationalesPass(_ rationale: String) { #expect(broken(rationale) == []) }

  @Test(arguments: [
    #"{"cot": "Ann is faster than Bob.", "answer": "A"}"#,
    #"["Ann is faster than Bob.", "So Ann wins."]"#,
    "Here is the result:\n```json\n{\"cot\": \"Ann is faster than Bob, so she wins.\", \"cot_parsing\": []}\n```",
    // Cut off.
    #"{"cot": "Ann is faster than Bob, so she wins the ra"#,
    #"{"answer": 3, "steps": 4}"#,
  ])
  func jsonIsNoProse(_ rationale: String) { #expect(broken(rationale) == [.prose]) }

  @Test(arguments: [
    "The answer is D, since Dan is fast. Ann is slow. The answer is C.",
    "Bob wins. The answer is B.\nThe correct answer is (A).",
    "答案是A。因为甲快。答案是B。",
    "The answer is A or B.",
  ])
  func twoAnswersAreOneTooMany(_ rationale: String) { #expect(broken(rationale) == [.oneAnswer]) }

  @Test(arguments: [
    // As a model completes the question with one option after another.
    "The winners are the following:\nB. Bob\nThe winners are the following:\nC. Cid\nThe winners are the following:\nA. Ann",
    "Ann is fast, and so is Bob. This makes them win:\n- A. Ann\n- B. Bob",
    "The answers are:\n1. (B)\n2. (A)", "So these win:\n**B.** Bob\n**D.** Dan",
    "Ann is faster than Cid. These win: B, C and A.", "Therefore the following win: (A), (B).",
    "于是以下获胜：\nA、Ann\nB、Bob",
  ])
  func aListOfOptionsIsAsManyAnswers(_ rationale: String) { #expect(broken(rationale) == [.oneAnswer]) }

  @Test(arguments: [
    // The options restated, and then an answer.
    "The options are:\nA. Ann\nB. Bob\nC. Cid\nD. Dan\nAnn is fastest. The answer is A.",
    "These are left:\nB. Bob\nC. Cid\nBob is faster than Cid, so Bob wins.",
    // Gone through, with what speaks for each.
    "Look at them in turn:\nA. Ann is slow.\nB. Bob is fast, so he wins.", "So the winner is:\nB. Bob",
    "Ann is first: a fact. So she wins.", "We compare A and B: Ann is faster.",
  ])
  func optionsThatAreLookedAtAreNoList(_ rationale: String) { #expect(broken(rationale) == []) }

  @Test func optionsInTheirOwnWordsAreListedToo() {
    let question =
      "The plan takes for granted?\nA. The thread is not weaker.\nB. Wages are by the hour.\nC. Nobody may leave."
    #expect(
      broken(
        "The plan takes for granted:\nThe thread is not weaker.\nThe plan takes for granted:\nNobody may leave.",
        question: question) == [.oneAnswer])
    #expect(broken("The plan takes for granted:\nNobody may leave.", question: question) == [])
  }

  @Test func numbersAreAnswersWhereTheQuestionListsNoOptions() {
    #expect(broken("The answer is 12. We add 3. The answer is 15.", question: "How many?") == [.oneAnswer])
    #expect(broken("The answer is 12. So the answer is 12.0.", question: "How many?") == [])
    #expect(broken("The answer is 50%. So the answer is 0.5.", question: "How many?") == [])
  }

  @Test(arguments: [
    "Ann wins. Ann wins. Ann wins.",
    "Ann is faster than Bob and Bob is faster than Cid.\nWe know that Dan is last of all the runners today.\n"
      + "Ann is faster than Bob and Bob is faster than Cid.\nWe know that Dan is last of all the runners today.",
    String(repeating: "so Ann is faster than Bob and hence ", count: 20),
  ])
  func repetitionIsFound(_ rationale: String) { #expect(broken(rationale) == [.repetition]) }

  @Test func aCopyOfTheInstructionIsNoReasoning() {
    #expect(broken("I will " + Self.instruction.lowercased()) == [.instruction])
    #expect(broken(Self.instruction, question: Self.instruction) == [])
  }

  @Test func rulesThatAreOffSayNothing() {
    let rules = RationaleRules(rules: [])
    #expect(rules.violations(in: "[\"a\"]", question: "", instruction: "") == [])
  }

  @Test func aViolationSaysWhatWasFound() {
    let rules = RationaleRules(rules: [.oneAnswer])
    let found = rules.violations(
      in: "The answer is B. The answer is C.", question: Self.question, instruction: "")
    #expect(found == [.init(rule: .oneAnswer, message: "cot: expected one final answer, found B, C")])
  }
}
