internal import RetortCore

/// The options that a text ends with one after the other, as if each completed the question: lines such as `B. The
/// sewing machine …` that are the question's own, with nothing said of them, and the lines that announce them; or
/// `… the following: B, C and A` in one line.
///
/// Options that are gone through, each with what speaks for and against it, are no such list.
struct ListedAnswers: Hashable, Sendable {
  /// Upper case, in order, each once.
  private(set) var letters: [String] = []

  /// - Parameter rationale: which states no answer in other words.
  init(at rationale: String, question: String) {
    guard let count = StatedAnswer.options(in: question) else { return }
    let options = Self.options(of: question)
    let known = Set((0..<count).map { String(UnicodeScalar(UInt8(65 + $0))) })
    var found: Set<String> = []
    for line in Self.lines(of: StatedAnswer.spoken(rationale)).reversed() {
      if let letter = Self.bare(line, options), known.contains(letter) {
        found.insert(letter)
      } else if let several = Self.inALine(line), found.isEmpty, known.isSuperset(of: several) {
        found = several
        break
      } else if !Self.announces(line) {
        break
      }
    }
    letters = found.sorted()
  }

  private static func lines(of text: String) -> [String] {
    text.split(whereSeparator: \.isNewline).map { String($0).trimmed }.filter { !$0.isEmpty }
  }

  /// The option that a line is, with its letter or in its own words alone.
  private static func bare(_ line: String, _ options: [String: WordList]) -> String? {
    let text = line.replacing(/^[-*•·>\s]*(?:\d+[.)]\s+)?(?=.)/, with: "")
    if let (letter, rest) = marked(text) {
      let words = WordList(content: rest)
      return words.isEmpty || options[letter] == words ? letter : nil
    }
    let words = WordList(content: text)
    return options.first { $0.value == words && words.count > 1 }?.key
  }

  private static func options(of question: String) -> [String: WordList] {
    var options: [String: WordList] = [:]
    for line in lines(of: question) {
      if let (letter, text) = marked(line) { options[letter] = WordList(content: text) }
    }
    return options
  }

  /// `B. text`, `(B) text`, `**B.** text`, `B`
  private static func marked(_ line: String) -> (letter: String, text: String)? {
    let text = line.drop { "(（[*".contains($0) }
    guard let first = text.first, first.isASCII, first.isUppercase else { return nil }
    let rest = text.dropFirst()
    guard rest.isEmpty || rest.first.map({ ".)）]、:：．,;*".contains($0) }) == true else { return nil }
    return (String(first), String(rest.drop { ".)）]、:：．,;* ".contains($0) }))
  }

  private static func announces(_ line: String) -> Bool { line.last.map { ":：".contains($0) } ?? false }

  /// `the following items: B, C and A.`
  private static func inALine(_ line: String) -> Set<String>? {
    guard let colon = line.lastIndex(where: { ":：".contains($0) }) else { return nil }
    let words = AnswerToken.list(of: PlainSigns(String(line[line.index(after: colon)...])).scalars)
      .filter { $0.kind != .sign && $0.kind != .line }
    let letters = words.filter { !["and", "or", "和", "与", "及", "或"].contains($0.low) }.map(\.text)
    let isOptions = letters.allSatisfy { $0.count == 1 && $0 == $0.uppercased() && $0 != $0.lowercased() }
    return letters.count > 1 && isOptions ? Set(letters) : nil
  }
}
