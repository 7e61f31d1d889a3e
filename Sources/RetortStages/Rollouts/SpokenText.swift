internal import RetortCore

/// A reply's text as what was thought and what is said: calls and answers count only in the second.
struct SpokenText {
  let thought: Substring
  let spoken: Substring

  /// Where thoughts stand between what is said, the text counts as a whole; where they never end, nothing is said.
  init(_ text: String) {
    let said = Thoughts(in: text)
    var start = text.startIndex
    if said.areOpen {
      start = text.endIndex
    } else if text.utf8.suffix(said.answer.utf8.count).elementsEqual(said.answer.utf8) {
      start = text.utf8.index(text.endIndex, offsetBy: -said.answer.utf8.count)
    }
    thought = text[..<start]
    spoken = text[start...]
  }

  /// Whether a result is begun in what comes after a place, which is not kept.
  func forges(after end: String.Index, _ tag: String) -> Bool { spoken[end...].place(of: tag) != nil }

  /// What was thought, and what is said up to a place in it.
  func text(to end: String.Index) -> String { String(thought) + String(spoken[..<end]) }
}

extension Substring {
  /// Where a word begins and ends, compared byte by byte: what is written between tags may be long.
  func place(of word: String) -> Range<String.Index>? { utf8.firstRange(of: word.utf8) }

  /// Where the first of some words begins, with that word.
  func first(of words: [String]) -> (word: String, range: Range<String.Index>)? {
    words.compactMap { word in place(of: word).map { (word, $0) } }.min { $0.1.lowerBound < $1.1.lowerBound }
  }

  /// The end of a complete `<answer>` that begins before any of some words; nil where there is none.
  func endOfAnswer(before words: [String]) -> String.Index? {
    guard let start = place(of: "<answer>") else { return nil }
    if let other = first(of: words), other.range.lowerBound < start.lowerBound { return nil }
    return self[start.upperBound...].place(of: "</answer>")?.upperBound
  }
}
