internal import RetortCore

/// A completion taken apart into the reasoning and the answer.
struct ReadCompletion: Hashable, Sendable {
  /// Empty where the completion shows none.
  var reasoning: String
  /// Empty where a thought has no end.
  var answer: String

  /// The reasoning is what the endpoint separated, or the thoughts in the text. The answer is, in this order, the last
  /// `<answer>` element, the last `\boxed{…}`, what follows the last `answer is` or `answer:` up to the end of its line,
  /// or all that is said outside of thoughts; all of it too where the shorter text alone would state another answer.
  init(_ text: String, reasoning: String? = nil) {
    let given = reasoning?.trimmed ?? ""
    self.reasoning = given.isEmpty ? Thoughts(in: text).text.trimmed : given
    answer = Self.answer(StatedAnswer.spoken(text))
  }

  private static func answer(_ text: String) -> String {
    guard let part = part(of: text), part != text else { return text }
    let isSame =
      StatedAnswer.letter(in: part) == StatedAnswer.letter(in: text)
      && StatedAnswer.number(in: part) == StatedAnswer.number(in: text)
    return isSame ? part : text
  }

  private static func part(of text: String) -> String? {
    if let element = Elements(of: "answer", in: text).last { return element.trimmed }
    if let boxed = boxed(text) { return boxed.trimmed }
    guard let found = text.matches(of: /(?i)\banswer[*_]*\s*(?:is\s*:?|:)[*_]*\s*([^\n]+)/).last else {
      return nil
    }
    let words = String(found.output.1).trimmed
    // The full stop ends the sentence, not the answer.
    return words.last == "." ? String(words.dropLast()) : words
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
