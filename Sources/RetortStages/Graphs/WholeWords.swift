/// Words of a text without regard to case and signs, so that names match as whole words.
enum WholeWords {
  static func of(_ text: some StringProtocol) -> [Substring] {
    Substring(text.lowercased()).split { !$0.isLetter && !$0.isNumber }
  }

  /// One space before, after and between words: a name stands in a text where its spaced words do.
  static func spaced(_ text: some StringProtocol) -> String { " " + of(text).joined(separator: " ") + " " }
}
