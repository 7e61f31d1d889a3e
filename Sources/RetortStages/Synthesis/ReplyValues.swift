internal import RetortCore

/// The JSON values in a model's reply, none inside another, with its thoughts left out.
///
/// Nothing is repaired: what begins like a value and is none is a broken value, with its error's place in the reply;
/// a whole value inside a broken one is not looked for. A thought's mark inside a whole value is text.
struct ReplyValues {
  enum Found {
    case whole(JSON, Range<Int>)
    /// The error's place is counted from the range's beginning; ``placed(_:after:)`` counts it in the reply.
    case broken(JSONError, Range<Int>)
  }

  /// In bytes, as the ranges of what was found.
  let reply: [UInt8]
  private(set) var found: [Found] = []
  private(set) var thoughtsAreOpen = false
  private let limits: JSON.Limits

  /// Errors: ``JSONError`` where the reply is longer than the limits allow.
  init(in reply: String, limits: JSON.Limits = .reply) throws(JSONError) {
    self.reply = Array(reply.utf8)
    self.limits = limits
    guard self.reply.count <= limits.bytes else {
      throw JSONError("expected a reply of at most \(limits.bytes) bytes, found \(self.reply.count)")
    }
    if let whole = try? JSON(parsing: self.reply, limits: limits) {
      found = [.whole(Self.unquoted(whole, limits), 0..<self.reply.count)]
    } else {
      search()
    }
  }

  /// Why there is no value.
  var nothing: JSONError {
    thoughtsAreOpen
      ? JSONError("expected </think> and an answer after it, found only reasoning")
      : JSONError("expected a JSON object or list in the reply, found none")
  }

  func text(of range: Range<Int>) -> String { String(decoding: reply[range], as: UTF8.self) }

  /// A reply that is one JSON text holding an object or a list says that.
  private static func unquoted(_ json: JSON, _ limits: JSON.Limits) -> JSON {
    guard let text = json.string, let inner = try? JSON(parsing: text, limits: limits),
      inner.object != nil || inner.array != nil
    else { return json }
    return inner
  }

  private mutating func search() {
    var split = ThoughtSplit()
    var marks = ThoughtMark.all(in: reply)[...]
    var at = 0
    while true {
      let end = marks.first?.range.lowerBound ?? reply.count
      if !split.areOpen, at < end, let start = reply[at..<end].firstIndex(where: Self.isOpening) {
        at = read(at: start, before: end)
        marks = marks.drop { $0.range.lowerBound < at }
      } else if let mark = marks.popFirst() {
        if split.pass(mark) { found = [] }
        at = max(at, mark.range.upperBound)
      } else {
        break
      }
    }
    thoughtsAreOpen = split.areOpen
  }

  private static func isOpening(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[")
  }

  /// Reads what the bracket at `start` opens; where to go on. Something broken ends before the next mark at the latest.
  private mutating func read(at start: Int, before mark: Int) -> Int {
    guard looksLikeJSON(at: start) else { return start + 1 }
    do throws(JSONError) {
      let (value, count) = try JSON.prefix(of: reply[start...], limits: limits)
      found.append(.whole(value, start..<(start + count)))
      return start + count
    } catch {
      let end = balancedEnd(from: start, before: mark)
      found.append(.broken(error, start..<end))
      return end
    }
  }

  func placed(_ error: JSONError, after start: Int) -> JSONError {
    let before = reply[..<(start + error.offset)]
    let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    return JSONError(
      error.message, line: before.count { $0 == 0x0A } + 1,
      column: before[lineStart...].count { $0 & 0xC0 != 0x80 } + 1, offset: before.count)
  }

  /// Whether a bracket in prose can be the start of a value: `{braces}`, `[sic]` and `[0, 1)` are not.
  private func looksLikeJSON(at start: Int) -> Bool {
    let rest = reply[(start + 1)...]
    guard let at = rest.firstIndex(where: { $0 > 0x20 }) else { return true }
    let next = reply[at]
    if reply[start] == UInt8(ascii: "{") { return isKey(at: at) }
    switch next {
    case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "\""), UInt8(ascii: "'"):
      return true
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      return rest.first { !"0123456789+-.,eE \t".utf8.contains($0) } != UInt8(ascii: ")")
    default: return ["true", "false", "null"].contains { reply[at...].starts(with: $0.utf8) }
    }
  }

  /// Whether a key of an object can begin here, in quotes of whatever kind, or bare with a colon after it, as models
  /// write what is no JSON.
  private func isKey(at start: Int) -> Bool {
    let rest = reply[start...]
    if ["}", "\"", "'", "“", "‘", "`", "/*", "//"].contains(where: { rest.starts(with: $0.utf8) }) {
      return true
    }
    let name = rest.prefix { $0 == UInt8(ascii: "_") || 0x61...0x7A ~= $0 | 0x20 || 0x30...0x39 ~= $0 }
    return !name.isEmpty && rest[name.endIndex...].first { $0 != 0x20 } == UInt8(ascii: ":")
  }

  /// The index after the bracket that closes the one at `start`, or `end` where none does before it.
  private func balancedEnd(from start: Int, before end: Int) -> Int {
    var depth = 0
    var inString = false
    var at = start
    while at < end {
      switch reply[at] {
      case UInt8(ascii: "\\") where inString: at += 1
      case UInt8(ascii: "\""): inString.toggle()
      case UInt8(ascii: "{") where !inString, UInt8(ascii: "[") where !inString: depth += 1
      case UInt8(ascii: "}") where !inString, UInt8(ascii: "]") where !inString:
        depth -= 1
        if depth == 0 { return at + 1 }
      default: break
      }
      at += 1
    }
    return end
  }
}
