import Testing

@testable import RetortCore
@testable import RetortStages

@Suite struct ThoughtsTests {
  @Test(arguments: [
    "<think>a</think>B", "<THINK>a</Think>B", "<thinking>a</thinking>B", "<thought>a</thought>B",
    "<thoughts>a</thoughts>B", "<reasoning>a</reasoning>B", "[THINK]a[/THINK]B", "[thinking]a[/thinking]B",
    "[Reasoning]a[/Reasoning]B", "◁think▷a◁/think▷B", "＜think＞a＜/think＞B", "&lt;think&gt;a&lt;/think&gt;B",
    "<seed:think>a</seed:think>B", "<think >a</think >B", "< think>a</ think>B", "<思考>a</思考>B",
    #"<think type="long" budget='8'>a</think>B"#, "a</think>B", "a</THINKING>B", "<think>a</thinking>B",
    "<|begin_of_thought|>a<|end_of_thought|>B", "<|START_THINKING|>a<|END_THINKING|>B",
    "<|think|>a<|/think|>B", "<|channel>thought\na<channel|>B", "<analysis>a</analysis>B",
    "<scratchpad>a</scratchpad>B", "analysisa\nassistantfinalB",
    "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>B",
    "<|start|>assistant<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>B<|return|>",
    "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final <|constrain|>json<|message|>B",
    "<think><think>a</think>B", "<think><analysis></analysis>a</think>B", "<think></think>a</think>B",
  ])
  func oneThoughtInManySpellings(reply: String) {
    let read = Thoughts(in: reply)
    #expect(read.answer == "B")
    #expect(read.text.hasSuffix("a"))
    #expect(!read.areOpen)
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let reply: String
    let text: String
    let answer: String
    var areOpen = false
    var testDescription: String { reply }
  }

  @Test(arguments: [
    Case(reply: "", text: "", answer: ""), Case(reply: " no thoughts\n", text: "", answer: " no thoughts\n"),
    Case(reply: "Sure.<think>a</think> x <think>\nb\n</think>B", text: "a\n\nb", answer: "Sure. x B"),
    Case(reply: "<think>a<think>b</think>c</think>B", text: "a<think>b\n\nc", answer: "B"),
    Case(reply: "<think>a", text: "a", answer: "", areOpen: true),
    Case(reply: "Sure. [THINK]a", text: "a", answer: "Sure. ", areOpen: true),
    Case(reply: "<think>a</think>", text: "a", answer: ""),
    Case(reply: "B</think>", text: "B", answer: ""),
    Case(reply: "<think></think>B", text: "", answer: "B"),
    Case(
      reply:
        "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>commentary<|message|>b<|end|>"
        + "<|start|>assistant<|channel|>final<|message|>B", text: "a\n\nb", answer: "B"),
    Case(reply: "<|channel|>analysis<|message|>a", text: "a", answer: "", areOpen: true),
  ])
  func takesRepliesApart(_ it: Case) {
    let read = Thoughts(in: it.reply)
    #expect(read.text == it.text)
    #expect(read.answer == it.answer)
    #expect(read.areOpen == it.areOpen)
  }

  @Test(arguments: [
    "I thought <thinker> about [thinking] and <analysis> of it", "Close with `</think>` please.",
    #"the tag "<think>" starts it"#, "<think/>B", "<think-tank>", "<think", "a < b and [THIN] </thin",
    "<analysis>B</analysis>", "<reflection>B", "The end<|end|>", "analysis of an assistant: final",
    "[1] ◁ ▷ &lt;b&gt;",
  ])
  func leavesOtherTextAlone(reply: String) {
    #expect(Thoughts(in: reply).answer == reply)
    #expect(Thoughts(in: reply).text == "")
  }

  /// Were it quadratic, it would run into the limit.
  @Test(
    .timeLimit(.minutes(2)),
    arguments: [
      "<think>", "</think>", "<", "<|channel|>", "<think ", "[", "&lt;", "◁", "<|", "assistantfin",
    ])
  func manyMarksAreReadInProportion(piece: String) {
    let reply = "analysis" + String(repeating: piece, count: (1 << 15) / piece.utf8.count)
    let found = Thoughts(in: reply)
    #expect(found.answer.utf8.count + found.text.utf8.count <= reply.utf8.count)
  }
}
