internal import OrderedCollections

/// Why a text is not JSON, or why a JSON value is not what was asked for.
package struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was expected and what was found.
  package var message: String
  /// From 1; 0 when the error is about a value and not about a text.
  package var line: Int
  /// In characters (Unicode scalars), from 1; 0 when the error is about a value.
  package var column: Int
  /// In bytes, from 0.
  package var offset: Int

  package init(_ message: String, line: Int = 0, column: Int = 0, offset: Int = 0) {
    self.message = message
    self.line = line
    self.column = column
    self.offset = offset
  }

  package var description: String { line > 0 ? "line \(line), column \(column): \(message)" : message }
}

extension JSON {
  /// What a text may cost before it is refused.
  package struct Limits: Hashable, Sendable {
    /// Most lists and objects inside each other; at most 512, which every thread's stack holds.
    package var depth: Int
    /// Most bytes of text.
    package var bytes: Int

    package init(depth: Int, bytes: Int) {
      self.depth = min(depth, 512)
      self.bytes = bytes
    }

    /// For the user's own files: 128 levels, 1 GiB.
    package static let file = Limits(depth: 128, bytes: 1 << 30)
    /// For what a model wrote: 64 levels, 4 MiB.
    package static let reply = Limits(depth: 64, bytes: 4 << 20)
  }

  /// Reads one JSON text (RFC 8259) and nothing after it.
  ///
  /// Stricter than the grammar where it leaves a choice: a key that comes twice, a number beyond the range of a
  /// double and bytes that are not UTF-8 are errors. An integer that does not fit 64 bits becomes a double. Half a
  /// surrogate pair becomes U+FFFD, so that one bad escape does not cost a whole row. A byte order mark is skipped.
  package init(parsing text: String, limits: Limits = .file) throws(JSONError) {
    try self.init(parsing: text.utf8, limits: limits)
  }

  /// Reads what servers write for JSON and other readers take: comments of an event stream before it and NULs after it, a
  /// key that comes twice (the last counts), control characters in strings; NaN, infinities and numbers beyond a double
  /// become null.
  init(tolerating text: String, limits: Limits = .file) throws(JSONError) {
    var text = text.drop { $0 == "\u{FEFF}" }
    while text.first == ":" || text.first?.isNewline == true {
      text = text.drop { !$0.isNewline }.drop(while: \.isNewline)
    }
    while text.last == "\0" { text.removeLast() }
    let bytes = Array(text.utf8)
    self = try bytes.withUnsafeBufferPointer { (buffer) throws(JSONError) -> JSON in
      var parser = JSONParser(bytes: buffer, limits: limits)
      parser.tolerates = true
      return try parser.document()
    }
  }

  package init(parsing bytes: some Sequence<UInt8>, limits: Limits = .file) throws(JSONError) {
    let bytes = Array(bytes)
    self = try bytes.withUnsafeBufferPointer { (buffer) throws(JSONError) -> JSON in
      var parser = JSONParser(bytes: buffer, limits: limits)
      return try parser.document()
    }
  }

  /// Reads the JSON value at the beginning of `bytes` and whatever after it. Errors: places are counted from there.
  package static func prefix(of bytes: ArraySlice<UInt8>, limits: Limits) throws(JSONError) -> (
    value: JSON, count: Int
  ) {
    try bytes.withUnsafeBufferPointer { (buffer) throws(JSONError) -> (JSON, Int) in
      var parser = JSONParser(bytes: buffer, limits: limits)
      return (try parser.value(), parser.at)
    }
  }
}

private struct JSONParser {
  let bytes: UnsafeBufferPointer<UInt8>
  let limits: JSON.Limits
  var at = 0
  var depth = 0
  /// See ``JSON/init(tolerating:limits:)``.
  var tolerates = false

  init(bytes: UnsafeBufferPointer<UInt8>, limits: JSON.Limits) {
    self.bytes = bytes
    self.limits = limits
  }

  mutating func document() throws(JSONError) -> JSON {
    guard bytes.count <= limits.bytes else {
      throw JSONError("expected at most \(limits.bytes) bytes of JSON, found \(bytes.count)")
    }
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
    skipSpace()
    let value = try value()
    skipSpace()
    guard at == bytes.count else { throw error("expected the end of the JSON text, found \(found())") }
    return value
  }

  mutating func value() throws(JSONError) -> JSON {
    guard at < bytes.count else { throw error("expected a JSON value, found \(found())") }
    switch bytes[at] {
    case UInt8(ascii: "{"): return try object()
    case UInt8(ascii: "["): return try list()
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "N") where tolerates: return try word("NaN", .null)
    case UInt8(ascii: "I") where tolerates: return try word("Infinity", .null)
    default: throw error("expected a JSON value, found \(found())")
    }
  }

  private mutating func object() throws(JSONError) -> JSON {
    try enter()
    var fields: JSON.Object = [:]
    skipSpace()
    if take(UInt8(ascii: "}")) {
      depth -= 1
      return .object(fields)
    }
    while true {
      skipSpace()
      guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") else {
        throw error("expected a key in double quotes, found \(found())")
      }
      let start = at
      let key = try string()
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw error("expected ':' after a key, found \(found())") }
      skipSpace()
      let value = try value()
      guard fields.updateValue(value, forKey: key) == nil || tolerates else {
        let twin = fields.keys.contains { $0 == key && !$0.utf8.elementsEqual(key.utf8) }
        throw error(
          "expected each key once, found '\(key.prefix(80))' again"
            + (twin ? ", the same text in other code points (Unicode NFC and NFD)" : ""), at: start)
      }
      skipSpace()
      if take(UInt8(ascii: ",")) { continue }
      guard take(UInt8(ascii: "}")) else { throw error("expected ',' or '}', found \(found())") }
      depth -= 1
      return .object(fields)
    }
  }

  private mutating func list() throws(JSONError) -> JSON {
    try enter()
    var elements: [JSON] = []
    skipSpace()
    if take(UInt8(ascii: "]")) {
      depth -= 1
      return .array(elements)
    }
    while true {
      skipSpace()
      elements.append(try value())
      skipSpace()
      if take(UInt8(ascii: ",")) { continue }
      guard take(UInt8(ascii: "]")) else { throw error("expected ',' or ']', found \(found())") }
      depth -= 1
      return .array(elements)
    }
  }

  private mutating func enter() throws(JSONError) {
    depth += 1
    guard depth <= limits.depth else { throw error("expected at most \(limits.depth) levels of nesting") }
    at += 1
  }

  private mutating func word(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
    for offset in 0..<word.utf8CodeUnitCount {
      guard at + offset < bytes.count, bytes[at + offset] == word.utf8Start[offset] else {
        throw error("expected '\(word)', found \(found())")
      }
    }
    at += word.utf8CodeUnitCount
    return value
  }

  private mutating func number() throws(JSONError) -> JSON {
    let start = at
    let negative = take(UInt8(ascii: "-"))
    if tolerates, at < bytes.count, bytes[at] == UInt8(ascii: "I") { return try word("Infinity", .null) }
    var integer: Int64? = 0
    let first = at
    while let digit = digit() {
      if let value = integer {
        let (tens, over) = value.multipliedReportingOverflow(by: 10)
        let (sum, overToo) =
          negative
          ? tens.subtractingReportingOverflow(Int64(digit)) : tens.addingReportingOverflow(Int64(digit))
        integer = over || overToo ? nil : sum
      }
    }
    guard at > first else { throw error("expected a digit, found \(found())") }
    if bytes[first] == UInt8(ascii: "0"), at - first > 1 {
      throw error("expected a number without leading zeros", at: first)
    }
    var isInteger = true
    if take(UInt8(ascii: ".")) {
      isInteger = false
      let start = at
      while digit() != nil {}
      guard at > start else { throw error("expected a digit after '.', found \(found())") }
    }
    let end = at
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      isInteger = false
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      guard digit() != nil else { throw error("expected a digit of an exponent, found \(found())") }
      while digit() != nil {}
    }
    if isInteger, let integer { return .int(integer) }
    if at == end, let short = shortDecimal(bytes[first..<end]) { return .double(negative ? -short : short) }
    let text = String(decoding: bytes[start..<at], as: UTF8.self)
    guard let double = Double(text), double.isFinite else {
      if tolerates { return .null }
      throw error("expected a number that a double can hold, found \(text.prefix(40))", at: start)
    }
    return .double(double)
  }

  /// The value of at most 15 digits and a point. Digits and power of ten are exact doubles, and so their quotient is
  /// rounded right (Clinger 1990, "How to read floating point numbers accurately"): embeddings are all such numbers.
  private func shortDecimal(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> Double? {
    guard text.count <= 16 else { return nil }
    var (digits, scale) = (0, 1.0)
    var fraction = false
    for byte in text {
      if byte == UInt8(ascii: ".") {
        fraction = true
      } else {
        digits = digits * 10 + Int(byte - UInt8(ascii: "0"))
        if fraction { scale *= 10 }
      }
    }
    return Double(digits) / scale
  }

  private mutating func digit() -> UInt8? {
    guard at < bytes.count, bytes[at] &- UInt8(ascii: "0") < 10 else { return nil }
    defer { at += 1 }
    return bytes[at] - UInt8(ascii: "0")
  }

  private mutating func string() throws(JSONError) -> String {
    at += 1
    let start = at
    while at < bytes.count {
      switch bytes[at] {
      case UInt8(ascii: "\""):
        let text = try utf8(bytes[start..<at], at: start)
        at += 1
        return text
      case UInt8(ascii: "\\"): return try escapedString(from: start)
      case 0..<0x20 where !tolerates:
        throw error("expected control characters to be escaped, found \(found())")
      default: at += 1
      }
    }
    throw error("expected '\"' at the end of a string, found \(found())")
  }

  /// The rest of a string that has an escape at `at`.
  private mutating func escapedString(from start: Int) throws(JSONError) -> String {
    var buffer = Array(bytes[start..<at])
    while at < bytes.count {
      let byte = bytes[at]
      switch byte {
      case UInt8(ascii: "\""):
        at += 1
        return try buffer.withUnsafeBufferPointer { (all) throws(JSONError) -> String in
          try utf8(all[...], at: start)
        }
      case UInt8(ascii: "\\"):
        at += 1
        try escape(into: &buffer)
      case 0..<0x20 where !tolerates:
        throw error("expected control characters to be escaped, found \(found())")
      default:
        buffer.append(byte)
        at += 1
      }
    }
    throw error("expected '\"' at the end of a string, found \(found())")
  }

  private mutating func escape(into buffer: inout [UInt8]) throws(JSONError) {
    guard at < bytes.count else { throw error("expected an escape, found \(found())") }
    let byte = bytes[at]
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): buffer.append(byte)
    case UInt8(ascii: "b"): buffer.append(0x08)
    case UInt8(ascii: "f"): buffer.append(0x0C)
    case UInt8(ascii: "n"): buffer.append(0x0A)
    case UInt8(ascii: "r"): buffer.append(0x0D)
    case UInt8(ascii: "t"): buffer.append(0x09)
    case UInt8(ascii: "u"):
      at += 1
      if let encoded = UTF8.encode(try scalar()) { buffer.append(contentsOf: encoded) }
      return
    default: throw error("expected an escape (\\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u), found \(found())")
    }
    at += 1
  }

  /// The character of a `\u` escape, whose partner is read too when it is half a surrogate pair.
  private mutating func scalar() throws(JSONError) -> Unicode.Scalar {
    let first = try hex()
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard first < 0xDC00, at + 1 < bytes.count, bytes[at] == UInt8(ascii: "\\"),
      bytes[at + 1] == UInt8(ascii: "u")
    else { return "\u{FFFD}" }
    let back = at
    at += 2
    let second = try hex()
    guard (0xDC00...0xDFFF).contains(second) else {
      at = back
      return "\u{FFFD}"
    }
    return Unicode.Scalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)) ?? "\u{FFFD}"
  }

  private mutating func hex() throws(JSONError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard at < bytes.count, let digit = Self.hexDigit(bytes[at]) else {
        throw error("expected four hex digits after \\u, found \(found())")
      }
      value = value << 4 | digit
      at += 1
    }
    return value
  }

  private static func hexDigit(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
  }

  private func utf8(_ slice: Slice<UnsafeBufferPointer<UInt8>>, at start: Int) throws(JSONError) -> String {
    guard let text = String(validating: slice, as: UTF8.self) else {
      throw error("expected UTF-8, found other bytes in a string", at: start)
    }
    return text
  }

  private mutating func skipSpace() {
    while at < bytes.count {
      switch bytes[at] {
      case 0x20, 0x09, 0x0A, 0x0D: at += 1
      default: return
      }
    }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard at < bytes.count, bytes[at] == byte else { return false }
    at += 1
    return true
  }

  private func found() -> String {
    guard at < bytes.count else { return "the end of the text" }
    let byte = bytes[at]
    guard byte >= 0x20, byte != 0x7F else { return "byte 0x\(CollectionOfOne(byte).hex)" }
    let word = bytes[at...].prefix(12).prefix { $0 > 0x20 && $0 != 0x7F }
    let text = String(decoding: word, as: UTF8.self)
    return text.isEmpty ? "a space" : "'\(text)'"
  }

  private func error(_ message: String, at offset: Int? = nil) -> JSONError {
    let offset = offset ?? at
    let before = bytes[..<offset]
    let line = before.count { $0 == 0x0A } + 1
    let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    let column = before[lineStart...].count { $0 & 0xC0 != 0x80 } + 1
    return JSONError(message, line: line, column: column, offset: offset)
  }
}
