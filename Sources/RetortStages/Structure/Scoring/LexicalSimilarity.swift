internal import RetortCore
internal import Synchronization

/// How much of two texts is the same words in the same order: the longest common subsequence of their words, twice its
/// length by both lengths together (the F-measure of ROUGE-L). 0 to 1; no measure of sense.
///
/// Case, punctuation and white space do not count, as of ``WordList``; a text without a word is like itself alone.
final class LexicalSimilarity: Sendable {
  /// The words of a text as numbers.
  private struct Words: Sendable {
    var numbers: [Int32]
    var text: String
  }
  private struct Known: Sendable {
    var texts: [String: Words] = [:]
    var numbers: [String: Int32] = [:]
  }
  /// Texts are compared with many others each; they are taken apart once.
  private let known = Mutex(Known())
  private static let mostTexts = 4096
  /// Of a longer text the first ones count: the steps of a comparison are the product of both numbers.
  private static let mostWords = 4096

  func scores(of text: String, to references: [String]) -> [Double] {
    let said = words(of: text)
    return references.map { Self.score(said, words(of: $0)) }
  }

  private func words(of text: String) -> Words {
    known.withLock { known in
      if let words = known.texts[text] { return words }
      // The numbers of words stay: those of texts that are in use must not change.
      if known.texts.count >= Self.mostTexts { known.texts = [:] }
      let numbers = WordList(content: text).list.prefix(Self.mostWords).map { word -> Int32 in
        let word = String(word)
        let number = known.numbers[word] ?? Int32(known.numbers.count)
        known.numbers[word] = number
        return number
      }
      let words = Words(numbers: numbers, text: text)
      known.texts[text] = words
      return words
    }
  }

  private static func score(_ one: Words, _ other: Words) -> Double {
    if one.numbers.isEmpty || other.numbers.isEmpty { return one.text == other.text ? 1 : 0 }
    if one.numbers == other.numbers { return 1 }
    let common = Double(commonLength(one.numbers, other.numbers))
    return 2 * common / Double(one.numbers.count + other.numbers.count)
  }

  /// Length of the longest common subsequence; steps in proportion to the product of both lengths, memory to the second.
  private static func commonLength(_ one: [Int32], _ other: [Int32]) -> Int {
    var lengths = [Int](repeating: 0, count: other.count + 1)
    for word in one {
      var diagonal = 0
      for place in other.indices {
        let above = lengths[place + 1]
        lengths[place + 1] = word == other[place] ? diagonal + 1 : max(above, lengths[place])
        diagonal = above
      }
    }
    return lengths[other.count]
  }
}
