internal import OrderedCollections
internal import RetortCore
internal import RetortReport
internal import RetortStore

/// What was asked, what came, and what it took.
enum CallMarkup {
  static func line(_ call: RecordedCall) -> String {
    let tries = call.attempts == 1 ? "1 attempt" : "\(call.attempts) attempts"
    return "c_\(call.id), \(call.model): \(call.promptTokens) tokens in, \(call.completionTokens) out, "
      + "\(call.usd.map { "USD \(Figure.money($0))" } ?? "no price set"), \(Figure.seconds(call.seconds)), \(tries)"
  }

  /// - Parameter level: of the headings.
  static func whole(_ call: RecordedCall, level: Int, limit: Int = 100_000) -> HTMLText {
    let replies =
      call.texts.map { choice -> HTMLText in
        let reasoning: HTMLText =
          choice.reasoning.isEmpty
          ? ""
          : "<details><summary>Reasoning</summary>\(PageParts.verbatim(choice.reasoning, limit: limit))</details>"
        return reasoning + PageParts.verbatim(choice.text, limit: limit)
      } + (call.spokenCalls.isEmpty ? [] : [Conversation.calls(call.spokenCalls)])
    let body: HTMLText =
      replies.isEmpty
      ? PageParts.verbatim(call.body, limit: limit)
      : HTMLText(replies)
        + "<details><summary>The reply as it came</summary>\(PageParts.verbatim(call.body, limit: limit))</details>"
    return """
      \(PageParts.table("What it took", ["model", "tokens in", "of them cached", "tokens out", "USD", "latency", "attempts"],
        [[
          "\(call.model)", PageParts.count(call.promptTokens), PageParts.count(call.cachedTokens),
          PageParts.count(call.completionTokens), "\(call.usd.map(Figure.money) ?? "no price")",
          "\(Figure.seconds(call.seconds))", PageParts.count(call.attempts),
        ]]))
      \(heading(level, "Prompt"))
      \(prompt(call.prompt, level: level + 1, limit: limit))
      <details><summary>Parameters</summary>\(PageParts.verbatim(call.parameters.text, limit: limit))</details>
      \(heading(level, "Reply"))
      \(body)
      """
  }

  private static func prompt(_ prompt: JSON, level: Int, limit: Int) -> HTMLText {
    guard let messages = prompt.array, !messages.isEmpty, messages.allSatisfy({ $0["role"]?.string != nil })
    else {
      return PageParts.verbatim(PageParts.value(prompt), limit: limit)
    }
    return HTMLText(
      messages.map { message in
        let content = message["content"] ?? ""
        let calls = SpokenCall.all(in: message)
        let role = [message["role"]?.string, message["name"]?.string].compactMap { $0 }.joined(separator: " ")
        let text = PageParts.value(content)
        let shown =
          MessagePart.list(content) == nil
          ? (text.isEmpty && !calls.isEmpty ? "" : PageParts.verbatim(text, limit: limit))
          : ImageMarkup.content(content, limit: limit)
        return heading(level, role) + shown + Conversation.calls(calls)
      })
  }

  private static func heading(_ level: Int, _ text: String) -> HTMLText { "<h\(level)>\(text)</h\(level)>" }
}
