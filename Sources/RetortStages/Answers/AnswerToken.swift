internal import RetortCore

/// A word, a number's digits, a sign or a line's end; characters of scripts without spaces are words.
struct AnswerToken {
  enum Kind { case word, digits, character, sign, line }
  let text: String
  let low: String
  let kind: Kind
  /// Whether white space stands before it.
  let hasGap: Bool
  /// Its place in ``PlainSigns/scalars``.
  let place: Int
  /// Its only scalar; nil where there are several.
  let single: Unicode.Scalar?

  private init(_ scalars: ArraySlice<Unicode.Scalar>, _ kind: Kind, _ hasGap: Bool) {
    text = String(String.UnicodeScalarView(scalars))
    low = text.lowercased()
    self.kind = kind
    self.hasGap = hasGap
    place = scalars.startIndex
    single = scalars.count == 1 ? scalars.first : nil
  }

  static func list(of scalars: [Unicode.Scalar]) -> [AnswerToken] {
    var tokens: [AnswerToken] = []
    var word: Int?
    var hasGap = false
    var wordHasGap = false
    func end(_ place: Int) {
      guard let start = word else { return }
      let isDigits = scalars[start..<place].allSatisfy(PlainSigns.isNumber)
      tokens.append(AnswerToken(scalars[start..<place], isDigits ? .digits : .word, wordHasGap))
      word = nil
    }
    for (place, sign) in scalars.enumerated() {
      if sign == "\n" {
        end(place)
        tokens.append(AnswerToken(scalars[place...place], .line, hasGap))
        hasGap = true
      } else if sign.properties.isWhitespace {
        end(place)
        hasGap = true
      } else if PlainSigns.standsAlone(sign) {
        end(place)
        tokens.append(AnswerToken(scalars[place...place], .character, hasGap))
        hasGap = false
      } else if PlainSigns.isLetter(sign)
        || (sign == "'" || sign == "_") && word != nil && place + 1 < scalars.count
          && PlainSigns.isLetter(scalars[place + 1])
      {
        if word == nil {
          word = place
          wordHasGap = hasGap
        }
        hasGap = false
      } else {
        end(place)
        tokens.append(AnswerToken(scalars[place...place], .sign, hasGap))
        hasGap = false
      }
    }
    end(scalars.count)
    return tokens
  }
}
