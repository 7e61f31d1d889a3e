import Testing

@testable import RetortCore

struct ReplyEndTests {
  @Test(arguments: [
    (
      ReplyEnd.whole,
      "stop STOP stop_sequence end_turn eos eos_token endOfText COMPLETE tool_calls function_call REASON_STOP"
    ),
    (
      .truncated,
      "length LENGTH max_tokens MAX_TOKENS model_length token-limit max_output_tokens model_context_window_exceeded"
        + " ERROR_LIMIT incomplete stop_limit maxTokens contextLengthReached"
    ),
    (
      .refused,
      "content_filter CONTENT_FILTER content-filter SAFETY RECITATION blocklist PROHIBITED_CONTENT SPII refusal sensitive"
        + " guardrail_intervened content_filtered ERROR_TOXIC IMAGE_SAFETY"
    ),
    (
      .broken,
      "abort error network_error insufficient_system_resource cancelled CANCELED timeout overloaded overloaded_error"
        + " USER_CANCEL TIME_LIMIT"
    ),
  ])
  func eachProvidersWordHasItsMeaning(end: ReplyEnd, words: String) {
    for word in words.split(separator: " ") { #expect(ReplyEnd(String(word)) == end, "\(word)") }
  }

  @Test func noWordSaysNothing() {
    #expect([ReplyEnd(""), ReplyEnd("  ")] == [.whole, .whole])
    #expect(ReplyEnd("").flaw == nil)
  }

  @Test func anUnknownWordIsItsOwnReasonBoundedAndPrintable() {
    #expect(ReplyEnd("pause_turn").flaw == "finish reason 'pause_turn'")
    #expect(ReplyEnd("x\u{1B}[2J\ny").flaw == "finish reason 'x?[2J?y'")
    #expect(
      ReplyEnd(String(repeating: "é", count: 99)).flaw
        == "finish reason '\(String(repeating: "é", count: 40))'")
    #expect(ReplyEnd("???").flaw == "finish reason '???'")
  }
}
