internal import RetortCore

/// The words of a text as content, for ``WordList``.
struct ContentWords {
  private(set) var words: [String] = []

  static let operators: Set<String> = [
    "<", ">", "\u{2264}", "\u{2265}", "\u{2260}", "+", "\u{D7}", "\u{F7}", "\u{B1}",
  ]
  /// Words that deny.
  static let denials: Set<String> = [
    "not", "never", "cannot", "neither", "nor", "不", "没", "没有", "非", "無", "无",
  ]
  /// Words that may deny too, or stand where a text that denies has been said in other words.
  static let negations = denials.union([
    "no", "t", "none", "without", "nobody", "nothing", "except", "unless", "only", "fail", "fails", "failed",
    "false",
    "impossible", "few", "hardly", "non", "未", "别", "否", "假", "な", "ぬ", "ず",
  ])
  private static let pairs: [String: String] = [
    "<=": "\u{2264}", ">=": "\u{2265}", "!=": "\u{2260}", "=<": "\u{2264}",
  ]

  private let signs: [Character]

  init(_ text: String) {
    let folded = String(String.UnicodeScalarView(text.unicodeScalars.map(Self.fold))).lowercased()
    signs = Array(folded)
    read()
  }

  /// Full width and half as wide signs as plain ones, dashes and minus signs as `-`.
  private static func fold(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    switch scalar.value {
    case 0xFF01...0xFF5E: return Unicode.Scalar(scalar.value - 0xFEE0) ?? scalar
    case 0x3000, 0xA0, 0x2000...0x200A, 0x202F: return " "
    case 0x2010...0x2015, 0x2212: return "-"
    case 0x2217, 0x22C5: return "*"
    case 0x2A7D: return "\u{2264}"
    case 0x2A7E: return "\u{2265}"
    default:
      // Digits of other scripts.
      guard !scalar.isASCII, scalar.properties.numericType == .decimal,
        let value = scalar.properties.numericValue
      else { return scalar }
      return Unicode.Scalar(48 + UInt32(value)) ?? scalar
    }
  }

  private func at(_ place: Int) -> Character? { signs.indices.contains(place) ? signs[place] : nil }
  private static func isWord(_ sign: Character?) -> Bool { sign.map { $0.isLetter || $0.isNumber } ?? false }
  private static func isDigit(_ sign: Character?) -> Bool { sign.map { ("0"..."9").contains($0) } ?? false }

  private mutating func read() {
    var place = 0
    while let sign = at(place) {
      if Self.standsAlone(sign) {
        words.append(String(sign))
        place += 1
      } else if Self.isDigit(sign) {
        place = number(place, sign: "")
      } else if Self.isWord(sign) {
        let start = place
        while let next = at(place), Self.isWord(next), !Self.standsAlone(next) { place += 1 }
        words.append(String(signs[start..<place]))
      } else {
        place = self.sign(sign, place)
      }
    }
  }

  /// A number with its fraction and without its thousands' marks, and what is written on to it: `1,000.5`, `2nd`.
  private mutating func number(_ start: Int, sign: String) -> Int {
    var place = start
    var text = sign
    while let next = at(place) {
      if Self.isWord(next), !Self.standsAlone(next) {
        text.append(next)
        place += 1
      } else if next == ".", Self.isDigit(at(place + 1)), place > start {
        text.append(next)
        place += 1
      } else if next == ",", (1...3).allSatisfy({ Self.isDigit(at(place + $0)) }),
        !Self.isDigit(at(place + 4))
      {
        place += 1
      } else {
        break
      }
    }
    words.append(text)
    return place
  }

  private mutating func sign(_ sign: Character, _ place: Int) -> Int {
    if let next = at(place + 1), let pair = Self.pairs["\(sign)\(next)"] {
      words.append(pair)
      return place + 2
    }
    switch sign {
    // An arrow is no comparison, and what quotes a line or opens a tag none either.
    case "<" where isOperand(before: place) && isOperand(after: place),
      ">" where isOperand(before: place) && isOperand(after: place):
      words.append(String(sign))
    case "\u{2264}", "\u{2265}", "\u{2260}", "\u{D7}", "\u{F7}", "\u{B1}": words.append(String(sign))
    case "+" where isOperand(after: place): words.append("+")
    case "-" where Self.isDigit(at(place + 1)) && !Self.isWord(at(place - 1)) && at(place - 1) != ")":
      return number(place + 1, sign: "-")
    case "-", "*", "/", "^":
      if isOperand(before: place), isOperand(after: place), isFigure(before: place) || isFigure(after: place)
      {
        words.append(sign == "*" ? "\u{D7}" : String(sign))
      }
    default: if Self.isPicture(sign) { words.append(String(sign)) }
    }
    return place + 1
  }

  /// The nearest sign on the same line that is no space.
  private func neighbour(_ place: Int, _ step: Int) -> Character? {
    var place = place + step
    // Further away stands no operand.
    for _ in 0..<4 where at(place) == " " { place += step }
    return at(place)
  }

  private func isOperand(before place: Int) -> Bool {
    neighbour(place, -1).map { Self.isWord($0) || $0 == ")" || $0 == "]" } ?? false
  }

  private func isOperand(after place: Int) -> Bool {
    neighbour(place, 1).map { Self.isWord($0) || $0 == "(" || $0 == "[" || $0 == "-" } ?? false
  }

  private func isFigure(before place: Int) -> Bool { Self.isDigit(neighbour(place, -1)) }
  private func isFigure(after place: Int) -> Bool { Self.isDigit(neighbour(place, 1)) }

  private static func standsAlone(_ sign: Character) -> Bool {
    sign.unicodeScalars.first.map {
      $0.properties.isIdeographic || PlainSigns.standsAlone($0) && !isHangul($0)
    }
      ?? false
  }

  private static func isHangul(_ scalar: Unicode.Scalar) -> Bool { (0xAC00...0xD7AF).contains(scalar.value) }

  private static func isPicture(_ sign: Character) -> Bool {
    guard let first = sign.unicodeScalars.first, first.value >= 0x2600 else { return false }
    return first.properties.isEmojiPresentation || first.properties.isEmoji && sign.unicodeScalars.count > 1
      || first.properties.generalCategory == .otherSymbol
  }
}
