internal import RetortCore

/// The words with which a judge says its verdict: a closed list, so that "incorrect" is never read as "correct".
struct VerdictWords: Sendable {
  static let usual = (right: ["correct"], wrong: ["wrong", "incorrect"])

  private let verdicts: [String: Bool]

  /// Errors: ``StageError`` for an empty list, an empty word, or one that is in both.
  init(right: [String]?, wrong: [String]?) throws {
    var verdicts: [String: Bool] = [:]
    for (key, words, isRight) in [
      ("right", right ?? Self.usual.right, true), ("wrong", wrong ?? Self.usual.wrong, false),
    ] {
      guard !words.isEmpty else { throw StageError("\(key): expected at least one word, found none") }
      for word in words {
        let plain = Self.plain(word)
        guard !plain.isEmpty else { throw StageError("\(key): expected words, found '\(word)'") }
        guard verdicts.updateValue(isRight, forKey: plain) ?? isRight == isRight else {
          throw StageError(
            "\(key): expected words that say one thing, found '\(word)' under right: and wrong:")
        }
      }
    }
    self.verdicts = verdicts
  }

  /// Nil for a text that is none of the words as a whole. Thoughts do not count.
  func verdict(in text: String) -> Bool? { verdicts[Self.plain(StatedAnswer.spoken(text))] }

  private static func plain(_ text: String) -> String {
    let plain = Verifier.plain(text)
    return plain.hasSuffix(".") ? String(plain.dropLast()).trimmed : plain
  }
}
