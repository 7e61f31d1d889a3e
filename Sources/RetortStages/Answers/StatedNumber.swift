internal import RetortCore

/// Finds the number that a text states as its answer: the last one it names so or marks, else the one that the text, or
/// its last line, is.
struct StatedNumber {
  /// Nil where the text states none, or several.
  private(set) var quantity: Quantity?
  /// Every number named as the answer or marked and not taken back, in their order.
  private(set) var answers: [Quantity] = []

  private let signs: [Unicode.Scalar]
  private let tokens: [AnswerToken]
  private let mark: DecimalMark
  /// Characters in which an answer is said; what is longer says something else.
  private static let longest = 400

  init(_ text: String, mark: DecimalMark) {
    signs = PlainSigns(text, keepsBraces: true).scalars
    tokens = AnswerToken.list(of: signs)
    self.mark = mark
    let found = read()
    quantity = found
  }

  private func take(_ table: PhraseTable, _ at: Int) -> Int { table.end(in: tokens, at: at) }
  private func has(_ table: PhraseTable, _ at: Int) -> Bool { take(table, at) > at }
  private func place(_ at: Int) -> Int { at < tokens.count ? tokens[at].place : signs.count }

  private func isSign(_ at: Int, of choices: String) -> Bool {
    guard at < tokens.count, tokens[at].kind == .sign, let sign = tokens[at].single else { return false }
    return choices.unicodeScalars.contains(sign)
  }

  private func scanned(_ range: Range<Int>) -> Quantity? {
    var scan = QuantityScan(signs, range, mark)
    return scan.quantity()
  }

  /// The quantity of a stretch; what follows its last sign of equality, where its other side is no equation.
  private func quantity(in range: Range<Int>) -> Quantity? {
    if let found = scanned(range) { return found }
    guard let equals = signs[range].lastIndex(where: { $0 == "=" || $0 == "\u{2248}" }),
      equals + 1 < range.upperBound
    else { return nil }
    let before = signs[range.lowerBound..<equals]
    let hasVariable =
      before.contains(where: PlainSigns.isDigit) && before.indices.contains { isVariable($0, in: before) }
    if before.contains(where: { "=,;".unicodeScalars.contains($0) }) || hasVariable { return nil }
    var scan = QuantityScan(signs, (equals + 1)..<range.upperBound, mark)
    let found = scan.quantity()
    // `3 × 4 = 12. The total is 15.` says more than its equation, and `15 minutes = 900 seconds` says it twice.
    if signs[scan.at..<range.upperBound].contains(where: PlainSigns.isDigit) { return nil }
    if let found, let other = scanned(range.lowerBound..<equals), other.value != found.value { return nil }
    return found
  }

  /// Whether a single letter stands here, as in `5x` and `x + 2`.
  private func isVariable(_ at: Int, in stretch: ArraySlice<Unicode.Scalar>) -> Bool {
    func isLetter(_ place: Int) -> Bool {
      guard stretch.indices.contains(place) else { return false }
      return PlainSigns.isAlphabetic(stretch[place]) && !PlainSigns.standsAlone(stretch[place])
    }
    return isLetter(at) && !isLetter(at - 1) && !isLetter(at + 1) && stretch[at] != "a" && stretch[at] != "I"
  }

  private func isFigure(_ sign: Unicode.Scalar) -> Bool {
    PlainSigns.isDigit(sign) || !sign.isASCII && sign != "\u{3007}" && PlainSigns.isNumber(sign)
      || AnswerWords.hanDigits[sign] != nil || AnswerWords.hanUnits[sign] != nil
  }

  private func hasFigure(_ token: AnswerToken) -> Bool { token.text.unicodeScalars.contains(where: isFigure) }

  // MARK: What is stated

  private mutating func read() -> Quantity? {
    var current: Quantity?
    var (isStated, isFresh, isDenied, isSupposed) = (false, true, false, false)
    // Whether an answer was named that does not count.
    var hasOther = false
    var at = 0
    while at < tokens.count {
      let token = tokens[at]
      if token.kind == .line || isSign(at, of: ".\u{3002}!;?") {
        (isFresh, isDenied, isSupposed) = (true, false, false)
        at += 1
        continue
      }
      if has(AnswerWords.so, at) || ["but", "however", ","].contains(token.low) {
        isDenied = false
        isSupposed = isSupposed && token.text == ","
      }
      if isStated, isFresh && has(AnswerWords.retractions, at) || isNo(at) {
        current = nil
        answers = []
        at = max(take(AnswerWords.retractions, at), at + 1)
        continue
      }
      if isStated, has(AnswerWords.corrections, at) || has(AnswerWords.doubts, at) {
        current = nil
        answers = []
      }
      if isSign(at, of: "\u{27E6}") {
        var close = at + 1
        while close < tokens.count, !isSign(close, of: "\u{27E6}\u{27E7}") { close += 1 }
        if isSign(close, of: "\u{27E7}"), place(close) - token.place <= Self.longest {
          if AnswerWords.isUnmarked(at, in: tokens) || has(AnswerWords.negationsAfter, close + 1) {
            hasOther = true
          } else {
            isStated = true
            current = quantity(in: (token.place + 1)..<place(close))
            answers += [current].compactMap(\.self)
          }
        }
        at = close
        isFresh = false
        continue
      }
      let named = take(AnswerWords.answers, at)
      if named > at {
        if let claim = claim(named) {
          let stop = lineEnd(claim.start)
          if isDenied || isSupposed || AnswerWords.isOther(at, in: tokens, isStated: isStated) {
            hasOther = true
          } else if claim.isDenied {
            isStated = true
          } else if signs[claim.start..<stop].contains(where: isAmount) {
            isStated = true
            current = isBounded(named, stop) ? nil : quantity(in: claim.start..<stop)
            answers += [current].compactMap(\.self)
          }
        }
        at = named
        isFresh = false
        continue
      }
      let supposed = take(AnswerWords.supposed, at)
      if supposed > at {
        isSupposed = true
        isFresh = false
        at = supposed
        continue
      }
      if has(AnswerWords.negations, at) { isDenied = true }
      isFresh = isFresh && token.kind == .sign
      at += 1
    }
    return isStated ? current : hasOther ? nil : unnamed()
  }

  /// Whether words around the first number from `start` on make it a bound, deny it or suppose it.
  private func isBounded(_ start: Int, _ stop: Int) -> Bool {
    // How many words after the number are looked at.
    var left: Int?
    for at in tokens.indices[start...] where left != 0 {
      guard tokens[at].place < stop else { break }
      if left != nil {
        if has(AnswerWords.deniedAfter, at) { return true }
        let isPoint = tokens[at].text == "." && at + 1 < tokens.count && !tokens[at + 1].hasGap
        if isSign(at, of: ".\u{3002}!;?"), !isPoint { break }
      }
      if has(AnswerWords.bounded, at) { return true }
      left = left.map { $0 - 1 } ?? (hasFigure(tokens[at]) ? 5 : nil)
    }
    return false
  }

  private func isAmount(_ sign: Unicode.Scalar) -> Bool {
    PlainSigns.isDigit(sign) || AnswerWords.vulgar[sign] != nil || AnswerWords.hanDigits[sign] != nil
      || sign == "\u{221E}"
  }

  /// `no,` and `no.` take back what was stated.
  private func isNo(_ at: Int) -> Bool {
    guard tokens[at].low == "no", isSign(at + 1, of: ",.!") else { return false }
    return at == 0 || tokens[at - 1].kind == .sign || tokens[at - 1].kind == .line
  }

  /// Where what an answer's link announces begins, and whether it is denied; nil without a link.
  private func claim(_ named: Int) -> (start: Int, isDenied: Bool)? {
    var end = named
    var isLinked = false
    for _ in 0..<12 where end < tokens.count {
      if has(AnswerWords.negations, end) { return (place(end), true) }
      let link = take(AnswerWords.links, end)
      let filler = take(AnswerWords.fillers, end)
      if link > end, !(isLinked && tokens[end].text == "-") {
        isLinked = true
        end = link
      } else if tokens[end].kind == .line {
        isLinked = true
        end += 1
      } else if filler > end {
        end = filler
      } else if !isLinked, tokens[end].kind == .digits {
        end += 1
      } else {
        break
      }
    }
    return isLinked && end < tokens.count ? (place(end), false) : nil
  }

  /// Of the line, or of as much of it as an answer may take.
  private func lineEnd(_ start: Int) -> Int {
    let limit = min(signs.count, start + Self.longest)
    return signs[start..<limit].firstIndex(of: "\n") ?? limit
  }

  // MARK: Without a word that says so

  private func unnamed() -> Quantity? {
    let lines = signs.split(separator: "\n").filter { !$0.allSatisfy(\.properties.isWhitespace) }
    guard let line = lines.last?.indices, line.count <= Self.longest else { return nil }
    let words = tokens.filter { line.contains($0.place) && $0.kind != .line }
    let figures = words.filter(hasFigure)
    guard !figures.isEmpty, words.last?.text != "?",
      !words.contains(where: { AnswerWords.bounds.contains($0.low) }),
      lines.count == 1 || signs[line.lowerBound] != "-"
    else { return nil }
    let doubts = [AnswerWords.bounded, AnswerWords.corrections, AnswerWords.deniedAfter]
    let isDoubtful = tokens.indices.contains { at in
      has(AnswerWords.refusals, at)
        || tokens[at].place >= line.lowerBound && doubts.contains { has($0, at) }
    }
    if isDoubtful { return nil }
    let isOnly = lines.count == 1 || tokens.count(where: hasFigure) == figures.count
    if isOnly || words.count <= 4, let found = quantity(in: line) { return goesOn(line) ? nil : found }
    if isOnly || words.count <= 4, signs[line].contains(where: { "=\u{2248}".unicodeScalars.contains($0) }) {
      return nil
    }
    let hint = tokens.indices.last { tokens[$0].place >= line.lowerBound && has(AnswerWords.numberHints, $0) }
    if let hint {
      return scanned(min(place(take(AnswerWords.numberHints, hint)), line.upperBound)..<line.upperBound)
    }
    let operators: Set<Unicode.Scalar> = [
      "+", "*", "/", "^", "=", "<", ">", "-", "\u{221A}", "\u{D7}", "\u{F7}", "\u{B1}", PlainSigns.fraction,
      PlainSigns.otherCommand,
    ]
    guard lines.count == 1, figures.count == 1, figures[0].kind == .digits,
      !words.contains(where: { $0.single.map(operators.contains) ?? false })
    else { return nil }
    return scanned(figures[0].place..<line.upperBound)
  }

  /// Whether a line is a numbered one: `1. Add`.
  private func goesOn(_ line: Range<Int>) -> Bool {
    var scan = QuantityScan(signs, line, mark)
    _ = scan.quantity()
    let rest = signs[scan.at..<line.upperBound]
    return rest.first == "." && rest.prefix(80).contains(where: PlainSigns.isLetter)
  }
}
