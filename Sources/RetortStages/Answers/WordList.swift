internal import RetortCore

/// Words for comparing texts that models copied out of other texts: case, punctuation and white space are folded
/// away, so that a changed full stop or quotation mark is no difference.
struct WordList: Hashable, Sendable {
  /// Runs of letters and digits, lower case; each ideograph is a word of its own.
  let list: [Substring]

  init(_ text: some StringProtocol) {
    let folded = text.lowercased()
    var words: [Substring] = []
    var start: String.Index?
    for index in folded.indices {
      let character = folded[index]
      if Self.isIdeograph(character) {
        if let begun = start { words.append(folded[begun..<index]) }
        start = nil
        words.append(folded[index...index])
      } else if character.isLetter || character.isNumber {
        if start == nil { start = index }
      } else if let begun = start {
        words.append(folded[begun..<index])
        start = nil
      }
    }
    if let begun = start { words.append(folded[begun...]) }
    list = words
  }

  /// As content is copied: words with operators, and numbers with their signs and fractions, as words of their own;
  /// characters of scripts without spaces (kana, Thai, Khmer, Lao, Burmese too) and emoji by themselves; full width
  /// letters, digits and signs as plain ones.
  init(content text: some StringProtocol) {
    list = ContentWords(String(text)).words.map { $0[...] }
  }

  /// Words that were found before.
  init(words: [Substring]) { list = words }

  var count: Int { list.count }
  var isEmpty: Bool { list.isEmpty }
  var text: String { list.joined(separator: " ") }

  private static func isIdeograph(_ character: Character) -> Bool {
    character.unicodeScalars.first?.properties.isIdeographic ?? false
  }

  /// Whether these words stand in `other` one after another. It takes steps in proportion to both lengths, also where
  /// words repeat (Knuth, Morris and Pratt 1977).
  func occur(in other: WordList) -> Bool {
    guard count <= other.count else { return false }
    guard !isEmpty else { return true }
    // How many words of the beginning end at each word again: how far a search need not go back.
    var borders = [0]
    var length = 0
    func step(_ word: Substring) {
      while length > 0, length == count || list[length] != word { length = borders[length - 1] }
      if list[length] == word { length += 1 }
    }
    for word in list.dropFirst() {
      step(word)
      borders.append(length)
    }
    length = 0
    for word in other.list {
      step(word)
      if length == count { return true }
    }
    return false
  }

  /// How much of this text is found close together in `other`, from 0 to 1: the largest share of its words
  /// (counted with multiplicity) in any stretch of `other` one and a half times its length. 1 for no words.
  func overlap(with other: WordList) -> Double {
    guard !isEmpty else { return 1 }
    if occur(in: other) { return 1 }
    var missing: [Substring: Int] = [:]
    for word in list { missing[word, default: 0] += 1 }
    let width = count * 3 / 2 + 1
    var found = 0
    var best = 0
    for (end, word) in other.list.enumerated() {
      if let left = missing[word] {
        if left > 0 { found += 1 }
        missing[word] = left - 1
      }
      if end >= width, case let gone = other.list[end - width], let left = missing[gone] {
        if left >= 0 { found -= 1 }
        missing[gone] = left + 1
      }
      best = max(best, found)
    }
    return Double(best) / Double(count)
  }

  /// Of these words, the operators and negations that `other` has nowhere: what `x < 5` says is not found in `x > 5`, nor
  /// what is denied where nothing is.
  func signsMissing(in other: WordList) -> [String] {
    let negates = list.contains { ContentWords.denials.contains(String($0)) }
    let isDenied = other.list.contains { ContentWords.negations.contains(String($0)) }
    let known = Set(other.list)
    return list.filter { ContentWords.operators.contains(String($0)) && !known.contains($0) }.map(String.init)
      + (negates && !isDenied ? ["a negation"] : [])
  }

  /// The runs of `length` words, as a set.
  func runs(of length: Int) -> Set<ArraySlice<Substring>> {
    guard length > 0, count >= length else { return [] }
    return Set((0...(count - length)).map { list[$0..<($0 + length)] })
  }

  /// Harmonic mean of precision and recall over words counted with multiplicity, from 0 to 1.
  func f1(with other: WordList) -> Double {
    guard !isEmpty, !other.isEmpty else { return isEmpty && other.isEmpty ? 1 : 0 }
    var left: [Substring: Int] = [:]
    for word in other.list { left[word, default: 0] += 1 }
    var common = 0
    for word in list where (left[word] ?? 0) > 0 {
      left[word, default: 0] -= 1
      common += 1
    }
    return 2 * Double(common) / Double(count + other.count)
  }
}
