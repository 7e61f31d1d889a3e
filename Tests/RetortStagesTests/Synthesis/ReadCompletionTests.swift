import Testing

@testable import RetortCore
@testable import RetortStages

@Suite struct ReadCompletionTests {
  @Test(arguments: [
    ("<think>so</think>\n<answer> B </answer>", "so", "B"),
    ("first\n</think> The answer is: 42.", "first", "42"),
    ("Thus \\boxed{\\frac{1}{2}} holds.", "", "\\frac{1}{2}"),
    ("\\boxed{2} was wrong. The answer is 3", "", "\\boxed{2} was wrong. The answer is 3"),
    ("Two.\n\n**Answer:** B", "", "B"), ("<think>The answer is A", "The answer is A", ""),
    ("<think>A</think><answer>draft <answer>B</answer>", "A", "B"),
    ("<THINK>x</THINK> The answer is B", "x", "B"),
    ("Answer: x\nAnswer: (C)\nbecause", "", "(C)"), (" plain ", "", "plain"), ("", "", ""),
    ("\\boxed{open", "", "\\boxed{open"),
  ])
  func takesReasoningAndAnswerApart(text: String, reasoning: String, answer: String) {
    let found = ReadCompletion(text)
    #expect(found.reasoning == reasoning)
    #expect(found.answer == answer)
  }

  @Test func takesTheReasoningThatTheEndpointSeparated() {
    #expect(ReadCompletion("B", reasoning: " why ").reasoning == "why")
  }
}
