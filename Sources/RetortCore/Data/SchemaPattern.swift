/// A regular expression of a JSON Schema, matched in time that grows with text and expression alone.
///
/// What ECMA-262 and all structured-output endpoints share: characters, classes, groups, alternatives, repetitions
/// and the assertions `^ $ \b \B`. Backward references and looking around cannot be matched so, and are refused.
struct SchemaPattern: Sendable {
  /// Why a text is no expression that can be matched.
  struct Refusal: Error, Hashable, Sendable {
    let message: String
  }

  /// Longest program; an expression is as many instructions as characters, more where it repeats.
  static let longest = 10_000
  /// Most steps of a search; nothing that a model writes and a person would call a pattern comes near.
  private static let steps = 200_000_000

  private let program: [Instruction]

  enum Instruction: Sendable {
    case scalar(ScalarSet)
    case split(Int, Int)
    case jump(Int)
    case assert(SchemaPatternParser.Assertion)
    case match
  }

  /// Errors: ``Refusal``.
  init(_ text: String) throws(Refusal) {
    var parser = SchemaPatternParser(text)
    let tree = try parser.expression()
    var program: [Instruction] = []
    try Self.compile(tree, into: &program)
    program.append(.match)
    self.program = program
  }

  private static func compile(
    _ tree: SchemaPatternParser.Tree, into program: inout [Instruction]
  ) throws(Refusal) {
    guard program.count < longest else {
      throw Refusal(message: "expected a pattern of at most \(longest) steps, repetitions written out")
    }
    switch tree {
    case .scalar(let set): program.append(.scalar(set))
    case .assertion(let assertion): program.append(.assert(assertion))
    case .sequence(let parts): for part in parts { try compile(part, into: &program) }
    case .choice(let choices):
      var ends: [Int] = []
      for (index, choice) in choices.enumerated() {
        guard index < choices.count - 1 else {
          try compile(choice, into: &program)
          break
        }
        let split = program.count
        program.append(.jump(0))
        try compile(choice, into: &program)
        ends.append(program.count)
        program.append(.jump(0))
        program[split] = .split(split + 1, program.count)
      }
      for end in ends { program[end] = .jump(program.count) }
    case .repetition(let part, let least, let most):
      for _ in 0..<least { try compile(part, into: &program) }
      if let most {
        var splits: [Int] = []
        for _ in least..<max(least, most) {
          splits.append(program.count)
          program.append(.jump(0))
          try compile(part, into: &program)
        }
        for split in splits { program[split] = .split(split + 1, program.count) }
      } else {
        let split = program.count
        program.append(.jump(0))
        try compile(part, into: &program)
        program.append(.jump(split))
        program[split] = .split(split + 1, program.count)
      }
    }
  }

  /// Whether the expression is found in the text; nil where that takes more steps than a search is given.
  func isFound(in text: String) -> Bool? {
    let scalars = Array(text.unicodeScalars)
    var threads = Threads(count: program.count)
    var next = Threads(count: program.count)
    var left = Self.steps
    for at in 0...scalars.count {
      if add(0, at, scalars, to: &threads) { return true }
      left -= threads.list.count + 1
      guard left > 0 else { return nil }
      guard at < scalars.count else { break }
      for thread in threads.list {
        guard case .scalar(let set) = program[thread], set.contains(scalars[at]) else { continue }
        if add(thread + 1, at + 1, scalars, to: &next) { return true }
      }
      swap(&threads, &next)
      next.clear()
    }
    return false
  }

  private struct Threads {
    private(set) var list: [Int] = []
    private var isIn: [Bool]
    init(count: Int) { isIn = [Bool](repeating: false, count: count) }
    mutating func insert(_ thread: Int) -> Bool {
      guard !isIn[thread] else { return false }
      isIn[thread] = true
      list.append(thread)
      return true
    }
    mutating func clear() {
      for thread in list { isIn[thread] = false }
      list.removeAll(keepingCapacity: true)
    }
  }

  /// Adds all instructions that are reached without a character; whether one of them is the match.
  private func add(_ start: Int, _ at: Int, _ text: [Unicode.Scalar], to threads: inout Threads) -> Bool {
    var waiting = [start]
    while let thread = waiting.popLast() {
      guard threads.insert(thread) else { continue }
      switch program[thread] {
      case .match: return true
      case .jump(let to): waiting.append(to)
      case .split(let first, let second): waiting += [second, first]
      case .assert(let assertion): if assertion.holds(at, in: text) { waiting.append(thread + 1) }
      case .scalar: break
      }
    }
    return false
  }
}

/// A set of Unicode scalars.
struct ScalarSet: Sendable {
  var ranges: [ClosedRange<UInt32>] = []
  /// General categories by the beginning of their names, as `L` or `Lu`; each may be taken the other way round.
  var categories: [(prefix: String, isNegated: Bool)] = []
  /// Sets whose opposite is in this one, as `\D` in a class.
  var excluded: [ScalarSet] = []
  var isNegated = false

  func contains(_ scalar: Unicode.Scalar) -> Bool {
    let isIn =
      ranges.contains { $0.contains(scalar.value) }
      || categories.contains {
        scalar.properties.generalCategory.abbreviation.hasPrefix($0.prefix) != $0.isNegated
      } || excluded.contains { !$0.contains(scalar) }
    return isIn != isNegated
  }

  mutating func add(_ other: ScalarSet) {
    guard !other.isNegated else {
      var plain = other
      plain.isNegated = false
      excluded.append(plain)
      return
    }
    ranges += other.ranges
    categories += other.categories
    excluded += other.excluded
  }

  static let digits = ScalarSet(ranges: [0x30...0x39])
  static let words = ScalarSet(ranges: [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
  static let spaces = ScalarSet(ranges: [
    0x09...0x0D, 0x20...0x20, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029, 0x202F...0x202F,
    0x205F...0x205F, 0x3000...0x3000, 0xFEFF...0xFEFF,
  ])
  /// What `.` matches: all but the ends of lines.
  static let anything = ScalarSet(ranges: [0x0A...0x0A, 0x0D...0x0D, 0x2028...0x2029], isNegated: true)

  var negated: ScalarSet {
    var set = self
    set.isNegated.toggle()
    return set
  }
}

extension Unicode.GeneralCategory {
  /// As `\p{…}` writes it.
  fileprivate var abbreviation: String {
    switch self {
    case .uppercaseLetter: "Lu"
    case .lowercaseLetter: "Ll"
    case .titlecaseLetter: "Lt"
    case .modifierLetter: "Lm"
    case .otherLetter: "Lo"
    case .nonspacingMark: "Mn"
    case .spacingMark: "Mc"
    case .enclosingMark: "Me"
    case .decimalNumber: "Nd"
    case .letterNumber: "Nl"
    case .otherNumber: "No"
    case .connectorPunctuation: "Pc"
    case .dashPunctuation: "Pd"
    case .openPunctuation: "Ps"
    case .closePunctuation: "Pe"
    case .initialPunctuation: "Pi"
    case .finalPunctuation: "Pf"
    case .otherPunctuation: "Po"
    case .mathSymbol: "Sm"
    case .currencySymbol: "Sc"
    case .modifierSymbol: "Sk"
    case .otherSymbol: "So"
    case .spaceSeparator: "Zs"
    case .lineSeparator: "Zl"
    case .paragraphSeparator: "Zp"
    case .control: "Cc"
    case .format: "Cf"
    case .surrogate: "Cs"
    case .privateUse: "Co"
    case .unassigned: "Cn"
    @unknown default: "Cn"
    }
  }
}
