/// A text's bytes as they read once escapes are undone, each with the place that it takes in the text: JSON's `\u0041` and
/// `\/` (over any number of backslashes, as texts within texts have them), `%41` (over `%25`), HTML's `&#65;` and its
/// names, in any mixture. Latin capitals become small, line breaks and the indentation after them are left out, as are
/// control characters; a tabulator is 0.
///
/// What is read is for finding texts in other texts: two spellings of one text read the same, and some that differ do
/// so, too.
struct PlainUnits {
  private var escapes: Backslashes
  /// Where the unit begins that ``next()`` answered.
  private(set) var start = 0
  /// Where it ends.
  var end: Int { escapes.at }

  init(_ bytes: UnsafeBufferPointer<UInt8>) { escapes = Backslashes(bytes) }

  mutating func next() -> UInt8? {
    while let unit = escapes.next() {
      start = escapes.start
      switch unit {
      case UInt8(ascii: "%"):
        guard let byte = percent() else { return unit }
        if let plain = Self.plain(UInt32(byte)) { return plain }
      case UInt8(ascii: "&"):
        guard let scalar = entity() else { return unit }
        if scalar > 0x7F { return escapes.emit(scalar) }
        if let plain = Self.plain(scalar) { return plain }
      default: return unit
      }
    }
    return nil
  }

  /// Nil for what is left out.
  fileprivate static func plain(_ value: UInt32) -> UInt8? {
    switch value {
    case 0x0A, 0x0D, 0x5C: nil
    case 0x41...0x5A: UInt8(value) | 0x20
    case 0x09: 0
    case 0..<0x20, 0x7F: nil
    default: UInt8(truncatingIfNeeded: value)
    }
  }

  /// The byte behind `%`, which is taken; nil where there is none.
  private mutating func percent() -> UInt8? {
    var found: UInt8?
    var ahead = escapes
    while found ?? 0x25 == 0x25, let high = ahead.next()?.hexDigit, let low = ahead.next()?.hexDigit {
      found = high << 4 | low
      escapes = ahead
    }
    return found
  }

  /// The character behind `&`, which is taken; nil where there is none.
  private mutating func entity() -> UInt32? {
    var found: UInt32?
    var ahead = escapes
    var name: [UInt8] = []
    while let unit = ahead.next(), name.count < 16 {
      guard unit == UInt8(ascii: ";") else {
        name.append(unit)
        continue
      }
      guard let scalar = Self.scalar(name) else { return found }
      escapes = ahead
      // `&amp;#65;` is `&#65;`, escaped again.
      guard scalar == 0x26, name.first != UInt8(ascii: "#") else { return scalar }
      (found, name) = (scalar, [])
    }
    return found
  }

  private static func scalar(_ name: [UInt8]) -> UInt32? {
    guard name.first == UInt8(ascii: "#") else { return names[String(decoding: name, as: UTF8.self)] }
    let digits = name.dropFirst()
    let text = String(decoding: digits, as: UTF8.self)
    return text.first == "x" ? UInt32(text.dropFirst(), radix: 16) : UInt32(text)
  }

  /// Of HTML's names those of characters that a key may hold.
  private static let names: [String: UInt32] = [
    "amp": 0x26,
    "lt": 0x3C, "gt": 0x3E, "quot": 0x22, "apos": 0x27, "sol": 0x2F, "plus": 0x2B, "equals": 0x3D,
    "lowbar": 0x5F,
    "period": 0x2E, "colon": 0x3A, "num": 0x23, "excl": 0x21, "dollar": 0x24, "percnt": 0x25, "ast": 0x2A,
    "commat": 0x40, "semi": 0x3B, "comma": 0x2C,
  ]
}

/// The bytes with backslash escapes undone.
private struct Backslashes {
  private let bytes: UnsafeBufferPointer<UInt8>
  private(set) var start = 0
  private(set) var at = 0
  /// The rest of a character's UTF-8, the next byte lowest.
  private var rest: UInt32 = 0

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  @inline(__always)
  mutating func next() -> UInt8? {
    if rest != 0 {
      defer { rest >>= 8 }
      return UInt8(truncatingIfNeeded: rest)
    }
    while at < bytes.count {
      start = at
      let byte = bytes[at]
      if byte == UInt8(ascii: "\\") {
        if let unit = escape() { return unit }
        continue
      }
      at += 1
      if byte == 0x0A || byte == 0x0D {
        skipIndentation()
      } else if let plain = PlainUnits.plain(UInt32(byte)) {
        return plain
      }
    }
    return nil
  }

  /// The first byte of a character; the others follow.
  mutating func emit(_ scalar: UInt32) -> UInt8? {
    if scalar < 0x80 { return PlainUnits.plain(scalar) }
    var encoded = Array(String(Unicode.Scalar(scalar) ?? "\u{FFFD}").utf8)
    let first = encoded.removeFirst()
    rest = encoded.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    return first
  }

  /// What backslashes and what follows them say; nil where nothing is said. Those that are part of no escape are left
  /// out.
  private mutating func escape() -> UInt8? {
    while at < bytes.count, bytes[at] == UInt8(ascii: "\\") { at += 1 }
    guard at < bytes.count else { return nil }
    let byte = bytes[at]
    switch byte {
    case UInt8(ascii: "u"):
      guard let first = hex(4, after: at + 1) else { return nil }
      at += 5
      return emit(paired(first) ?? first)
    case UInt8(ascii: "x"):
      guard let value = hex(2, after: at + 1) else { return nil }
      at += 3
      return emit(value)
    case UInt8(ascii: "/"), UInt8(ascii: "\""):
      at += 1
      return byte
    case UInt8(ascii: "n"), UInt8(ascii: "r"):
      at += 1
      skipIndentation()
      return nil
    case UInt8(ascii: "t"):
      at += 1
      return 0
    case UInt8(ascii: "b"), UInt8(ascii: "f"):
      at += 1
      return nil
    default: return nil
    }
  }

  /// The character of a surrogate pair whose second half is taken.
  private mutating func paired(_ first: UInt32) -> UInt32? {
    guard (0xD800..<0xDC00).contains(first) else { return nil }
    var next = at
    while next < bytes.count, bytes[next] == UInt8(ascii: "\\") { next += 1 }
    guard next > at, next < bytes.count, bytes[next] == UInt8(ascii: "u"),
      let second = hex(4, after: next + 1),
      (0xDC00...0xDFFF).contains(second)
    else { return nil }
    at = next + 5
    return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)
  }

  private func hex(_ count: Int, after start: Int) -> UInt32? {
    guard start + count <= bytes.count else { return nil }
    var value: UInt32 = 0
    for place in start..<(start + count) {
      guard let digit = bytes[place].hexDigit else { return nil }
      value = value << 4 | UInt32(digit)
    }
    return value
  }

  private mutating func skipIndentation() {
    while at < bytes.count, bytes[at] == 0x20 || bytes[at] == 0x09 { at += 1 }
  }
}

extension UInt8 {
  fileprivate var hexDigit: UInt8? {
    switch self {
    case 0x30...0x39: self - 0x30
    case 0x41...0x46: self - 0x37
    case 0x61...0x66: self - 0x57
    default: nil
    }
  }
}
