import RetortTestSupport
import Testing

@testable import RetortStages

struct SpecialTokensTests {
  @Test(arguments: [
    ("so <|im_end|> it ends", "<|im_end|>"), ("<|start_header_id|>user", "<|start_header_id|>"),
    ("<｜User｜>", "<｜User｜>"), ("a<｜end▁of▁sentence｜>", "<｜end▁of▁sentence｜>"), ("[INST] x", "[INST]"),
    ("x<end_of_turn>\n", "<end_of_turn>"), ("good</s>", "</s>"), ("<<SYS>>", "<<SYS>>"),
    ("<<|eot_id|>", "<|eot_id|>"),
  ])
  func areFound(text: String, token: String) { #expect(SpecialTokens.first(in: text) == token) }

  @Test(arguments: [
    "", "a < b | c > d", "f <| x |> g", "<|>", "<||>", "<s>old</s>", "[1, 2]", "[INSTALL]", "<|a b|>", "<|",
    "<think>x</think>",
    "List<|List|", "x <|> y",
  ])
  func othersAreNone(text: String) { #expect(SpecialTokens.first(in: text) == nil) }

  @Test func aLongTextIsNoTrouble() {
    #expect(SpecialTokens.first(in: String(repeating: "<|[<", count: 10_000)) == nil)
  }
}
