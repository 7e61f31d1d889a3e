/// Whether a text that should give grounds for another says but that other.
enum OwnWords {
  /// Whether every clause of `text` is `statement` or most of it, words of conclusion before them aside. Case, signs and
  /// white space do not count; the order of words does, and what is denied.
  static func says(_ text: String, only statement: String) -> Bool {
    let said = plain(WordList(content: statement))
    guard !said.isEmpty, !plain(WordList(content: text)).isEmpty else { return false }
    // Whole, then clause by clause: what is said twice is no more than once.
    return stands(text, in: said)
      || text.split { ".,!?;\n。，！？；".contains($0) }.allSatisfy { stands($0, in: said) }
  }

  private static func stands(_ text: some StringProtocol, in statement: [Substring]) -> Bool {
    let words = plain(WordList(content: text))
    guard !words.isEmpty else { return true }
    return Double(words.count) >= leastShare * Double(statement.count)
      && WordList(words: words).occur(in: WordList(words: statement))
  }

  /// Without the words that lead in a conclusion.
  private static func plain(_ words: WordList) -> [Substring] {
    var rest = words.list[...]
    while let first = rest.first, lead.contains(String(first)) { rest = rest.dropFirst() }
    return Array(rest)
  }

  /// Less of a statement may be the reason that it names itself: "Since A, B" rests on A.
  private static let leastShare = 0.8

  private static let lead: Set<String> = [
    "is", "known", "told", "stated", "clear", "so", "thus", "hence", "therefore", "because", "since", "as",
    "then", "and", "that", "we", "know", "get",
    "see",
    "have", "conclude", "it", "follows", "given", "the", "fact", "from", "this", "means", "implies", "shows",
    "also",
    "所以", "因此", "因为", "故", "则", "那么",
  ]
}
