internal import Foundation

/// One way to write a secret down, as ``PlainUnits`` reads it: the secret itself, its base64 or its hexadecimal digits.
struct SecretForm: Sendable {
  let units: [UInt8]
  /// Where what is secret begins: `sk-proj-` is on every page about keys.
  private let core: Int
  /// Fewest units of the core that give something away.
  private let least: Int
  /// Whether the letters around it in a text belong to it, as those around the base64 of `user:key` do.
  let grows: Bool
  private let places: [UInt32: [Int]]

  private init(_ units: [UInt8], core: Int = 0, least: Int, grows: Bool = false) {
    self.units = units
    self.core = core
    self.least = least
    self.grows = grows
    var places: [UInt32: [Int]] = [:]
    for (place, gram) in Self.grams(units).enumerated() where places[gram]?.count ?? 0 < 4 {
      places[gram, default: []].append(place)
    }
    self.places = places
  }

  /// Every form of a secret of at least 12 bytes.
  static func all(of secret: String) -> [SecretForm] {
    let units = Self.units(secret)
    let name = secret.prefixMatch(of: /(?:[a-zA-Z]{1,8}[0-9]{0,2}[\-_]){0,3}/)?.output.utf8.count ?? 0
    let isNamed = units.count - name >= 8
    var forms = [SecretForm(units, core: isNamed ? name : 0, least: isNamed ? 8 : 12)]
    forms.append(
      SecretForm(Self.units(secret.utf8.map { String(format: "%02x", $0) }.joined()), least: 16, grows: true))
    var written: Set<[UInt8]> = []
    for shift in 0..<3 {
      // Of base64 what does not hang on what stands before the secret and after it.
      let bytes = Data(repeating: 0, count: shift) + Data(secret.utf8)
      let text = bytes.base64EncodedString().prefix(bytes.count * 8 / 6).dropFirst((shift * 8 + 5) / 6)
      let url = text.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 }
      for form in [Self.units(String(text)), Self.units(String(url))] where written.insert(form).inserted {
        forms.append(SecretForm(form, least: 12, grows: true))
      }
    }
    return forms
  }

  static func units(_ text: String) -> [UInt8] {
    Array(text.utf8).withUnsafeBufferPointer { bytes in
      var plain = PlainUnits(bytes)
      var units: [UInt8] = []
      while let unit = plain.next() { units.append(unit) }
      return units
    }
  }

  /// Each four units in a row.
  static func grams(_ units: some RandomAccessCollection<UInt8>) -> [UInt32] {
    var window: UInt32 = 0
    return units.enumerated().compactMap { place, unit in
      window = window << 8 | UInt32(unit)
      return place >= 3 ? window : nil
    }
  }

  /// How many units of `text` from `start` on give the secret away, wholly or in part; 0 if none do.
  func length(in text: [UInt8], from start: Int, gram: UInt32) -> Int {
    (places[gram] ?? []).reduce(0) { best, place in
      var length = 4
      while start + length < text.count, place + length < units.count,
        text[start + length] == units[place + length]
      { length += 1 }
      if reveals(place..<(place + length)) { return max(best, length) }
      return place == 0 ? max(best, masked(text, start, head: length)) : best
    }
  }

  private func reveals(_ part: Range<Int>) -> Bool {
    if part.count == units.count { return true }
    guard Set(units[part]).count >= 5 else { return false }
    return part.upperBound - max(part.lowerBound, core) >= least
      || part.lowerBound == 0 && part.count >= 8 && part.upperBound - core >= 4
  }

  /// The length of `sk-abc…wxyz` and `sk-abc****wxyz`: both ends of the secret around what hides its middle.
  private func masked(_ text: [UInt8], _ start: Int, head: Int) -> Int {
    let tail = text[(start + head)...].prefix(units.count + 16).drop(while: Self.isMask)
    guard tail.startIndex > start + head else { return 0 }
    let longest = min(12, units.count - head, tail.count)
    guard longest >= 3 else { return 0 }
    for count in (3...longest).reversed() where tail.prefix(count).elementsEqual(units.suffix(count)) {
      return tail.startIndex + count - start
    }
    return 0
  }

  /// `*`, `.`, and the bytes of `…`, `•` and `·`.
  static func isMask(_ unit: UInt8) -> Bool {
    switch unit {
    case 0x2A, 0x2E, 0xE2, 0x80, 0xA6, 0xA2, 0xC2, 0xB7: true
    default: false
    }
  }
}
