/// The option that a text says is the answer.
package enum StatedAnswer {
  /// The last option letter (upper case, A to H) that `text` states as its answer: `answer is (B)`, `Answer: b`,
  /// `option C is correct`, `\boxed{D}`. Nil when it states none; a letter merely mentioned does not count.
  package static func letter(in text: some StringProtocol) -> String? {
    let text = String(text)
    let patterns = [
      /(?i)\banswer\s*(?:is|:|=)\s*(?:option\s*|choice\s*)?[*("']*\\?(?:boxed\{)?([a-h])\b(?![ ]+[a-z])/,
      /(?i)\b(?:option|choice)\s*\(?([a-h])\)?\s+is\s+(?:the\s+)?(?:correct|right|answer)/,
      /(?i)\\boxed\{\s*(?:\\text\{)?\s*\(?([a-h])\b/,
    ]
    return patterns.flatMap { text.matches(of: $0) }
      .max { $0.range.lowerBound < $1.range.lowerBound }
      .map { $0.output.1.uppercased() }
  }

  /// The letter of an answer written as `b`, `B`, `(B)` or `B. text`; nil for anything else.
  package static func option(_ answer: String) -> String? {
    answer.wholeMatch(of: /\s*\(?([A-Ha-h])(?:[.)：:][\s\S]*)?\s*/).map { $0.output.1.uppercased() }
  }

  /// Whether what a text states as its answer agrees with the known one; nil when it states none.
  package static func agrees(stated: String, with answer: String) -> Bool? {
    guard let expected = option(answer) else {
      let words = WordList(stated)
      return words.isEmpty ? nil : WordList(answer).occur(in: words)
    }
    return (option(stated) ?? letter(in: stated)).map { $0 == expected }
  }
}
