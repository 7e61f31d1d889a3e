internal import RetortCore

/// Reads one quantity from an index on. Nil where what stands there is no number, or where more than one number, an
/// expression, a range, a date or a time stands there.
struct QuantityScan {
  private let signs: [Unicode.Scalar]
  private let end: Int
  private let mark: DecimalMark
  private(set) var at: Int

  init(_ signs: [Unicode.Scalar], _ range: Range<Int>, _ mark: DecimalMark) {
    self.signs = signs
    at = range.lowerBound
    end = range.upperBound
    self.mark = mark
  }

  private func peek(_ ahead: Int = 0) -> Unicode.Scalar? { at + ahead < end ? signs[at + ahead] : nil }
  private func isDigit(_ ahead: Int = 0) -> Bool { peek(ahead).map(PlainSigns.isDigit) ?? false }

  private func isAt(_ choices: String, _ ahead: Int = 0) -> Bool {
    peek(ahead).map { choices.unicodeScalars.contains($0) } ?? false
  }

  private mutating func skipSpaces() { while isAt(" \t") { at += 1 } }

  private mutating func digits() -> String {
    let start = at
    while isDigit() { at += 1 }
    return String(String.UnicodeScalarView(signs[start..<at]))
  }

  /// The word here, in lower case, with its length in ``signs``; not taken. It begins with no digit.
  private func word() -> (text: String, length: Int) {
    if let sign = peek(), PlainSigns.standsAlone(sign) { return (String(Character(sign)), 1) }
    guard !isDigit() else { return ("", 0) }
    var place = at
    while place < end, PlainSigns.isLetter(signs[place]) || signs[place] == "'",
      !PlainSigns.standsAlone(signs[place])
    {
      place += 1
    }
    return (String(String.UnicodeScalarView(signs[at..<place])).lowercased(), place - at)
  }

  /// Whether a variable's name and a sign of equality stand here: `x =`.
  private func isNamed(_ word: (text: String, length: Int)) -> Bool {
    guard word.length > 0, word.length <= 3 else { return false }
    var place = at + word.length
    while place < end, signs[place] == " " { place += 1 }
    return place < end && (signs[place] == "=" || signs[place] == "\u{2248}")
  }

  // MARK: Before the digits

  mutating func quantity() -> Quantity? {
    var hasBracket = false
    var isNegative = false
    while true {
      skipSpaces()
      guard let sign = peek() else { return nil }
      if isAt("([\"'{\u{27E6}") {
        hasBracket = hasBracket || sign == "("
        at += 1
      } else if sign.properties.generalCategory == .currencySymbol || isAt(":=~\u{2248}\n") {
        at += 1
      } else {
        let word = word()
        if ["minus", "negative", "负", "負"].contains(word.text) {
          isNegative.toggle()
        } else if word.length == 0 || !AnswerWords.beforeNumber.contains(word.text) && !isNamed(word) {
          break
        }
        at += word.length
      }
    }
    if isAt("+-") {
      if peek() == "-" { isNegative.toggle() }
      at += 1
      skipSpaces()
      if peek()?.properties.generalCategory == .currencySymbol { at += 1 }
    }
    let start = at
    guard var found = number() else { return nil }
    // `(1,200)` is a loss to some.
    if hasBracket, signs[start..<at].contains(where: { ",' ".unicodeScalars.contains($0) }) { return nil }
    if isNegative {
      found.value = -found.value
      if let integer = found.integer, integer != "0" { found.integer = "-" + integer }
    }
    return counted(found)
  }

  // MARK: The digits

  private mutating func number() -> Quantity? {
    guard let sign = peek() else { return nil }
    if sign == PlainSigns.fraction { return fraction().map { Quantity($0) } }
    if let vulgar = AnswerWords.vulgar[sign] {
      at += 1
      return Quantity(vulgar)
    }
    if AnswerWords.hanDigits[sign] != nil || AnswerWords.hanUnits[sign] != nil { return han() }
    guard let literal = literal(), let value = Double(literal.text) else { return nil }
    if literal.isWhole {
      switch mixed() {
      case .none: break
      case .fraction(let more): return Quantity(value + more)
      case .unreadable: return nil
      }
    }
    if peek() == "/" || peek() == " " && peek(1) == "/" && peek(2) == " " {
      at += peek() == "/" ? 1 : 3
      guard let below = self.literal(), let divisor = Double(below.text), divisor != 0, peek() != "/" else {
        return nil
      }
      return Quantity(value / divisor)
    }
    let whole = literal.text.drop { $0 == "0" }
    let integer = literal.isWhole ? (whole.isEmpty ? "0" : String(whole)) : nil
    return power(literal.text, Quantity(value, integer: integer))
  }

  /// The digits of a decimal number without its thousands' marks, and whether it is written as a whole one.
  private mutating func literal() -> (text: String, isWhole: Bool)? {
    let (decimal, grouping): (Unicode.Scalar, String) = mark == .comma ? (",", ". '_") : (".", ", '_")
    let start = at
    var text = digits()
    let hasWhole = at > start
    var isWhole = true
    if hasWhole, isAt(grouping), isDigit(1), let separator = peek() {
      var parts: [String] = []
      let place = at
      while peek() == separator, isDigit(1) {
        at += 1
        parts.append(digits())
      }
      let isWestern = text.count <= 3 && parts.allSatisfy { $0.count == 3 }
      let isIndian =
        separator == "," && text.count <= 2 && parts.last?.count == 3
        && parts.dropLast().allSatisfy { $0.count == 2 }
      if isWestern || isIndian {
        text += parts.joined()
      } else if separator == " " {
        // Two numbers, or a mixed one.
        at = place
      } else {
        return nil
      }
    }
    if peek() == decimal, isDigit(1) {
      at += 1
      text += "." + digits()
      isWhole = false
      if peek() == decimal || peek() == ",", isDigit(1) { return nil }
    }
    guard at > start else { return nil }
    if !hasWhole { text = "0" + text }
    if isAt("eE") {
      let isSigned = isAt("+-", 1)
      if isDigit(isSigned ? 2 : 1) {
        let sign = peek(1) == "-" ? "-" : ""
        at += isSigned ? 2 : 1
        let exponent = digits()
        guard exponent.count <= 3 else { return nil }
        text += "e" + sign + exponent
        isWhole = false
      }
    }
    return (text, isWhole)
  }

  private enum Mixed {
    case none, unreadable
    case fraction(Double)
  }

  /// The fraction after a whole number: `1 1/2`, `1½`.
  private mutating func mixed() -> Mixed {
    let start = at
    skipSpaces()
    if let sign = peek(), let vulgar = AnswerWords.vulgar[sign] {
      at += 1
      return .fraction(vulgar)
    }
    if peek() == PlainSigns.fraction {
      guard let found = fraction(), found > 0, found < 1 else { return .unreadable }
      return .fraction(found)
    }
    if at > start, isDigit() {
      let above = digits()
      guard peek() == "/", isDigit(1) else { return .unreadable }
      at += 1
      guard let below = Double(digits()), let above = Double(above), below > above, above > 0, peek() != "/"
      else { return .unreadable }
      return .fraction(above / below)
    }
    at = start
    return .none
  }

  /// `\frac{3}{4}`, `\frac34`.
  private mutating func fraction() -> Double? {
    at += 1
    var parts: [Double] = []
    for _ in 0..<2 {
      skipSpaces()
      if peek() == "{" {
        at += 1
        skipSpaces()
        let isNegative = peek() == "-"
        if isNegative { at += 1 }
        guard let found = literal(), let value = Double(found.text) else { return nil }
        skipSpaces()
        guard peek() == "}" else { return nil }
        at += 1
        parts.append(isNegative ? -value : value)
      } else if isDigit(), let value = peek().flatMap({ Double(String(Character($0))) }) {
        parts.append(value)
        at += 1
      } else {
        return nil
      }
    }
    return parts[1] == 0 ? nil : parts[0] / parts[1]
  }

  private enum Exponent {
    case none, unreadable
    case power(Int)
  }

  /// `10^4`, `10⁴`, `3×10^4`.
  private mutating func power(_ text: String, _ base: Quantity) -> Quantity? {
    switch exponent() {
    case .unreadable: return nil
    case .power(let exponent): return Self.raised(base.value, exponent)
    case .none: break
    }
    let start = at
    skipSpaces()
    guard isAt("\u{D7}x*\u{B7}\u{22C5}") else {
      at = start
      return base
    }
    at += 1
    skipSpaces()
    guard peek() == "1", peek(1) == "0", !isDigit(2), !text.contains("e") else { return nil }
    at += 2
    guard case .power(let exponent) = exponent() else { return nil }
    return Double("\(text)e\(exponent)").map { Quantity($0) }
  }

  private mutating func exponent() -> Exponent {
    var digits = ""
    if let sign = peek(), AnswerWords.superscripts[sign] != nil {
      while let sign = peek(), let digit = AnswerWords.superscripts[sign] {
        digits.append(digit)
        at += 1
      }
    } else if peek() == "^" {
      at += 1
      let isBraced = isAt("{(")
      if isBraced { at += 1 }
      if peek() == "-" {
        digits = "-"
        at += 1
      }
      digits += self.digits()
      if isBraced {
        guard isAt("})") else { return degrees() }
        at += 1
      } else if digits.isEmpty || digits == "-" {
        return degrees()
      }
    } else {
      return .none
    }
    guard digits.drop(while: { $0 == "-" }).count <= 3, let power = Int(digits) else { return .unreadable }
    return .power(power)
  }

  /// `^\circ` is a unit.
  private mutating func degrees() -> Exponent {
    guard peek() == "\u{B0}" else { return .unreadable }
    at += 1
    if peek() == "}" { at += 1 }
    return .none
  }

  private static func raised(_ base: Double, _ exponent: Int) -> Quantity? {
    guard base == base.rounded(), abs(base) <= 1000, base != 0 || exponent > 0 else { return nil }
    if base == 10 { return Double("1e\(exponent)").map { Quantity($0) } }
    guard exponent >= 0, exponent * "\(Int(base))".count <= 300 else { return nil }
    var value = 1.0
    for _ in 0..<exponent { value *= base }
    return Quantity(value, integer: value < 1e15 ? "\(Int(value))" : nil)
  }

  /// `十二`, `三百零五`; not the numeral of `一样`.
  private mutating func han() -> Quantity? {
    let start = at
    var (total, section) = (0, 0)
    var digit: Int?
    while let sign = peek(), at - start <= 20 {
      if let value = AnswerWords.hanDigits[sign] {
        if let digit, digit != 0 { return nil }
        digit = value
      } else if let unit = AnswerWords.hanUnits[sign] {
        section += (digit ?? 1) * unit
        digit = nil
      } else if let scale = AnswerWords.hanScales[sign] {
        total += (section + (digit ?? 0)) * scale
        (section, digit) = (0, nil)
      } else {
        break
      }
      at += 1
    }
    guard at - start <= 20 else { return nil }
    if let follows = peek(), PlainSigns.standsAlone(follows),
      !AnswerWords.measures.contains(String(Character(follows)))
    {
      return nil
    }
    let value = total + section + (digit ?? 0)
    return Quantity(Double(value), integer: "\(value)")
  }

  // MARK: After the digits

  private enum Step { case goOn, stop, unreadable }

  /// The number with percent, scale and unit, unless what follows says another quantity.
  private mutating func counted(_ number: Quantity) -> Quantity? {
    var number = number
    var unit: [String] = []
    if isAt("\u{2030}!") { return nil }
    loop: while true {
      let isSpaced = isAt(" \t")
      skipSpaces()
      guard let sign = peek(), !isAt("\n;\u{3002}\u{27E7}]}\"'(") else { break }
      let step: Step
      if PlainSigns.isLetter(sign), !isDigit(), AnswerWords.superscripts[sign] == nil {
        step = word(sign, isSpaced: isSpaced, &number, &unit)
      } else {
        step = self.sign(sign, isSpaced: isSpaced, &number, &unit)
      }
      switch step {
      case .goOn: continue
      case .stop: break loop
      case .unreadable: return nil
      }
    }
    number.unit = unit.joined()
    return number
  }

  private mutating func sign(
    _ sign: Unicode.Scalar, isSpaced: Bool, _ number: inout Quantity, _ unit: inout [String]
  ) -> Step {
    switch sign {
    case "%":
      guard !number.isPercent, unit.isEmpty else { return .unreadable }
      number = number.hundredth
    case ")", "~": break
    case ",":
      at += 1
      skipSpaces()
      return isDigit() || peek() == "-" || peek() == PlainSigns.fraction || isNamed(word())
        ? .unreadable : .stop
    case ".": return isDigit(1) || peek(1) == "." && isDigit(2) ? .unreadable : .stop
    case ":":
      at += 1
      skipSpaces()
      return isDigit() ? .unreadable : .stop
    case "-":
      guard isSpaced, peek(1) == " " else { return .unreadable }
      at += 1
      skipSpaces()
      return !isDigit() && peek().map(PlainSigns.isLetter) ?? false ? .stop : .unreadable
    case "\u{B0}", "$", "\u{20AC}", "\u{A3}", "\u{A5}": unit.append(String(Character(sign)))
    case "^" where peek(1) == "\u{B0}":
      unit.append("\u{B0}")
      at += 1
    case "^" where peek(1) == "{" && peek(2) == "\u{B0}":
      unit.append("\u{B0}")
      at += 3
    case "^":
      guard !unit.isEmpty, case .power = exponent() else { return .unreadable }
      unit.append("^")
      return .goOn
    case "/":
      guard !unit.isEmpty, !isDigit(1) else { return .unreadable }
      unit.append("/")
    default:
      guard AnswerWords.superscripts[sign] != nil, !unit.isEmpty else { return .unreadable }
      unit.append(String(Character(sign)))
    }
    at += 1
    return .goOn
  }

  private mutating func word(
    _ sign: Unicode.Scalar, isSpaced: Bool, _ number: inout Quantity, _ unit: inout [String]
  ) -> Step {
    let (word, length) = word()
    if ["st", "nd", "rd", "th"].contains(word), unit.isEmpty, !isSpaced {
      at += length
      return .goOn
    }
    if word == "percent" || word == "pct" || word == "per" && isCent(after: length) {
      number = number.hundredth
      at += length
      if word == "per" {
        skipSpaces()
        at += 4
      }
      return .goOn
    }
    if unit.isEmpty, let scale = AnswerWords.scales[word] {
      number.value *= Double("1e\(scale)") ?? 1
      if let integer = number.integer, integer != "0" {
        number.integer = integer + String(repeating: "0", count: scale)
      }
      at += length
      return .goOn
    }
    if AnswerWords.unreadable.contains(word), !(isSpaced && word == "m") { return .unreadable }
    if AnswerWords.vulgar[sign] != nil || AnswerWords.hanDigits[sign] != nil && unit.isEmpty {
      return .unreadable
    }
    if AnswerWords.stops.contains(word) { return .stop }
    if word == "e", !isSpaced, unit.isEmpty { return .unreadable }
    guard unit.count <= 12 else { return .unreadable }
    unit.append(word)
    at += max(1, length)
    return .goOn
  }

  private func isCent(after length: Int) -> Bool {
    var place = at + length
    while place < end, signs[place] == " " { place += 1 }
    guard place + 4 <= end else { return false }
    return String(String.UnicodeScalarView(signs[place..<(place + 4)])).lowercased() == "cent"
  }
}
