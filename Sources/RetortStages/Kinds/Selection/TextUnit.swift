internal import Foundation
internal import RetortCore

/// What of a text counts when it is compared with another: its words, and the signs that change what it says.
///
/// Case, white space, the width of letters (`Ａ`) and how accents are composed do not count, nor does punctuation:
/// `. , ; : ! ? …`, quotation marks, brackets, hyphens and dashes, emphasis (`*so*`, `_so_`) and their kin of other
/// scripts. Every other sign does, in its place: operators, currency, `#`, `%`, `/`, emoji. Punctuation counts where it
/// is none: in a number (`1.5`, `3:2`), before one (`.5`, `-5`), between numbers or single letters (`7 - 5`), as
/// brackets around numbers or signs and behind a name (`f(x)`), as a factorial.
struct TextUnit: Hashable, Sendable {
  let text: String
  /// Else a sign.
  let isWord: Bool
  /// How much of a word it is, in twelfths: a character of a script that is written without spaces is a part of one.
  let share: Int

  static let word = 12

  static func units(of text: String) -> [TextUnit] {
    let marks = Marks(TextUnit.folded(text))
    var units: [TextUnit] = []
    var word = ""
    func end() {
      if !word.isEmpty { units.append(TextUnit(text: word, isWord: true, share: Self.word)) }
      word = ""
    }
    for (place, character) in marks.text.enumerated() {
      if marks.isWord(place) {
        guard let share = share(of: character) else {
          word.append(character)
          continue
        }
        end()
        units.append(TextUnit(text: String(character), isWord: true, share: share))
      } else if marks.isInNumber(place) {
        word.append(character)
      } else {
        end()
        if marks.counts(place) { units.append(TextUnit(text: String(character), isWord: false, share: 0)) }
      }
    }
    end()
    return units
  }

  /// Composed, in lower case, of one width, without what is not seen (joiners, marks of direction, soft hyphens).
  private static func folded(_ text: String) -> [Character] {
    var scalars = String.UnicodeScalarView()
    for scalar in text.precomposedStringWithCanonicalMapping.lowercased().unicodeScalars {
      switch scalar.value {
      case 0xAD, 0x200B, 0x200E, 0x200F, 0x202A...0x202E, 0x2060...0x2069, 0xFE0E, 0xFE0F, 0xFEFF: continue
      case 0xFF01...0xFF5E: scalars.append(Unicode.Scalar(scalar.value - 0xFEE0) ?? scalar)
      default: scalars.append(scalar)
      }
    }
    return Array(String(scalars))
  }

  /// Nil for scripts that set spaces between words. As a rule of thumb a Chinese word has two characters, a Korean one
  /// three syllables, and one of Thai and its neighbours four characters.
  private static func share(of character: Character) -> Int? {
    guard !character.isWholeNumber, let scalar = character.unicodeScalars.first else { return nil }
    return switch scalar.value {
    case 0x3005, 0x3040...0x30FF, 0x31F0...0x31FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF,
      0xFF66...0xFF9F, 0x2_0000...0x3_FFFF:
      word / 2
    case 0xAC00...0xD7AF: word / 3
    // Thai, Lao, Tibetan, Myanmar, Khmer, Tai, Balinese, Javanese and their extensions.
    case 0x0E00...0x0FFF, 0x1000...0x109F, 0x1780...0x17FF, 0x1950...0x19FF, 0x1A20...0x1AAF, 0x1B00...0x1B7F,
      0xA980...0xA9FF, 0xAA60...0xAADF:
      word / 4
    default: nil
    }
  }
}

/// Which marks of a text say something.
private struct Marks {
  let text: [Character]
  /// Marks that stand in pairs, as far as they do not count: brackets and emphasis around mere words.
  private var idle: Set<Int> = []

  /// Never counted but for what ``counts(_:)`` says.
  private static let punctuation = Set<Character>(
    #".,;:!?…‥·•'"`´‘’‚‛“”„‟«»‹›¡¿、。「」『』【】〔〕〖〗《》〈〉・｡｢｣､･،؛؟۔।॥၊။។៕៖፡።፣፤፥፧՝՞՛։"#)
  private static let dashes = Set<Character>("-‐‑‒–—―")
  private static let brackets: [Character: Character] = [")": "(", "]": "[", "}": "{"]

  init(_ text: [Character]) {
    self.text = text
    findPairs()
  }

  func isWord(_ place: Int) -> Bool { at(place).map { $0.isLetter || $0.isNumber } ?? false }

  /// A mark between digits that is part of their number.
  func isInNumber(_ place: Int) -> Bool {
    ".,:٫٬".contains(text[place]) && isDigit(place - 1) && isDigit(place + 1)
  }

  /// Of what is neither letter nor digit.
  func counts(_ place: Int) -> Bool {
    let mark = text[place]
    if mark.isWhitespace || idle.contains(place) { return false }
    if Self.dashes.contains(mark) { return dashCounts(place) }
    switch mark {
    case ".":
      return isWord(place + 1) && (at(place - 1).map { $0.isWhitespace || "([=".contains($0) } ?? true)
    case "!":
      return isDigit(place - 1) || isLoneLetter(place - 1) || at(place - 1) == ")" || at(place + 1) == "="
    case "*": return !isBullet(place)
    case "'", "’": return at(place + 1) == "("
    default: return !Self.punctuation.contains(mark)
    }
  }

  private func at(_ place: Int) -> Character? { text.indices.contains(place) ? text[place] : nil }
  private func isDigit(_ place: Int) -> Bool { at(place)?.isWholeNumber ?? false }
  private func isLoneLetter(_ place: Int) -> Bool {
    (at(place)?.isLetter ?? false) && !isWord(place - 1) && !isWord(place + 1)
  }

  /// A minus, or what belongs to a name (`-x`, `C-`), is no hyphen between words and no dash between clauses.
  private func dashCounts(_ place: Int) -> Bool {
    let (before, after) = (next(from: place, by: -1), next(from: place, by: 1))
    if isBullet(place) { return false }
    if isDigit(before) || isDigit(after) { return true }
    let isLong =
      "—―".contains(text[place])
      || [place - 1, place + 1].contains { at($0).map(Self.dashes.contains) ?? false }
    switch (isWord(place - 1), isWord(place + 1)) {
    case (true, true): return isLoneLetter(place - 1) && isLoneLetter(place + 1)
    case (false, false):
      return isLoneLetter(before) || isLoneLetter(after)
        || at(before).map { "=+*/<>^(".contains($0) } ?? false
    default: return !isLong
    }
  }

  private func isBullet(_ place: Int) -> Bool {
    (at(place - 1)?.isNewline ?? true) && (at(place + 1)?.isWhitespace ?? true)
  }

  /// The nearest place that is no white space.
  private func next(from place: Int, by step: Int) -> Int {
    var found = place + step
    while let character = at(found), character.isWhitespace { found += step }
    return found
  }

  private mutating func findPairs() {
    var open: [Character: [(place: Int, signs: Int)]] = [:]
    // Digits and signs so far: brackets around one count.
    var signs = 0
    var run = 0..<0
    for (place, mark) in text.enumerated() {
      if Self.brackets.values.contains(mark) {
        open[mark, default: []].append((place, signs))
      } else if let opening = Self.brackets[mark] {
        guard let start = open[opening]?.popLast() else { continue }
        let holdsWords = start.signs == signs && start.place + 1 < place
        if holdsWords, !isWord(start.place - 1), !isWord(place + 1) { idle.formUnion([start.place, place]) }
      } else if mark == "*" || mark == "_" {
        if !run.contains(place) { run = place..<(text[place...].firstIndex { $0 != mark } ?? text.count) }
        switch emphasis(run) {
        case .opens: open[mark, default: []].append((place, signs))
        case .closes: if let start = open[mark]?.popLast() { idle.formUnion([start.place, place]) }
        case .none: signs += 1
        }
      } else if isDigit(place) || !(isWord(place) || isPunctuation(mark)) {
        signs += 1
      }
    }
  }

  private func isPunctuation(_ mark: Character) -> Bool {
    mark.isWhitespace || Self.punctuation.contains(mark) || Self.dashes.contains(mark)
  }

  private enum Emphasis { case opens, closes, none }

  /// What a run of equal marks does to the words around it, as Markdown has it: between spaces, or between words, nothing.
  private func emphasis(_ run: Range<Int>) -> Emphasis {
    let (before, after) = (run.lowerBound - 1, run.upperBound)
    let spaceBefore = at(before)?.isWhitespace ?? true
    let spaceAfter = at(after)?.isWhitespace ?? true
    if !isWord(before), isWord(after) || (spaceBefore && !spaceAfter) { return .opens }
    if !isWord(after), isWord(before) || (spaceAfter && !spaceBefore) { return .closes }
    return .none
  }
}
