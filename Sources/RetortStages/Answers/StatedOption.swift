internal import RetortCore

/// Finds the option letter that a text states as its answer: the last one stated, unless its sentence denies, supposes
/// or asks it. None where a text states none, or several side by side.
struct StatedOption {
  /// From 0 for A; nil where the text states none, or several.
  private(set) var option: Int?
  /// Every option stated as the answer and not taken back, from 0 for A; those said in passing are not among them.
  private(set) var answers: Set<Int> = []

  private let tokens: [AnswerToken]
  private let limit: Int
  private var listed: Set<Int> = []
  private var ends: [Int] = []
  private var current: Int?
  private var strength = Strength.none
  private var isMixed = false
  private var wasRetracted = false

  /// How an option is stated: not at all, in passing, as the answer.
  private enum Strength: Int { case none, passing, answer }
  private typealias Option = (letter: Int, end: Int)

  /// What holds of the sentence that is being read.
  private struct Sentence {
    /// What follows is supposed, or said of others.
    var isSupposed = false
    var isDenied = false
    /// Nothing of weight has been said in it yet.
    var isFresh = true
  }

  /// - Parameter limit: how many options there are.
  init(_ text: String, limit: Int) {
    tokens = AnswerToken.list(of: PlainSigns(text).scalars)
    self.limit = limit
    listed = numbering()
    ends = sentenceEnds()
    read()
    if strength != .none, !isMixed { option = current }
  }

  // MARK: What a statement does

  private mutating func state(_ letters: [Int], _ how: Strength) {
    let letter = Set(letters).count == 1 && letters[0] < limit ? letters[0] : nil
    if how == .answer {
      answers.formUnion(letters)
      (current, strength, isMixed) = (letter, .answer, letter == nil)
    } else if letter == nil || strength != .none && letter != current {
      isMixed = true
    } else if strength == .none {
      (current, strength) = (letter, .passing)
    }
  }

  private mutating func retract() {
    (current, strength, isMixed, wasRetracted) = (nil, .none, false, true)
    answers = []
  }

  private mutating func reject(_ letters: [Int]) {
    if strength != .none, letters.contains(where: { $0 == current }) { isMixed = true }
  }

  // MARK: Single steps, each from an index to the one after what it took

  private func take(_ table: PhraseTable, _ at: Int) -> Int { table.end(in: tokens, at: at) }
  private func has(_ table: PhraseTable, _ at: Int) -> Bool { take(table, at) > at }
  private func token(_ at: Int) -> AnswerToken? { tokens.indices.contains(at) ? tokens[at] : nil }

  private func isSign(_ at: Int, of signs: String) -> Bool {
    guard let token = token(at), token.kind == .sign, let sign = token.single else { return false }
    return signs.unicodeScalars.contains(sign)
  }

  private func skipping(_ tables: [PhraseTable], from at: Int) -> Int {
    var end = at
    while let next = tables.map({ take($0, end) }).max(), next > end { end = next }
    return end
  }

  private static let openers = "([\"'\u{27E6}"
  private static let closers = ")]\"'\u{27E7}"

  /// The option named at an index, brackets included. `isLoose`: small letters, Arabic ones and ordinals too.
  private func option(at start: Int, isLoose: Bool) -> Option? {
    var at = start
    while at - start < 4, isSign(at, of: Self.openers) { at += 1 }
    guard let token = token(at), !listed.contains(at) else { return nil }
    guard let letter = letter(token, isLoose: isLoose || at > start) else {
      return isLoose ? ordinal(at) : nil
    }
    at += 1
    while isSign(at, of: Self.closers) { at += 1 }
    let isClosed = tokens[at - 1].kind == .sign
    return isWhole(token, before: at, isClosed: isClosed) ? (letter, at) : nil
  }

  private func letter(_ token: AnswerToken, isLoose: Bool) -> Int? {
    guard let sign = token.single, token.kind == .word else { return nil }
    switch sign {
    case "A"..."Z": return Int(sign.value) - 65
    case "a"..."z": return isLoose ? Int(sign.value) - 97 : nil
    default: return isLoose ? AnswerWords.arabic[token.text] : nil
    }
  }

  private func ordinal(_ at: Int) -> Option? {
    guard let token = token(at), let place = AnswerWords.ordinals[token.low], let noun = self.token(at + 1),
      AnswerWords.verdictNouns.contains(noun.low)
    else { return nil }
    return (place, at + 2)
  }

  /// Whether a letter is a word of its own before what follows it, and no initial, unit, set or article.
  private func isWhole(_ letter: AnswerToken, before at: Int, isClosed: Bool) -> Bool {
    guard let token = token(at) else { return true }
    switch token.kind {
    case .line: return true
    case .digits: return isClosed && token.hasGap
    case .sign:
      if isSign(at, of: ".\u{3002},:;!?") {
        let after = self.token(at + 1)
        // `B. F. Skinner`, `e.g.`
        if token.text == ".", let after, after.kind == .word, after.single != nil {
          if let stop = self.token(at + 2), stop.text == ".", !stop.hasGap { return false }
          if !after.hasGap { return false }
        }
        return !(isSign(at, of: ",:") && after?.kind == .digits && after?.hasGap == false)
      }
      return token.text == "-" ? token.hasGap : isSign(at, of: "/&()[]\"'\u{2192}\u{27E6}\u{27E7}")
    case .word, .character:
      if isClosed { return token.hasGap || token.kind == .character }
      return (token.hasGap || token.kind == .character) && has(AnswerWords.followers, at)
    }
  }

  /// Further options after a stated one, which are added to `letters`: `B or C`, `(A) (B)`.
  private func more(after start: Int, _ letters: inout [Int]) -> Int {
    var at = start
    while let token = token(at) {
      guard AnswerWords.and.contains(token.low) else {
        guard isSign(at, of: "([\u{27E6}"), let found = option(at: at, isLoose: false),
          isSign(found.end - 1, of: Self.closers)
        else { break }
        letters.append(found.letter)
        at = found.end
        continue
      }
      var next = at + 1
      let between: Set<String> = ["rather", "also", "possibly", "maybe", "是", "者"]
      while let word = self.token(next)?.low, AnswerWords.and.contains(word) || between.contains(word) {
        next += 1
      }
      while let word = self.token(next)?.low, AnswerWords.optionNouns.contains(word) { next += 1 }
      let isSmall = at > 0 && (tokens[at - 1].single.map { ("a"..."j").contains($0) } ?? false)
      guard let found = option(at: next, isLoose: isSmall),
        !(token.text == "," && has(AnswerWords.wrong, found.end))
      else { break }
      letters.append(found.letter)
      at = found.end
    }
    return at
  }

  /// Whether a clause ends at an index, or goes on with a reason.
  private func isEnded(_ at: Int) -> Bool {
    guard let token = token(at) else { return true }
    return token.kind == .line || isSign(at, of: ".\u{3002}!;,:)]-\u{27E7}")
      || AnswerWords.reasons.contains(token.low)
  }

  // MARK: What holds of the whole text

  /// Letters that number a list of options: of lines `A. …` and `B. …` one after the other.
  private func numbering() -> Set<Int> {
    var found: Set<Int> = []
    var previous: (line: Int, letter: Int, at: Int)?
    var line = 0
    var isFirst = true
    for (at, token) in tokens.enumerated() {
      if token.kind == .line {
        if !isFirst { line += 1 }
        isFirst = true
      } else if isFirst, !isSign(at, of: "([\"\u{27E6}") {
        isFirst = false
        guard let letter = letter(token, isLoose: false), isSign(at + 1, of: ".):,-]") else { continue }
        if let previous, previous.line + 1 == line, previous.letter != letter {
          found.formUnion([previous.at, at])
        }
        previous = (line, letter, at)
      }
    }
    return found
  }

  private func isEnd(_ at: Int) -> Bool {
    tokens[at].kind == .line || isSign(at, of: ".\u{3002}!;?")
  }

  /// Of each token, where its sentence ends.
  private func sentenceEnds() -> [Int] {
    var ends = Array(repeating: tokens.count, count: tokens.count + 1)
    var end = tokens.count
    for at in tokens.indices.reversed() {
      if isEnd(at) { end = at }
      ends[at] = end
    }
    return ends
  }

  private func isAsked(_ at: Int) -> Bool {
    let end = ends[at]
    if token(end)?.text == "?" { return true }
    return end > at && ["吗", "嗎", "呢"].contains(tokens[end - 1].text)
  }

  // MARK: The walk

  private mutating func read() {
    let words = tokens.filter { $0.kind != .sign && $0.kind != .line }
    if words.count == 1, tokens.count < 12, let letter = letter(words[0], isLoose: true) {
      if !tokens.contains(where: { "?+=%^".contains($0.text) }) { state([letter], .answer) }
      return
    }
    readFirstAndLastLine()
    var at = 0
    var sentence = Sentence()
    while at < tokens.count {
      let token = tokens[at]
      if isEnd(at) {
        sentence = Sentence()
        at += 1
        continue
      }
      if isSign(at, of: ",:") || ["but", "and", "while", "whereas", "而", "但"].contains(token.low) {
        sentence.isDenied = false
      }
      if has(AnswerWords.so, at) || ["but", "however", "但", "yet"].contains(token.low) {
        sentence.isDenied = false
        sentence.isSupposed = false
      }
      let retracted = retraction(at, sentence)
      if retracted > at {
        retract()
        sentence = Sentence()
        at = retracted
        continue
      }
      let corrected = take(AnswerWords.corrections, at)
      if strength != .none, corrected > at {
        retract()
        sentence = Sentence()
        at = corrected
        continue
      }
      if strength != .none, has(AnswerWords.doubts, at) { isMixed = true }
      let after = statement(at, sentence)
      if after > at {
        sentence.isFresh = false
        sentence.isDenied = false
        at = after
        continue
      }
      let supposed = take(AnswerWords.supposed, at)
      if supposed > at {
        sentence.isSupposed = true
        sentence.isFresh = false
        at = supposed
        continue
      }
      if has(AnswerWords.negations, at) { sentence.isDenied = true }
      if token.kind != .sign, !AnswerWords.optionNouns.contains(token.low), !Self.prefaces.contains(token.low)
      {
        sentence.isFresh = false
      }
      at += 1
    }
  }

  private static let prefaces: Set<String> = [
    "so", "well", "ok", "okay", "yes", "then", "now", "and", "thus",
  ]

  private func retraction(_ at: Int, _ sentence: Sentence) -> Int {
    if ["no", "nein", "non", "нет", "不"].contains(tokens[at].low) {
      let follows = at == 0 || tokens[at - 1].kind == .line || tokens[at - 1].kind == .sign
      let stops =
        at + 1 >= tokens.count || tokens[at + 1].kind == .line || isSign(at + 1, of: ",.\u{3002}!:-")
      if follows, stops { return at + 1 }
    }
    return sentence.isFresh ? take(AnswerWords.retractions, at) : at
  }

  /// Takes what is stated at an index; the same index when nothing is.
  private mutating func statement(_ at: Int, _ sentence: Sentence) -> Int {
    if isSign(at, of: "\u{27E6}") { return marked(at) }
    let named = take(AnswerWords.answers, at)
    if named > at, !has(AnswerWords.hints, at) {
      var sentence = sentence
      if AnswerWords.isOther(at, in: tokens, isStated: strength != .none) { sentence.isSupposed = true }
      return answer(at, named, sentence)
    }
    let chosen = take(AnswerWords.choices, at)
    if chosen > at, !isCompound(at, chosen), case let end = claim(at, chosen, sentence, .answer), end > at {
      return end
    }
    let hinted = take(AnswerWords.hints, at)
    if hinted > at, case let end = claim(at, hinted, sentence, .passing), end > at { return end }
    return verdict(at, sentence)
  }

  /// Whether a choice's word is but a part of another: `选项`, `可选`.
  private func isCompound(_ at: Int, _ end: Int) -> Bool {
    guard tokens[at].kind == .character else { return false }
    let before = at > 0 && ["可", "要", "首", "挑", "当", "若", "候", "备"].contains(tokens[at - 1].text)
    return before || ["项", "項", "题", "題"].contains(token(end)?.text)
  }

  /// An option in a box or an answer element; what else stands there states no option.
  private mutating func marked(_ at: Int) -> Int {
    var end = skipping([AnswerWords.fillers, AnswerWords.answers, AnswerWords.links], from: at + 1)
    while token(end)?.kind == .line { end += 1 }
    guard let inner = option(at: end, isLoose: true) else { return at }
    if has(AnswerWords.negationsAfter, inner.end) { return inner.end }
    var letters = [inner.letter]
    let after = more(after: inner.end, &letters)
    if AnswerWords.isUnmarked(at, in: tokens) {
      reject([inner.letter])
      return after
    }
    state(letters, .answer)
    return after
  }

  /// `the answer is B`: a link and words of no weight may stand between.
  private mutating func answer(_ at: Int, _ named: Int, _ sentence: Sentence) -> Int {
    var end = named
    var isLinked = tokens[end - 1].low == "answer's"
    var hasLine = false
    var isDone = false
    if tokens[at].low == "答", end - at == 1, ![":", "是", "为", "选"].contains(token(end)?.text) { return at }
    for _ in 0..<12 {
      guard let token = token(end) else {
        isDone = true
        break
      }
      if isLinked, has(AnswerWords.nothing, end) {
        if !sentence.isSupposed, !sentence.isDenied { state([limit], .answer) }
        return end
      }
      if has(AnswerWords.negations, end), !(token.low == "no" && option(at: end, isLoose: false) != nil) {
        return denied(at, end)
      }
      if let option = option(at: end, isLoose: isLinked), isLinked || isDirect(option.end) {
        isDone = true
        break
      }
      let link = take(AnswerWords.links, end)
      let filler = take(AnswerWords.fillers, end)
      if token.kind == .line {
        hasLine = true
        end += 1
      } else if link > end {
        isLinked = true
        end = link
      } else if filler > end {
        end = filler
      } else if isSign(end, of: "()[]\"'\u{27E6}\u{27E7}") {
        isLinked = isLinked || isSign(end, of: "\u{27E6}")
        end += 1
      } else if token.kind == .digits, !isLinked, !hasLine {
        end += 1
      } else {
        isDone = true
        break
      }
    }
    guard isDone || end >= tokens.count, let option = option(at: end, isLoose: isLinked || hasLine),
      isLinked || hasLine || isDirect(option.end)
    else { return at }
    return settle(option, sentence, .answer)
  }

  /// `Answer B` without a link: only where nothing else is said.
  private func isDirect(_ at: Int) -> Bool {
    guard let token = token(at) else { return true }
    return token.kind == .line || isSign(at, of: ".\u{3002}!")
  }

  private mutating func claim(_ at: Int, _ start: Int, _ sentence: Sentence, _ how: Strength) -> Int {
    var end = start
    var hasNoun = false
    for _ in 0..<6 {
      guard let token = token(end) else { break }
      if has(AnswerWords.negations, end) { return denied(at, end) }
      if option(at: end, isLoose: false) != nil { break }
      hasNoun = hasNoun || AnswerWords.optionNouns.contains(token.low)
      let filler = take(AnswerWords.fillers, end)
      if filler > end {
        end = filler
      } else if isSign(end, of: ",:") {
        end += 1
      } else {
        break
      }
    }
    guard let option = option(at: end, isLoose: how == .answer || hasNoun) else { return at }
    if how == .passing, !isEnded(option.end) { return at }
    if tokens[at].low == "it", ["who", "that", "which"].contains(token(option.end)?.low) { return at }
    return settle(option, sentence, how)
  }

  /// Makes a statement of an option that was read, unless its sentence takes it back.
  private mutating func settle(_ option: Option, _ sentence: Sentence, _ how: Strength) -> Int {
    if has(AnswerWords.negationsAfter, option.end) {
      reject([option.letter])
      return option.end
    }
    var letters = [option.letter]
    let follows = token(option.end)?.low ?? ""
    let after = more(after: option.end, &letters)
    if sentence.isDenied {
      reject(letters)
    } else if !sentence.isSupposed, !AnswerWords.conditions.contains(follows), !isAsked(after) {
      state(letters, how)
    }
    return after
  }

  /// `is not A`: no statement; `not A but B` and `不是A，而是B` state B.
  private mutating func denied(_ at: Int, _ negation: Int) -> Int {
    let between = [AnswerWords.fillers, AnswerWords.links]
    var end = skipping(between, from: max(take(AnswerWords.negations, negation), negation + 1))
    guard let option = option(at: end, isLoose: false) else { return at }
    reject([option.letter])
    var letters: [Int] = []
    let after = more(after: option.end, &letters)
    end = after
    if token(end)?.text == "," { end += 1 }
    let but = take(AnswerWords.but, end)
    if but > end, let found = self.option(at: skipping(between, from: but), isLoose: false),
      !isAsked(found.end)
    {
      state([found.letter], .answer)
      return found.end
    }
    return after
  }

  /// `B is correct`, `B选项正确`, a sentence that is but a letter.
  private mutating func verdict(_ at: Int, _ sentence: Sentence) -> Int {
    let hasNoun = at > 0 && AnswerWords.optionNouns.contains(tokens[at - 1].low)
    guard let option = ordinal(at) ?? option(at: at, isLoose: hasNoun) else { return at }
    var letters = [option.letter]
    let end = more(after: option.end, &letters)
    let wrong = take(AnswerWords.wrong, end)
    if wrong > end {
      reject(letters)
      return wrong
    }
    var said = take(AnswerWords.verdicts, end)
    if said > end, has(AnswerWords.negationsAfter, said) {
      reject(letters)
      return said
    }
    if said > end {
      while let word = token(said)?.low, AnswerWords.verdictNouns.contains(word) { said += 1 }
      if isEnded(said) || token(said)?.kind == .character
        || ["and", "but", "to"].contains(token(said)?.low)
      {
        if !sentence.isSupposed, !isAsked(said) {
          if sentence.isDenied { reject(letters) } else { state(letters, .passing) }
        }
        return said
      }
    }
    if sentence.isFresh, isAlone(option.end), !isAsked(option.end) { state(letters, .passing) }
    return end
  }

  /// Whether a sentence ends right after its letter; `B. All birds fly` is an option's text.
  private func isAlone(_ end: Int) -> Bool {
    guard let token = token(end) else { return true }
    if token.text == "." {
      return wasRetracted || end + 1 >= tokens.count || tokens[end + 1].kind == .line
        || tokens[end + 1].text == "."
    }
    return token.kind == .line || isSign(end, of: "\u{3002}!")
  }

  /// `B) because …`: the option that the first line, or the last, begins with.
  private mutating func readFirstAndLastLine() {
    let lines = tokens.split { $0.kind == .line }
    guard let first = lines.first, let last = lines.last else { return }
    readLine(first)
    if last.startIndex != first.startIndex { readLine(last) }
  }

  private mutating func readLine(_ line: ArraySlice<AnswerToken>) {
    let start = line.startIndex
    guard let option = option(at: start, isLoose: false), option.end < line.endIndex else { return }
    let isClosed = isSign(option.end - 1, of: ")]")
    let follows = tokens[option.end]
    let isReason =
      AnswerWords.reasons.contains(follows.low)
      || follows.text == ","
        && AnswerWords.reasons.contains(tokens[min(option.end + 1, tokens.count - 1)].low)
    let hasMark =
      tokens[option.end - 1].kind == .sign ? isClosed : isSign(option.end, of: ")]")
    guard isReason || isSign(option.end, of: ".:-") || hasMark else { return }
    if hasMark, option.end == start + 3, AnswerWords.verdictStarts.contains(follows.low) { return }
    let near = option.end..<min(line.endIndex, option.end + 30)
    guard !near.contains(where: { has(AnswerWords.negations, $0) || has(AnswerWords.wrongWords, $0) })
    else { return }
    var letters = [option.letter]
    _ = more(after: option.end, &letters)
    if !isAsked(option.end), Set(letters).count == 1 { state(letters, .passing) }
  }
}
