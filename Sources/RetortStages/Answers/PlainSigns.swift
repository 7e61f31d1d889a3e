internal import RetortCore

/// A text without its dress, for those who look for an answer in it. What is marked as the answer (`\boxed{…}`,
/// `<answer>…</answer>`, a line after `####`) stands between ``open`` and ``close``; LaTeX is spelt out where it only
/// dresses a text; emphasis, tags, headings' and tables' marks are gone; full width and other letters, digits, quotes,
/// brackets, dashes and spaces are one of each.
struct PlainSigns {
  static let open: Unicode.Scalar = "\u{27E6}"
  static let close: Unicode.Scalar = "\u{27E7}"
  static let fraction: Unicode.Scalar = "\u{E000}"
  /// A LaTeX command that says something else.
  static let otherCommand: Unicode.Scalar = "\u{E00F}"
  /// A tag that is longer is none, so that unclosed ones cost no more than their length.
  static let longestTag = 200

  private(set) var scalars: [Unicode.Scalar] = []

  private enum Brace { case plain, dress, box, line }
  private let source: [Unicode.Scalar]
  private let keepsBraces: Bool
  private var braces: [Brace] = []

  /// - Parameter keepsBraces: numbers need them, and their signs of multiplication.
  init(_ text: String, keepsBraces: Bool = false) {
    var source: [Unicode.Scalar] = []
    source.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars { source.append(contentsOf: Self.fold(scalar)) }
    self.source = source
    self.keepsBraces = keepsBraces
    read()
  }

  private func at(_ place: Int) -> Unicode.Scalar? {
    source.indices.contains(place) ? source[place] : nil
  }

  private mutating func read() {
    var place = 0
    var isLineStart = true
    while place < source.count {
      let sign = source[place]
      if sign == "\r" {
        place += 1
        continue
      }
      if isLineStart {
        isLineStart = false
        let after = lineMarks(place)
        if after > place {
          place = after
          continue
        }
      }
      switch sign {
      case "\n":
        if braces.last == .line {
          braces.removeLast()
          scalars.append(Self.close)
        }
        scalars.append(sign)
        isLineStart = true
        place += 1
      case "\\": place = command(place)
      case "{":
        // `1{,}234`
        if at(place + 1) == ",", at(place + 2) == "}" {
          scalars.append(",")
          place += 3
        } else {
          braces.append(.plain)
          if keepsBraces { scalars.append("{") }
          place += 1
        }
      case "}":
        let brace = braces.isEmpty || braces.last == .line ? .dress : braces.removeLast()
        if brace == .box { scalars.append(Self.close) }
        if brace == .plain, keepsBraces { scalars.append("}") }
        place += 1
      case "<": place = tag(place)
      case "*": place = asterisks(place)
      case "`": place += 1
      case "_":
        if place > 0, let after = at(place + 1), Self.isLetter(source[place - 1]), Self.isLetter(after) {
          scalars.append("_")
        }
        place += 1
      case "|":
        scalars.append("\n")
        place += 1
      case "$" where !(at(place + 1).map(Self.isDigit) ?? false): place += 1
      case "#" where (0..<4).allSatisfy({ at(place + $0) == "#" }) && at(place + 4) != "#":
        scalars.append(Self.open)
        braces.append(.line)
        place += 4
      default:
        scalars.append(sign)
        place += 1
      }
    }
    if braces.last == .line { scalars.append(Self.close) }
  }

  /// The index after the marks of a heading, a quotation, a bullet or a table's rule at a line's start.
  private func lineMarks(_ place: Int) -> Int {
    var at = place
    while let sign = self.at(at), " \t|:=-".unicodeScalars.contains(sign) { at += 1 }
    if source[place..<at].count(where: { $0 == "-" }) >= 3, self.at(at) == nil || self.at(at) == "\n" {
      return at
    }
    at = afterSpaces(place)
    while self.at(at) == ">" { at = afterSpaces(at + 1) }
    var marks = at
    while self.at(marks) == "#" { marks += 1 }
    if marks > at, marks - at != 4 { return marks }
    if let sign = self.at(at), "*+\u{2022}\u{B7}".unicodeScalars.contains(sign),
      self.at(at + 1) == " " || self.at(at + 1) == "\t"
    {
      return at + 2
    }
    return at
  }

  private func afterSpaces(_ place: Int) -> Int {
    var at = place
    while self.at(at) == " " || self.at(at) == "\t" { at += 1 }
    return at
  }

  private mutating func asterisks(_ place: Int) -> Int {
    var end = place
    while at(end) == "*" { end += 1 }
    let before = place > 0 ? source[place - 1] : "\n"
    let after = at(end) ?? "\n"
    let isProduct =
      Self.isLetter(before) && Self.isLetter(after) && end - place == 1 || before == " " && after == " "
    if isProduct, keepsBraces { scalars.append("*") }
    return end
  }

  private mutating func command(_ place: Int) -> Int {
    var end = place + 1
    if let sign = at(end), !Self.isLatin(sign) {
      // `\(`, `\,`, `\%`: spaces, and signs that stand for themselves.
      switch sign {
      case "%", "$", "&", "#", "_": scalars.append(sign)
      case "\\": scalars.append("\n")
      case "!": break
      default: scalars.append(" ")
      }
      return end + 1
    }
    while let sign = at(end), Self.isLatin(sign) { end += 1 }
    let name = String(String.UnicodeScalarView(source[(place + 1)..<end]))
    var brace = end
    while at(brace) == " " { brace += 1 }
    let isBraced = at(brace) == "{"
    if ["boxed", "fbox", "framebox"].contains(name) {
      guard isBraced else { return end }
      scalars.append(Self.open)
      braces.append(.box)
      return brace + 1
    }
    if AnswerWords.dress.contains(name) {
      scalars.append(" ")
      guard isBraced else { return end }
      braces.append(.dress)
      return brace + 1
    }
    scalars.append(AnswerWords.commands[name] ?? Self.otherCommand)
    return end
  }

  private mutating func tag(_ place: Int) -> Int {
    let closes = at(place + 1) == "/"
    let first = place + (closes ? 2 : 1)
    let isSpecial = at(first) == "|"
    let limit = min(source.count, place + Self.longestTag)
    var end = first
    while end < limit, source[end] != "<", source[end] != ">", source[end] != "\n" { end += 1 }
    guard end < limit, source[end] == ">", end > first, isSpecial || Self.isLatin(source[first]) else {
      scalars.append("<")
      return place + 1
    }
    let inside = String(String.UnicodeScalarView(source[first..<end])).lowercased()
    let bare = inside.drop { $0 == "/" || $0 == " " }
    let name = String(bare.prefix { $0 != " " && $0 != "/" })
    if ["answer", "final_answer", "finalanswer", "final"].contains(name) {
      scalars.append(closes ? Self.close : Self.open)
    } else if AnswerWords.breaks.contains(name) {
      scalars.append("\n")
    } else if isSpecial {
      scalars.append(" ")
    }
    return end + 1
  }

  // MARK: Signs

  static func isDigit(_ sign: Unicode.Scalar) -> Bool { ("0"..."9").contains(sign) }
  private static func isLatin(_ sign: Unicode.Scalar) -> Bool {
    ("a"..."z").contains(sign) || ("A"..."Z").contains(sign)
  }

  /// Letters, numbers and the marks that belong to them.
  static func isLetter(_ sign: Unicode.Scalar) -> Bool {
    if sign.isASCII { return isLatin(sign) || isDigit(sign) }
    return isAlphabetic(sign) || isNumber(sign)
  }

  static func isAlphabetic(_ sign: Unicode.Scalar) -> Bool {
    switch sign.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark,
      .spacingMark, .enclosingMark:
      true
    default: false
    }
  }

  static func isNumber(_ sign: Unicode.Scalar) -> Bool {
    switch sign.properties.generalCategory {
    case .decimalNumber, .letterNumber, .otherNumber: true
    default: false
    }
  }

  /// Whether a letter is a word by itself, in scripts that put no spaces between words.
  static func standsAlone(_ sign: Unicode.Scalar) -> Bool {
    guard !sign.isASCII, isLetter(sign) else { return false }
    switch sign.value {
    case 0x2E80...0x9FFF, 0xAC00...0xD7AF, 0xF900...0xFAFF, 0x20000...0x3FFFF, 0x0E00...0x0EFF,
      0x1000...0x109F, 0x1780...0x17FF, 0xFF66...0xFF9D:
      return true
    default: return false
    }
  }

  private static let signs: [Unicode.Scalar: String] = {
    var signs: [Unicode.Scalar: String] = [
      "\u{3000}": " ", "\u{A0}": " ", "\u{1680}": " ", "\u{202F}": " ", "\u{205F}": " ", "\u{2028}": "\n",
      "\u{2029}": "\n", "\u{85}": "\n", "\u{61B}": ";", "\u{61F}": "?", "\u{66B}": ".", "\u{66C}": ",",
      "\u{2026}": "...",
    ]
    func put(_ text: String, as plain: String) {
      for sign in text.unicodeScalars { signs[sign] = plain }
    }
    for value in UInt32(0x2000)...0x200A { signs[Unicode.Scalar(value) ?? " "] = " " }
    put("\u{2018}\u{2019}\u{02BC}\u{B4}\u{2032}", as: "'")
    put(
      "\u{201C}\u{201D}\u{201E}\u{201F}\u{AB}\u{BB}\u{2039}\u{203A}\u{300C}\u{300D}\u{300E}\u{300F}"
        + "\u{300A}\u{300B}\u{3008}\u{3009}\u{2033}", as: "\"")
    put("\u{3010}\u{3014}\u{3016}\u{27E8}\u{2983}", as: "(")
    put("\u{3011}\u{3015}\u{3017}\u{27E9}\u{2984}", as: ")")
    put("\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}\u{2015}\u{2212}\u{FE63}\u{FE58}", as: "-")
    put("\u{3001}\u{60C}\u{FF64}", as: ",")
    put("\u{3002}\u{FF61}\u{964}\u{6D4}", as: "\u{3002}")
    put("\u{2192}\u{21D2}\u{27F9}\u{27A1}", as: "\u{2192}")
    return signs
  }()

  private static func fold(_ sign: Unicode.Scalar) -> String.UnicodeScalarView {
    if sign.isASCII { return String.UnicodeScalarView([sign]) }
    if let latin = latin(sign) { return String.UnicodeScalarView([latin]) }
    if let plain = signs[sign] { return plain.unicodeScalars }
    if sign.properties.numericType == .decimal, let value = sign.properties.numericValue,
      let digit = Unicode.Scalar(48 + UInt32(value))
    {
      return String.UnicodeScalarView([digit])
    }
    if (0xFE00...0xFE0F).contains(sign.value) || sign.value == 0x20E3 { return String.UnicodeScalarView() }
    switch sign.properties.generalCategory {
    case .format: return String.UnicodeScalarView()
    case .otherSymbol, .modifierSymbol, .privateUse, .unassigned:
      return String.UnicodeScalarView([sign == "\u{B0}" ? sign : " "])
    default: return String.UnicodeScalarView([sign])
    }
  }

  /// Full width, circled, squared and mathematical letters and digits.
  private static func latin(_ sign: Unicode.Scalar) -> Unicode.Scalar? {
    let value = sign.value
    let plain: UInt32? =
      switch value {
      case 0xFF01...0xFF5E: value - 0xFEE0
      case 0x24B6...0x24CF: value - 0x24B6 + 65
      case 0x24D0...0x24E9: value - 0x24D0 + 97
      case 0x249C...0x24B5: value - 0x249C + 97
      case 0x1F130...0x1F149: value - 0x1F130 + 65
      case 0x1F150...0x1F169: value - 0x1F150 + 65
      case 0x1F170...0x1F189: value - 0x1F170 + 65
      case 0x1D400...0x1D6A3:
        (value - 0x1D400) % 52 < 26 ? (value - 0x1D400) % 52 + 65 : (value - 0x1D400) % 52 - 26 + 97
      case 0x1D7CE...0x1D7FF: (value - 0x1D7CE) % 10 + 48
      default: nil
      }
    return plain.flatMap(Unicode.Scalar.init)
  }
}
