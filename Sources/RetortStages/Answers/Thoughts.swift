internal import RetortCore

/// A model's reply taken apart into its thoughts and the rest, in all spellings that ``ThoughtMark`` knows.
///
/// A closing mark ends all thoughts that are open, of whatever name. One that ends none says that all before it was
/// thought: chat templates open the thoughts themselves, and thoughts speak of tags. Thoughts that never end reach to
/// the reply's end.
struct Thoughts: Hashable, Sendable {
  /// What was thought, without the marks around it, pieces separated by an empty line; empty where nothing was.
  let text: String
  /// The reply without thoughts and their marks; the whole reply where it has none.
  let answer: String
  /// Whether the last thoughts never end.
  let areOpen: Bool

  init(in reply: String) {
    let bytes = Array(reply.utf8)
    var split = ThoughtSplit()
    for mark in ThoughtMark.all(in: bytes) { split.pass(mark) }
    split.end(at: bytes.count)
    areOpen = split.areOpen
    guard split.answer != [0..<bytes.count] else {
      text = ""
      answer = reply
      return
    }
    func string(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
    text = split.thoughts.map { string($0).trimmed }.filter { !$0.isEmpty }.joined(separator: "\n\n")
    answer = split.answer.map(string).joined()
  }
}

/// Which bytes of a reply are thoughts, as its marks are passed in their order.
struct ThoughtSplit {
  /// What is no mark, in order.
  private var pieces: [(range: Range<Int>, isThought: Bool)] = []
  /// So many of the first pieces turned out to be thought.
  private var discarded = 0
  /// The mark of the thoughts that are open.
  private var open: ThoughtMark?
  /// Where the piece begins that the next mark ends.
  private var start = 0

  var areOpen: Bool { open != nil }
  var thoughts: [Range<Int>] {
    pieces[..<discarded].map(\.range) + pieces[discarded...].filter(\.isThought).map(\.range)
  }
  var answer: [Range<Int>] { pieces[discarded...].filter { !$0.isThought }.map(\.range) }

  /// Whether all before the mark was thought.
  @discardableResult mutating func pass(_ mark: ThoughtMark) -> Bool {
    switch mark.kind {
    case .opens:
      // Thoughts within thoughts end with them.
      guard !areOpen else { return false }
      endPiece(at: mark.range.lowerBound)
      open = mark
    case .closes:
      guard !mark.isEveryday || open?.name == mark.name else { return false }
      let ends = areOpen
      endPiece(at: mark.range.lowerBound)
      if !ends { allWasThought() }
      open = nil
    case .ends:
      endPiece(at: mark.range.lowerBound)
      open = nil
    case .answers:
      endPiece(at: mark.range.lowerBound)
      allWasThought()
      open = nil
    }
    start = mark.range.upperBound
    return discarded == pieces.count
  }

  /// - Parameter end: the reply's length in bytes.
  mutating func end(at end: Int) { endPiece(at: end) }

  private mutating func endPiece(at end: Int) {
    if start < end { pieces.append((start..<end, areOpen)) }
  }

  private mutating func allWasThought() { discarded = pieces.count }
}
