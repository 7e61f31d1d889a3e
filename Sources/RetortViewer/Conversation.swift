internal import OrderedCollections
internal import RetortCore
internal import RetortReport
internal import RetortStore

/// A column with messages as a conversation: turns, thoughts folded, calls with their arguments, results, and what each turn
/// cost where the row's own steps are known.
enum Conversation {
  /// Nil for what is no list of messages.
  static func markup(_ value: JSON, _ steps: [RolloutStep] = []) -> HTMLText? {
    guard let messages = value.array, messages.count > 1,
      messages.allSatisfy({ $0["role"]?.string != nil && $0["content"] != nil })
    else { return nil }
    let replies = steps.filter { $0.promptTokens != nil }
    // Assistant turns before the model's own are examples.
    let own = messages.indices.filter { messages[$0]["role"]?.string == "assistant" }.suffix(replies.count)
    let costs = Dictionary(zip(own, replies)) { first, _ in first }
    return HTMLText(messages.indices.map { turn(messages[$0], costs[$0]) })
  }

  private static func turn(_ message: JSON, _ step: RolloutStep?) -> HTMLText {
    let role = message["role"]?.string ?? ""
    let name = message["name"]?.string.map { " \($0)" } ?? ""
    return """
      <section><h3>\(role)\(name)</h3>
      \(thoughts(message))\(text(message))\(calls(message))\(cost(step))</section>
      """
  }

  private static func thoughts(_ message: JSON) -> HTMLText {
    guard let text = (message["reasoning_content"] ?? message["reasoning"])?.string, !text.isEmpty else {
      return ""
    }
    return "<details><summary>Reasoning</summary>\(PageParts.verbatim(text, limit: 20_000))</details>"
  }

  private static func text(_ message: JSON) -> HTMLText {
    message["content"].map { ImageMarkup.content($0, limit: 20_000) } ?? ""
  }

  private static func calls(_ message: JSON) -> HTMLText { calls(SpokenCall.all(in: message)) }

  static func calls(_ calls: [SpokenCall]) -> HTMLText {
    HTMLText(
      calls.map { call -> HTMLText in
        """
        <details open><summary>calls \(call.name)</summary>\
        \(PageParts.verbatim(call.arguments, limit: 20_000))</details>
        """
      })
  }

  private static func cost(_ step: RolloutStep?) -> HTMLText {
    guard let step else { return "" }
    let usd = step.usd.map { ", USD \(Figure.money($0))" } ?? ""
    let words =
      "turn \(step.turn), \(step.call): \(step.promptTokens ?? 0) tokens in, \(step.tokens) out\(usd), "
      + Figure.seconds(step.seconds)
    return "<p class=\"soft\">\(words)</p>"
  }
}
