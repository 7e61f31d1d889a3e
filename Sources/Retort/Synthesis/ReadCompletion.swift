/// A completion taken apart into the reasoning and the answer.
package struct ReadCompletion: Hashable, Sendable {
  /// Empty where the completion shows none.
  package var reasoning: String
  package var answer: String

  /// The reasoning is what the endpoint separated, or stands before `</think>`. The answer is, in this order, the last
  /// `<answer>` element, the last `\boxed{…}`, what follows the last `answer is` or `answer:` up to the end of its line,
  /// or all that follows the reasoning.
  package init(_ text: String, reasoning: String? = nil) {
    var rest = text[...]
    var thought = reasoning ?? ""
    if let end = text.ranges(of: "</think>").last {
      if thought.isEmpty {
        thought = String(text[..<end.lowerBound])
        if let start = thought.firstRange(of: "<think>") { thought = String(thought[start.upperBound...]) }
      }
      rest = text[end.upperBound...]
    }
    self.reasoning = thought.trimmed
    answer = Self.answer(String(rest))
  }

  private static func answer(_ text: String) -> String {
    if let found = text.matches(of: /(?i)<answer>([\s\S]*?)<\/answer>/).last {
      return String(found.output.1).trimmed
    }
    if let boxed = boxed(text) { return boxed.trimmed }
    if let found = text.matches(of: /(?i)\banswer\s*(?:is\s*:?|:)\s*([^\n]+)/).last {
      let words = String(found.output.1).trimmed
      // The full stop ends the sentence, not the answer.
      return words.last == "." ? String(words.dropLast()) : words
    }
    return text.trimmed
  }

  /// The content of the last `\boxed{…}`, whose braces may nest.
  private static func boxed(_ text: String) -> String? {
    guard let start = text.ranges(of: "\\boxed{").last?.upperBound else { return nil }
    var depth = 1
    for index in text[start...].indices {
      if text[index] == "{" { depth += 1 }
      if text[index] == "}" { depth -= 1 }
      if depth == 0 { return String(text[start..<index]) }
    }
    return nil
  }
}
