internal import RetortCore

/// The answer that a text states. Thoughts do not count; the last stated answer does; a text that states none, or
/// several side by side, is unreadable, which is never the same as wrong.
enum StatedAnswer {
  /// How many options there are where nobody says: A to H.
  static let usualOptions = 8

  /// What a text says outside of its thoughts. Empty when thoughts have no end: what follows may be thought.
  static func spoken(_ text: String) -> String {
    let thoughts = Thoughts(in: text)
    return thoughts.areOpen ? "" : thoughts.answer.trimmed
  }

  /// The option letter (upper case) that `text` states, as far as there are `options`: `answer is (B)`, `Answer: b`,
  /// `**B. text**`, `\boxed{D}`, `答案是B`. Nil when it states none, or several; a letter merely mentioned, supposed,
  /// asked or denied does not count.
  static func letter(in text: some StringProtocol, options: Int = usualOptions) -> String? {
    StatedOption(spoken(String(text)), limit: options).option.flatMap {
      letters.indices.contains($0) ? letters[$0] : nil
    }
  }

  /// The number that `text` states; nil when it states none, or several, or one that is no plain number.
  static func number(in text: String, decimal mark: DecimalMark = .point) -> Quantity? {
    StatedNumber(spoken(text), mark: mark).quantity
  }

  /// Every answer that `text` states as its answer and does not take back, each once: letters in their order, or
  /// numbers as they come where it states no letter and the question lists no options.
  static func all(in text: String, options: Int?) -> [String] {
    let stated = StatedOption(spoken(text), limit: options ?? usualOptions).answers.filter(
      letters.indices.contains)
    guard stated.isEmpty, options == nil else { return stated.sorted().map { letters[$0] } }
    return numbers(in: text)
  }

  private static func numbers(in text: String) -> [String] {
    let stated = StatedNumber(spoken(text), mark: .point).answers
    return stated.reduce(into: [Quantity]()) { all, next in
      if all.allSatisfy({ next.agrees(with: $0) == false }) { all.append(next) }
    }.map { $0.integer ?? "\($0.value)" }
  }

  /// The letter of a known answer written as `b`, `B`, `(B)`, `**B**` or `B. text`; nil for anything else.
  static func option(_ answer: String) -> String? {
    let tokens = AnswerToken.list(of: PlainSigns(answer).scalars).filter { $0.kind != .line }
    let start = tokens.firstIndex { !["(", "[", "\"", "\u{27E6}"].contains($0.text) } ?? 0
    guard start < tokens.count, let letter = letters.first(where: { $0 == tokens[start].text.uppercased() })
    else {
      return nil
    }
    let rest = tokens[(start + 1)...]
    guard let follows = rest.first else { return letter }
    return [".", ")", ":", "]", "\"", "\u{27E7}"].contains(follows.text) ? letter : nil
  }

  /// How many options a question lists (`A. …`, `B) …`, `(C) …`); nil where it lists none.
  static func options(in question: String) -> Int? {
    let text = question.replacing("、", with: ".").replacing("．", with: ".")
    let tokens = AnswerToken.list(of: PlainSigns(text).scalars)
    // Some files list them out of order.
    let marked = zip(tokens, tokens.dropFirst()).filter { [".", ")", ":"].contains($1.text) }.map(\.0.text)
    let found = Set(marked)
    let count = letters.prefix { found.contains($0) }.count
    return count >= 2 ? count : nil
  }

  /// Whether what a text states as its answer agrees with the known one; nil when it states none.
  static func agrees(stated: String, with answer: String, options: Int = usualOptions) -> Bool? {
    guard let expected = option(answer) else {
      let words = WordList(content: spoken(stated))
      return words.isEmpty ? nil : WordList(content: answer).occur(in: words)
    }
    return letter(in: stated, options: max(options, number(of: expected))).map { $0 == expected }
  }

  /// The same, with as many options as `question` lists.
  static func agrees(stated: String, with answer: String, to question: String) -> Bool? {
    agrees(stated: stated, with: answer, options: options(in: question) ?? usualOptions)
  }

  /// 1 for A.
  static func number(of letter: String) -> Int { (letters.firstIndex(of: letter) ?? 0) + 1 }

  private static let letters = (0..<26).map { String(UnicodeScalar(UInt8(65 + $0))) }
}
