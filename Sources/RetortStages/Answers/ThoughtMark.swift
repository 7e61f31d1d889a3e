internal import RetortCore

/// A tag or channel marker around a model's thoughts.
struct ThoughtMark: Hashable, Sendable {
  enum Kind: Hashable, Sendable {
    /// Thoughts follow.
    case opens
    /// Thoughts end; without an opening mark, all that stands before was thought.
    case closes
    /// What follows is the answer, whatever stood before.
    case answers
    /// The end of a message: thoughts end, and it is no part of the answer.
    case ends
  }

  let kind: Kind
  /// In bytes of the reply.
  let range: Range<Int>
  let name: String
  /// Also an everyday word: it counts only as a pair with something after it.
  let isEveryday: Bool

  /// The marks of a reply, in order. Linear in the reply's length.
  ///
  /// A mark in quotes or backticks of its own is spoken about and is none.
  static func all(in reply: [UInt8]) -> [ThoughtMark] {
    var marks: [ThoughtMark] = []
    var at = 0
    while let next = reply[at...].firstIndex(where: beginsBracket) {
      guard let mark = mark(in: reply, at: next) else {
        at = next + 1
        continue
      }
      if !isQuoted(mark.range, in: reply) { marks.append(mark) }
      at = mark.range.upperBound
    }
    if let bare = bareFinalChannel(in: reply) {
      marks.append(bare)
      marks.sort { $0.range.lowerBound < $1.range.lowerBound }
    }
    return counting(marks, in: reply)
  }

  /// Without everyday words that are no pair with something after it, and without the ends of messages that have no
  /// channels.
  private static func counting(_ marks: [ThoughtMark], in reply: [UInt8]) -> [ThoughtMark] {
    let hasChannels = marks.contains { $0.kind != .ends && $0.name.isEmpty }
    let textEnd = (reply.lastIndex { $0 > 0x20 } ?? 0) + 1
    var open: Set<String> = []
    var lastClose: [String: Int] = [:]
    for mark in marks where mark.kind == .closes { lastClose[mark.name] = mark.range.upperBound }
    return marks.filter { mark in
      if mark.kind == .ends { return hasChannels }
      guard mark.isEveryday else { return true }
      if mark.kind == .closes { return open.remove(mark.name) != nil }
      guard let close = lastClose[mark.name], mark.range.lowerBound < close, close < textEnd else {
        return false
      }
      open.insert(mark.name)
      return true
    }
  }

  /// Names of what reasoning models were trained to write.
  private static let names: Set<String> = [
    "think", "thinking", "thought", "thoughts", "reasoning", "思考",
  ]
  /// Names that prompts use for it, and answers for other things.
  private static let everyday: Set<String> = ["analysis", "reason", "reflection", "scratchpad"]

  /// Whether elements of this name hold thoughts.
  static func names(_ tag: String) -> Bool {
    let name = tag.lowercased()
    return names.contains(name) || everyday.contains(name)
  }

  private struct Brackets {
    let open: [UInt8]
    let close: [UInt8]
    init(_ open: String, _ close: String) {
      self.open = Array(open.utf8)
      self.close = Array(close.utf8)
    }
  }

  private static let brackets = [
    Brackets("<", ">"), Brackets("[", "]"), Brackets("◁", "▷"), Brackets("＜", "＞"), Brackets("&lt;", "&gt;"),
  ]

  /// `<`, `[`, `&`, and the first bytes of the others.
  private static func beginsBracket(_ byte: UInt8) -> Bool {
    byte == 0x3C || byte == 0x5B || byte == 0x26 || byte == 0xE2 || byte == 0xEF
  }

  /// Longest mark, attributes included.
  private static let longest = 256

  private static func mark(in reply: [UInt8], at start: Int) -> ThoughtMark? {
    let window = reply[start..<min(reply.count, start + longest)]
    if window.starts(with: "<|".utf8) || window.starts(with: "<channel|>".utf8) { return token(in: window) }
    for pair in brackets where window.starts(with: pair.open) {
      if let mark = tag(in: window, pair) { return mark }
    }
    return nil
  }

  /// `<think>`, `</ns:think>`, `[THINK]`, `<thinking mode="long">`.
  private static func tag(in window: ArraySlice<UInt8>, _ brackets: Brackets) -> ThoughtMark? {
    var scan = Scan(window.dropFirst(brackets.open.count))
    scan.skipSpace()
    let closes = scan.take("/")
    scan.skipSpace()
    var name = scan.word(before: brackets.close)
    if scan.take(":") { name = scan.word(before: brackets.close) }
    let lowercased = name.lowercased()
    guard names.contains(lowercased) || everyday.contains(lowercased) else { return nil }
    // `[thinking]` heads a paragraph as often as thoughts; `[THINK]` is a model's token.
    let isSquare = brackets.open == [UInt8(ascii: "[")]
    if !isSquare, scan.skipSpace() { scan.skip { $0 != brackets.close[0] && $0 != UInt8(ascii: "<") } }
    guard window[scan.rest.startIndex - 1] != UInt8(ascii: "/"), scan.take(brackets.close) else { return nil }
    return ThoughtMark(
      kind: closes ? .closes : .opens, range: window.startIndex..<scan.rest.startIndex, name: lowercased,
      isEveryday: everyday.contains(lowercased) || isSquare && name != "THINK")
  }

  /// `<|channel|>analysis<|message|>`, `<|START_THINKING|>`, `<|end_of_thought|>`, `<|channel>thought`, `<channel|>`.
  private static func token(in window: ArraySlice<UInt8>) -> ThoughtMark? {
    var scan = Scan(window)
    func mark(_ kind: Kind) -> ThoughtMark {
      ThoughtMark(
        kind: kind, range: window.startIndex..<scan.rest.startIndex, name: "", isEveryday: false)
    }
    if scan.take("<channel|>") { return mark(.closes) }
    guard scan.take("<|") else { return nil }
    let closes = scan.take("/")
    let word = scan.word(before: []).lowercased()
    if word == "channel", scan.take(">") {
      return names.contains(scan.word(before: []).lowercased()) ? mark(.opens) : nil
    }
    guard scan.take("|>") else { return nil }
    switch word {
    case "channel":
      let channel = scan.word(before: []).lowercased()
      scan.takeThrough("<|message|>")
      return mark(channel == "final" ? .answers : .opens)
    case "start":
      _ = scan.word(before: [])
      return mark(.ends)
    case "end", "return", "call": return mark(.ends)
    default: return tokenKind(word, closes).map(mark)
    }
  }

  private static func tokenKind(_ word: String, _ closes: Bool) -> Kind? {
    let prefixes: [(String, Kind)] = [
      ("begin_of_", .opens), ("start_of_", .opens), ("begin_", .opens), ("start_", .opens),
      ("end_of_", .closes), ("end_", .closes), ("", closes ? .closes : .opens),
    ]
    return prefixes.first { word.hasPrefix($0.0) && names.contains(String(word.dropFirst($0.0.count))) }?.1
  }

  /// Servers that swallow channel markers leave `analysis…assistantfinal…`.
  private static func bareFinalChannel(in reply: [UInt8]) -> ThoughtMark? {
    guard reply.drop(while: { $0 <= 0x20 }).starts(with: "analysis".utf8) else { return nil }
    let word = Array("assistantfinal".utf8)
    var at = 0
    while let next = reply[at...].firstIndex(of: word[0]) {
      if reply[next...].starts(with: word) {
        return ThoughtMark(kind: .answers, range: next..<(next + word.count), name: "", isEveryday: false)
      }
      at = next + 1
    }
    return nil
  }

  private static func isQuoted(_ range: Range<Int>, in reply: [UInt8]) -> Bool {
    guard range.lowerBound > 0, range.upperBound < reply.count else { return false }
    let before = reply[range.lowerBound - 1]
    return "`'\"".utf8.contains(before) && reply[range.upperBound] == before
  }
}

/// Reads forwards through bytes.
private struct Scan {
  private(set) var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  @discardableResult mutating func skipSpace() -> Bool { skip { $0 == 0x20 || 0x09...0x0D ~= $0 } }

  /// Whether anything was skipped.
  @discardableResult mutating func skip(while accepts: (UInt8) -> Bool) -> Bool {
    let start = rest.startIndex
    rest = rest.drop(while: accepts)
    return rest.startIndex > start
  }

  mutating func take(_ text: String) -> Bool { take(Array(text.utf8)) }

  mutating func take(_ bytes: [UInt8]) -> Bool {
    guard rest.starts(with: bytes) else { return false }
    rest = rest.dropFirst(bytes.count)
    return true
  }

  /// Takes all up to the end of `text`, or nothing where it does not come.
  mutating func takeThrough(_ text: String) {
    let start = rest
    while !rest.isEmpty {
      if take(text) { return }
      rest = rest.dropFirst()
    }
    rest = start
  }

  /// Letters of any script and `_`, up to `close`.
  mutating func word(before close: [UInt8]) -> String {
    var end = rest.startIndex
    while end < rest.endIndex, Self.isLetter(rest[end]), close.isEmpty || !rest[end...].starts(with: close) {
      end += 1
    }
    defer { rest = rest[end...] }
    return String(decoding: rest[..<end], as: UTF8.self)
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    byte >= 0x80 || byte == UInt8(ascii: "_") || 0x61...0x7A ~= byte | 0x20
  }
}
