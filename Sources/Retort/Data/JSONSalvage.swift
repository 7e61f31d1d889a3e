extension JSON {
  /// The JSON value in a model's reply: the text itself, else what a code fence holds, else the first object or list
  /// with prose around it. Reasoning in `<think>…</think>` is skipped.
  ///
  /// Nothing is repaired: a trailing comma or a missing bracket is an error, whose place is counted in the reply. A
  /// broken value is never replaced by a whole one inside it.
  package static func salvage(from reply: String, limits: Limits = .reply) throws(JSONError) -> JSON {
    guard reply.utf8.count <= limits.bytes else {
      throw JSONError("expected a reply of at most \(limits.bytes) bytes, found \(reply.utf8.count)")
    }
    let bytes = Array(reply.utf8)
    if let whole = try? JSON(parsing: bytes, limits: limits) { return whole }
    let answer = try afterThinking(bytes)
    if let fenced = fencedValue(in: bytes, from: answer) { return try parse(bytes, fenced, limits) }

    var failure: JSONError?
    var at = answer
    while let start = bytes[at...].firstIndex(where: { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: "[") }) {
      guard looksLikeJSON(bytes, at: start) else {
        at = start + 1
        continue
      }
      let end = balancedEnd(bytes, from: start)
      do { return try parse(bytes, start..<end, limits) } catch { failure = failure ?? error }
      at = end
    }
    throw failure ?? JSONError("expected a JSON object or list in the reply, found none")
  }

  private static func parse(_ bytes: [UInt8], _ range: Range<Int>, _ limits: Limits) throws(JSONError) -> JSON
  {
    do { return try JSON(parsing: bytes[range], limits: limits) } catch {
      let before = bytes[..<(range.lowerBound + error.offset)]
      let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
      throw JSONError(
        error.message, line: before.count { $0 == 0x0A } + 1,
        column: before[lineStart...].count { $0 & 0xC0 != 0x80 } + 1, offset: before.count)
    }
  }

  /// Where the answer starts. Chat templates that open the reasoning themselves leave only the closing tag.
  private static func afterThinking(_ bytes: [UInt8]) throws(JSONError) -> Int {
    let open = Array("<think>".utf8)
    let close = Array("</think>".utf8)
    let start = bytes.firstIndex { $0 > 0x20 } ?? bytes.count
    let opens = bytes[start...].starts(with: open)
    // A closing tag inside the value's own text ends nothing: it counts only after an opening one, or when no
    // opening one comes before it and a value can still follow.
    if let end = find(close, in: bytes[start...]) {
      let follows = bytes[end...].contains { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: "[") }
      if opens || (follows && find(open, in: bytes[start..<end]) == nil) { return end }
    } else if opens {
      throw JSONError("expected </think> and an answer after it, found only reasoning")
    }
    return start
  }

  /// The index after the first occurrence.
  private static func find(_ word: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
    var rest = bytes
    while let at = rest.firstIndex(of: word[0]) {
      if rest[at...].starts(with: word) { return at + word.count }
      rest = rest[(at + 1)...]
    }
    return nil
  }

  /// The content of the first code fence that begins like an object or a list.
  private static func fencedValue(in bytes: [UInt8], from start: Int) -> Range<Int>? {
    var open: Int?
    var lineStart = start
    while lineStart < bytes.count {
      let lineEnd = bytes[lineStart...].firstIndex(of: 0x0A) ?? bytes.count
      let line = bytes[lineStart..<lineEnd].drop { $0 == 0x20 || $0 == 0x09 }
      if line.starts(with: Array("```".utf8)) {
        if let from = open {
          if beginsValue(bytes[from..<lineStart]) { return from..<lineStart }
          open = nil
        } else {
          open = min(lineEnd + 1, bytes.count)
        }
      }
      lineStart = lineEnd + 1
    }
    guard let from = open, beginsValue(bytes[from...]) else { return nil }
    return from..<bytes.count
  }

  private static func beginsValue(_ bytes: ArraySlice<UInt8>) -> Bool {
    let first = bytes.first { $0 > 0x20 }
    return first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
  }

  /// Whether a bracket in prose can be the start of a value: `{braces}` and `[sic]` are not.
  private static func looksLikeJSON(_ bytes: [UInt8], at start: Int) -> Bool {
    guard let next = bytes[(start + 1)...].first(where: { $0 > 0x20 }) else { return true }
    if bytes[start] == UInt8(ascii: "{") { return next == UInt8(ascii: "\"") || next == UInt8(ascii: "}") }
    return "{[]\"-0123456789tfn".utf8.contains(next)
  }

  /// The index after the bracket that closes the one at `start`, or the end of the text.
  private static func balancedEnd(_ bytes: [UInt8], from start: Int) -> Int {
    var depth = 0
    var inString = false
    var at = start
    while at < bytes.count {
      switch bytes[at] {
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
    return bytes.count
  }
}
