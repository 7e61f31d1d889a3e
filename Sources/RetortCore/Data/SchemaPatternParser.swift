/// Reads the text of a ``SchemaPattern``.
struct SchemaPatternParser {
  indirect enum Tree {
    case scalar(ScalarSet)
    case assertion(Assertion)
    case sequence([Tree])
    case choice([Tree])
    case repetition(Tree, least: Int, most: Int?)
  }

  enum Assertion: Sendable {
    case start, end, wordBoundary, noWordBoundary

    func holds(_ at: Int, in text: [Unicode.Scalar]) -> Bool {
      switch self {
      case .start: return at == 0
      case .end: return at == text.count
      case .wordBoundary, .noWordBoundary:
        let before = at > 0 && ScalarSet.words.contains(text[at - 1])
        let after = at < text.count && ScalarSet.words.contains(text[at])
        return (before != after) == (self == .wordBoundary)
      }
    }
  }

  private let text: [Unicode.Scalar]
  private var at = 0
  private var depth = 0

  /// Most groups inside each other, and most repetitions of one part.
  private static let deepest = 100
  private static let most = 1000

  init(_ text: String) { self.text = Array(text.unicodeScalars) }

  /// The whole text. Errors: ``SchemaPattern/Refusal``.
  mutating func expression() throws(SchemaPattern.Refusal) -> Tree {
    let tree = try choice()
    guard at == text.count else { throw refusal("expected the end of the pattern") }
    return tree
  }

  private func refusal(_ expected: String, at place: Int? = nil) -> SchemaPattern.Refusal {
    let place = place ?? at
    let found = place < text.count ? "'\(text[place])'" : "the end of the pattern"
    return SchemaPattern.Refusal(message: "\(expected), found \(found) at character \(place + 1)")
  }

  private var next: Unicode.Scalar? { at < text.count ? text[at] : nil }

  private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard next == scalar else { return false }
    at += 1
    return true
  }

  private mutating func choice() throws(SchemaPattern.Refusal) -> Tree {
    var choices = [try sequence()]
    while take("|") { choices.append(try sequence()) }
    return choices.count == 1 ? choices[0] : .choice(choices)
  }

  private mutating func sequence() throws(SchemaPattern.Refusal) -> Tree {
    var parts: [Tree] = []
    while let scalar = next, scalar != "|", scalar != ")" { parts.append(try repeated(try atom())) }
    return .sequence(parts)
  }

  private mutating func repeated(_ part: Tree) throws(SchemaPattern.Refusal) -> Tree {
    let start = at
    guard let bounds = try bounds() else { return part }
    if case .assertion = part {
      throw refusal("expected something that can be repeated before it", at: start)
    }
    // A lazy repetition finds the same texts.
    _ = take("?")
    if let most = bounds.most, most < bounds.least {
      throw refusal("expected the least number of repetitions first", at: start)
    }
    guard max(bounds.least, bounds.most ?? 0) <= Self.most else {
      throw refusal("expected at most \(Self.most) repetitions", at: start)
    }
    if let next, "*+?{".unicodeScalars.contains(next) { throw refusal("expected one repetition") }
    return .repetition(part, least: bounds.least, most: bounds.most)
  }

  private mutating func bounds() throws(SchemaPattern.Refusal) -> (least: Int, most: Int?)? {
    if take("*") { return (0, nil) }
    if take("+") { return (1, nil) }
    if take("?") { return (0, 1) }
    guard take("{") else { return nil }
    guard let least = number() else { throw refusal("expected a number of repetitions after '{'") }
    var most: Int? = least
    if take(",") { most = number() }
    guard take("}") else { throw refusal("expected '}' after the number of repetitions") }
    return (least, most)
  }

  private mutating func number() -> Int? {
    var digits = ""
    while let scalar = next, ScalarSet.digits.contains(scalar), digits.count < 9 {
      digits.unicodeScalars.append(scalar)
      at += 1
    }
    return Int(digits)
  }

  private mutating func atom() throws(SchemaPattern.Refusal) -> Tree {
    let start = at
    guard let scalar = next else { throw refusal("expected more") }
    at += 1
    switch scalar {
    case "^": return .assertion(.start)
    case "$": return .assertion(.end)
    case ".": return .scalar(.anything)
    case "(": return try group(start)
    case "[": return .scalar(try characterClass(start))
    case "\\": return try escape()
    case "*", "+", "?", "{": throw refusal("expected something to repeat before it", at: start)
    case "}", "]": throw refusal("expected '\\\(scalar)' for the character itself", at: start)
    default: return .scalar(Self.one(scalar))
    }
  }

  private mutating func group(_ start: Int) throws(SchemaPattern.Refusal) -> Tree {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.deepest else {
      throw refusal("expected at most \(Self.deepest) groups inside each other")
    }
    if take("?") {
      if take("<"), let first = next, first != "=", first != "!" {
        while let scalar = next, scalar != ">", ScalarSet.words.contains(scalar) { at += 1 }
        guard take(">") else { throw refusal("expected '>' after a group's name") }
      } else if !take(":") {
        throw refusal(
          "expected a group without looking ahead or behind, which is not matched here", at: start)
      }
    }
    let tree = try choice()
    guard take(")") else { throw refusal("expected ')'") }
    return tree
  }

  private static func one(_ scalar: Unicode.Scalar) -> ScalarSet {
    ScalarSet(ranges: [scalar.value...scalar.value])
  }

  private mutating func characterClass(_ start: Int) throws(SchemaPattern.Refusal) -> ScalarSet {
    var set = ScalarSet()
    let isNegated = take("^")
    while !take("]") {
      let first = try member()
      guard next == "-", at + 1 < text.count, text[at + 1] != "]" else {
        set.add(first)
        continue
      }
      let dash = at
      at += 1
      let last = try member()
      guard let from = first.single, let to = last.single, from <= to else {
        throw refusal("expected a range from a character to a later one", at: dash)
      }
      set.ranges.append(from...to)
    }
    set.isNegated = isNegated
    return set
  }

  private mutating func member() throws(SchemaPattern.Refusal) -> ScalarSet {
    guard let scalar = next else { throw refusal("expected ']'") }
    at += 1
    guard scalar == "\\" else { return Self.one(scalar) }
    if take("b") { return Self.one("\u{8}") }
    guard case .scalar(let set) = try escape() else { throw refusal("expected a character", at: at - 1) }
    return set
  }

  /// What follows a backslash.
  private mutating func escape() throws(SchemaPattern.Refusal) -> Tree {
    let start = at
    guard let scalar = next else { throw refusal("expected a character after '\\'") }
    at += 1
    switch scalar {
    case "d": return .scalar(.digits)
    case "D": return .scalar(ScalarSet.digits.negated)
    case "w": return .scalar(.words)
    case "W": return .scalar(ScalarSet.words.negated)
    case "s": return .scalar(.spaces)
    case "S": return .scalar(ScalarSet.spaces.negated)
    case "b": return .assertion(.wordBoundary)
    case "B": return .assertion(.noWordBoundary)
    case "t": return .scalar(Self.one("\t"))
    case "n": return .scalar(Self.one("\n"))
    case "r": return .scalar(Self.one("\r"))
    case "f": return .scalar(Self.one("\u{C}"))
    case "v": return .scalar(Self.one("\u{B}"))
    case "0": return .scalar(Self.one("\0"))
    case "x": return .scalar(try hex(2))
    case "u": return .scalar(try take("{") ? bracedHex() : hex(4))
    case "p", "P": return .scalar(try category(isNegated: scalar == "P"))
    default:
      guard !ScalarSet.words.contains(scalar) else {
        throw refusal("expected an escape that can be matched here", at: start)
      }
      return .scalar(Self.one(scalar))
    }
  }

  private mutating func hex(_ count: Int) throws(SchemaPattern.Refusal) -> ScalarSet {
    let digits = String(String.UnicodeScalarView(text[at..<min(text.count, at + count)]))
    guard digits.utf8.count == count, let value = UInt32(digits, radix: 16),
      let scalar = Unicode.Scalar(value)
    else {
      throw refusal("expected \(count) hex digits of a character")
    }
    at += count
    return Self.one(scalar)
  }

  private mutating func bracedHex() throws(SchemaPattern.Refusal) -> ScalarSet {
    guard let end = text[at...].prefix(8).firstIndex(of: "}"),
      let value = UInt32(String(String.UnicodeScalarView(text[at..<end])), radix: 16),
      let scalar = Unicode.Scalar(value)
    else { throw refusal("expected hex digits of a character and '}'") }
    at = end + 1
    return Self.one(scalar)
  }

  private mutating func category(isNegated: Bool) throws(SchemaPattern.Refusal) -> ScalarSet {
    let start = at
    guard take("{"), let end = text[at...].prefix(4).firstIndex(of: "}") else {
      throw refusal("expected a general category such as {L} or {Lu}", at: start)
    }
    let name = String(String.UnicodeScalarView(text[at..<end]))
    guard
      "L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm Sc Sk So Z Zs Zl Zp C Cc Cf Co Cn"
        .split(separator: " ").contains(Substring(name))
    else { throw refusal("expected a general category such as {L} or {Lu}", at: at) }
    at = end + 1
    return ScalarSet(categories: [(name, isNegated)])
  }
}

extension ScalarSet {
  /// The only scalar of the set, where it was written as one.
  fileprivate var single: UInt32? {
    guard !isNegated, categories.isEmpty, excluded.isEmpty, ranges.count == 1, ranges[0].count == 1 else {
      return nil
    }
    return ranges[0].lowerBound
  }
}
