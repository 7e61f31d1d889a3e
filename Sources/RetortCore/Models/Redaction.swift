internal import OrderedCollections

/// Cuts secrets out of what servers say, however they write them: escaped, encoded, in other letters, broken over lines,
/// cut short or masked. A text without one costs a single pass and stays as it is.
package struct Redaction: Sendable {
  package static let mark = "[key]"
  /// Bytes from which on a secret is looked for everywhere. Local servers are given words such as `none` for a key;
  /// those stay in replies, or they would be cut out of what models say.
  package static let least = 12

  private let forms: [SecretForm]
  private let short: [String]
  /// A bit for the hash of each four units in a row of a form.
  private var grams: [UInt64]
  /// The four units that masked secrets may show before the mask.
  private var heads: Set<UInt32> = []

  /// - Parameter secrets: keys and whole header values. Of `Bearer KEY` only the key is secret, and of `Basic …` the
  ///   password in it, too.
  package init(_ secrets: some Sequence<String> = [String]()) {
    let all = OrderedSet(secrets.flatMap(Self.parts))
    let long = all.filter { $0.utf8.count >= Self.least }
    short = all.filter { !$0.isEmpty && $0.utf8.count < Self.least }
    forms = long.flatMap(SecretForm.all)
    grams = [UInt64](repeating: 0, count: forms.isEmpty ? 0 : 1024)
    for form in forms {
      for gram in SecretForm.grams(form.units) { grams[Self.word(gram)] |= Self.bit(gram) }
    }
    for secret in long { heads.formUnion(SecretForm.grams(SecretForm.units(secret)).prefix(12)) }
  }

  private static func parts(of secret: String) -> [String] {
    let words = secret.split(whereSeparator: \.isWhitespace).map(String.init)
    guard words.count > 1 else { return [secret] }
    let long = words.filter { $0.utf8.count >= least }
    guard !long.isEmpty else { return [secret] }
    let pairs = words[0].lowercased() == "basic" ? long.compactMap(BasicPair.password(in:)) : []
    return long + pairs
  }

  /// A text without secrets, short ones included.
  package func words(_ text: String) -> String {
    var text = text
    for secret in short { text = text.replacing(secret, with: Self.mark) }
    return clean(text)
  }

  private func clean(_ text: String) -> String {
    guard mayHold(text) else { return text }
    return splice(text, cuts(in: text).map { ($0, Self.mark) })
  }

  /// A JSON text whose strings and keys hold no secret; nothing else in it changes. `json` is what the text says.
  package func reply(_ text: String, saying json: JSON) -> (text: String, json: JSON) {
    let whole = spliced(text, saying: json)
    guard !forms.isEmpty, let clean = joined(whole.json) else { return whole }
    return (clean.text, clean)
  }

  /// The value with those lists cleaned that a reader joins to one text with a secret in it; nil where there is none.
  private func joined(_ json: JSON) -> JSON? {
    switch json {
    case .object(var fields):
      var changed = false
      for (name, value) in fields {
        guard let clean = joined(value) else { continue }
        fields[name] = clean
        changed = true
      }
      return changed ? .object(fields) : nil
    case .array(var elements):
      guard let first = elements.first, first.number == nil else { return nil }
      let texts = elements.map { $0["text"]?.string ?? $0.string ?? "" }
      var (whole, changed) = (clean(texts.joined()), false)
      if elements.count > 1, whole != texts.joined() {
        for (place, text) in texts.enumerated() where !text.isEmpty {
          if var part = elements[place].object {
            part["text"] = .string(whole)
            elements[place] = .object(part)
          } else {
            elements[place] = .string(whole)
          }
          (whole, changed) = ("", true)
        }
      }
      for (place, element) in elements.enumerated() {
        guard let clean = joined(element) else { continue }
        elements[place] = clean
        changed = true
      }
      return changed ? .array(elements) : nil
    default: return nil
    }
  }

  private func spliced(_ text: String, saying json: JSON) -> (text: String, json: JSON) {
    guard mayHold(text) else { return (text, json) }
    let cuts = cuts(in: text)
    guard !cuts.isEmpty else { return (text, json) }
    let spliced = splice(text, JSONStrings.fit(cuts, to: Array(text.utf8), mark: Self.mark))
    if let json = try? JSON(parsing: spliced) { return (spliced, json) }
    let clean = values(json)
    return (clean.text, clean)
  }

  /// The value with every string and key in it cleaned.
  package func values(_ json: JSON) -> JSON { forms.isEmpty ? json : json.mapStrings(clean) }
}

extension Redaction {
  /// False where no secret can be: one pass that allocates nothing.
  private func mayHold(_ text: String) -> Bool {
    guard !forms.isEmpty else { return false }
    var text = text
    return text.withUTF8 { bytes in
      var plain = PlainUnits(bytes)
      var (window, hits): (UInt32, Int) = (0, 0)
      while let unit = plain.next() {
        if hits > 0, SecretForm.isMask(unit), heads.contains(window) { return true }
        window = window << 8 | UInt32(unit)
        guard grams[Self.word(window)] & Self.bit(window) != 0 else {
          hits = 0
          continue
        }
        hits += 1
        // Eight units of a form have five grams.
        if hits == 5 { return true }
      }
      return false
    }
  }

  private static func hash(_ gram: UInt32) -> Int { Int((gram &* 0x9E37_79B1) >> 16) }
  private static func word(_ gram: UInt32) -> Int { hash(gram) >> 6 }
  private static func bit(_ gram: UInt32) -> UInt64 { 1 << UInt64(hash(gram) & 63) }

  /// The bytes of a text that give a secret away, in order, none overlapping.
  private func cuts(in text: String) -> [Range<Int>] {
    var text = text
    var units: [UInt8] = []
    var spans: [Range<Int>] = []
    text.withUTF8 { bytes in
      var plain = PlainUnits(bytes)
      while let unit = plain.next() {
        units.append(unit)
        spans.append(plain.start..<plain.end)
      }
    }
    var cuts: [Range<Int>] = []
    let grams = SecretForm.grams(units)
    var at = 0
    while at < grams.count {
      guard self.grams[Self.word(grams[at])] & Self.bit(grams[at]) != 0,
        let found = longest(units, at, grams[at])
      else {
        at += 1
        continue
      }
      let low = spans[found.lowerBound].lowerBound
      let span = max(low, cuts.last?.upperBound ?? 0)..<spans[found.upperBound - 1].upperBound
      if !span.isEmpty { cuts.append(span) }
      at = max(at + 1, found.upperBound)
    }
    return cuts
  }

  private func longest(_ units: [UInt8], _ at: Int, _ gram: UInt32) -> Range<Int>? {
    var best: Range<Int>?
    for form in forms {
      let length = form.length(in: units, from: at, gram: gram)
      guard length > 0 else { continue }
      var (low, high) = (at, at + length)
      if form.grows {
        while low > 0, Self.isBase64(units[low - 1]) { low -= 1 }
        while high < units.count, Self.isBase64(units[high]) || units[high] == UInt8(ascii: "=") { high += 1 }
      }
      if high - low > best?.count ?? 0 { best = low..<high }
    }
    return best
  }

  private static func isBase64(_ unit: UInt8) -> Bool {
    switch unit {
    case 0x30...0x39, 0x61...0x7A: true
    default: "+/-_".utf8.contains(unit)
    }
  }

  private func splice(_ text: String, _ cuts: [(span: Range<Int>, mark: String)]) -> String {
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    var at = 0
    for (span, mark) in cuts {
      result += bytes[at..<span.lowerBound]
      result += mark.utf8
      at = span.upperBound
    }
    return String(decoding: result + bytes[at...], as: UTF8.self)
  }
}

/// Where the strings of a JSON text are.
private enum JSONStrings {
  /// The cuts as far as they lie in strings. A secret of digits alone may be a number, which becomes a string.
  static func fit(_ cuts: [Range<Int>], to bytes: [UInt8], mark: String) -> [(span: Range<Int>, mark: String)]
  {
    var fitted: [(span: Range<Int>, mark: String)] = []
    let strings = spans(bytes)
    var next = 0
    for cut in cuts {
      while next < strings.count, strings[next].upperBound <= cut.lowerBound { next += 1 }
      guard next < strings.count, strings[next].overlaps(cut) else {
        if isNumber(cut, bytes) { fitted.append((cut, "\"\(mark)\"")) }
        continue
      }
      var place = next
      while place < strings.count, strings[place].overlaps(cut) {
        fitted.append((strings[place].clamped(to: cut), mark))
        place += 1
      }
    }
    return fitted
  }

  /// The inner bytes of each string.
  private static func spans(_ bytes: [UInt8]) -> [Range<Int>] {
    var spans: [Range<Int>] = []
    var start: Int?
    var at = 0
    while at < bytes.count {
      if bytes[at] == UInt8(ascii: "\"") {
        if let begun = start {
          spans.append(begun..<at)
          start = nil
        } else {
          start = at + 1
        }
      } else if bytes[at] == UInt8(ascii: "\\") {
        at += 1
      }
      at += 1
    }
    return spans
  }

  private static func isNumber(_ span: Range<Int>, _ bytes: [UInt8]) -> Bool {
    func isPart(_ place: Int) -> Bool {
      bytes.indices.contains(place) && "0123456789.+-eE".utf8.contains(bytes[place])
    }
    return span.count >= Redaction.least && span.allSatisfy { (0x30...0x39).contains(bytes[$0]) }
      && !isPart(span.lowerBound - 1) && !isPart(span.upperBound)
  }
}
