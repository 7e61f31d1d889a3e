internal import OrderedCollections
internal import RetortCore

/// What a text has to be like, so that a rule can say whether it is. Texts are compared whatever their case.
enum Constraint: Hashable, Sendable {
  /// Words are what white space parts; both bounds are included.
  case words(ClosedRange<Int>)
  /// Sentences end with `.`, `!` or `?`.
  case sentences(Int)
  case begins(String)
  case ends(String)
  case lowercase
  case uppercase
  /// A word, this often or more.
  case with(String, times: Int)
  case without(String)
  /// One word before the first of another.
  case order(String, String)
  /// Lines that begin with `- `, and no other line.
  case bullets(Int)
  /// A JSON object with these keys and no others.
  case json([String])

  /// What came of looking at a text.
  struct Report: Hashable, Sendable {
    var constraint: String
    var holds: Bool
    /// What was found; empty where the constraint holds.
    var found: String

    init(constraint: String, holds: Bool, found: String) {
      self.constraint = constraint
      self.holds = holds
      self.found = found
    }

    var json: JSON {
      ["constraint": .string(constraint), "holds": .bool(holds), "found": .string(found)]
    }
  }

  /// As an instruction says it.
  var words: String {
    switch self {
    case .words(let range): "Use \(range.lowerBound) to \(range.upperBound) words."
    case .sentences(let count): "Write exactly \(count) sentence\(count == 1 ? "" : "s")."
    case .begins(let text): "Begin with the word \"\(text)\"."
    case .ends(let text): "End with the words \"\(text)\"."
    case .lowercase: "Write in lower case only."
    case .uppercase: "Write in CAPITAL LETTERS only."
    case .with(let word, 1): "Use the word \"\(word)\"."
    case .with(let word, let times): "Use the word \"\(word)\" at least \(times) times."
    case .without(","): "Use no comma."
    case .without(let word): "Do not use the word \"\(word)\"."
    case .order(let first, let second): "Use the word \"\(first)\" before the word \"\(second)\"."
    case .bullets(let count): "Write \(count) lines, each of which begins with \"- \", and nothing else."
    case .json(let keys):
      "Answer with a JSON object that has the keys \(keys.map { "\"\($0)\"" }.joined(separator: " and ")) and no others."
    }
  }

  /// Whether a text keeps it, and what was found where it does not.
  func report(on text: String) -> Report {
    let found = fault(in: text.trimmed)
    return Report(constraint: words, holds: found == nil, found: found ?? "")
  }

  private func fault(in text: String) -> String? {
    if text.isEmpty { return "no text" }
    switch self {
    case .words(let range):
      let count = text.split(whereSeparator: \.isWhitespace).count
      return range.contains(count) ? nil : "\(count) words"
    case .sentences(let expected):
      let count = Self.sentences(in: text)
      return count == expected ? nil : "\(count) sentences"
    case .begins(let word):
      return Self.spoken(text).first == word.lowercased() ? nil : "'\(text.prefix(40))' at the beginning"
    case .ends(let words):
      let wanted = Self.spoken(words)
      return Self.spoken(text).suffix(wanted.count) == wanted[...] ? nil : "'\(text.suffix(40))' at the end"
    case .lowercase: return text == text.lowercased() ? nil : "capital letters"
    case .uppercase: return text == text.uppercased() ? nil : "small letters"
    case .with(let word, let times):
      let count = Self.spoken(text).count { $0 == word.lowercased() }
      return count >= times ? nil : "\"\(word)\" \(count) times"
    case .without(","): return text.contains(",") ? "a comma" : nil
    case .without(let word):
      return Self.spoken(text).contains(word.lowercased()) ? "\"\(word)\"" : nil
    case .order(let first, let second): return Self.disorder(Self.spoken(text), first, second)
    case .bullets(let expected):
      let lines = text.split(separator: "\n").map { String($0).trimmed }.filter { !$0.isEmpty }
      let bullets = lines.count { $0.hasPrefix("- ") && $0.count > 2 }
      guard bullets == lines.count else {
        return "\(lines.count - bullets) lines that do not begin with \"- \""
      }
      return bullets == expected ? nil : "\(bullets) lines"
    case .json(let keys):
      guard let object = (try? JSON(parsing: text))?.object else { return "no JSON object" }
      return Set(object.keys) == Set(keys) ? nil : "the keys \(object.keys.joined(separator: ", "))"
    }
  }

  private static func disorder(_ spoken: [String], _ first: String, _ second: String) -> String? {
    guard let one = spoken.firstIndex(of: first.lowercased()) else { return "no \"\(first)\"" }
    guard let other = spoken.firstIndex(of: second.lowercased()) else { return "no \"\(second)\"" }
    return one < other ? nil : "\"\(second)\" first"
  }

  /// Words in lower case, without the signs around them.
  private static func spoken(_ text: String) -> [String] {
    text.lowercased().split { !$0.isLetter && !$0.isNumber && $0 != "'" && $0 != "-" }
      .map { $0.trimmingPrefix("-").description }.filter { !$0.isEmpty }
  }

  /// Ends that white space or the end of the text follows.
  private static func sentences(in text: String) -> Int {
    let ends: Set<Character> = [".", "!", "?"]
    var count = 0
    for word in text.split(whereSeparator: \.isWhitespace) {
      let bare = String(word).trimmingSuffix(while: { "\"')]".contains($0) })
      if let last = bare.last, ends.contains(last) { count += 1 }
    }
    let closing = text.trimmingSuffix(while: { "\"')]".contains($0) || $0.isWhitespace })
    return closing.last.map(ends.contains) ?? true ? count : count + 1
  }
}

extension String {
  fileprivate func trimmingSuffix(while isCut: (Character) -> Bool) -> Substring {
    var rest = self[...]
    while let last = rest.last, isCut(last) { rest.removeLast() }
    return rest
  }
}

// MARK: In a row

extension Constraint {
  var json: JSON {
    switch self {
    case .words(let range):
      ["kind": "words", "least": .int(Int64(range.lowerBound)), "most": .int(Int64(range.upperBound))]
    case .sentences(let count): ["kind": "sentences", "count": .int(Int64(count))]
    case .begins(let text): ["kind": "begins", "text": .string(text)]
    case .ends(let text): ["kind": "ends", "text": .string(text)]
    case .lowercase: ["kind": "lowercase"]
    case .uppercase: ["kind": "uppercase"]
    case .with(let word, let times): ["kind": "with", "text": .string(word), "count": .int(Int64(times))]
    case .without(let word): ["kind": "without", "text": .string(word)]
    case .order(let first, let second): ["kind": "order", "text": .string(first), "then": .string(second)]
    case .bullets(let count): ["kind": "bullets", "count": .int(Int64(count))]
    case .json(let keys): ["kind": "json", "keys": .array(keys.map(JSON.string))]
    }
  }

  /// Nil for what ``json`` does not write.
  init?(_ json: JSON) {
    let count = json["count"]?.int.flatMap { (1...10_000).contains($0) ? Int($0) : nil }
    let text = json["text"]?.string.flatMap { $0.trimmed.isEmpty ? nil : $0 }
    switch json["kind"]?.string {
    case "words":
      guard let least = json["least"]?.int, let most = json["most"]?.int, 0 <= least, least <= most,
        most <= 1_000_000
      else { return nil }
      self = .words(Int(least)...Int(most))
    case "sentences":
      guard let count else { return nil }
      self = .sentences(count)
    case "begins":
      guard let text else { return nil }
      self = .begins(text)
    case "ends":
      guard let text else { return nil }
      self = .ends(text)
    case "lowercase": self = .lowercase
    case "uppercase": self = .uppercase
    case "with":
      guard let text else { return nil }
      self = .with(text, times: count ?? 1)
    case "without":
      guard let text else { return nil }
      self = .without(text)
    case "order":
      guard let text, let then = json["then"]?.string, !then.trimmed.isEmpty else { return nil }
      self = .order(text, then)
    case "bullets":
      guard let count else { return nil }
      self = .bullets(count)
    case "json":
      guard let keys = json["keys"]?.array?.compactMap(\.string), !keys.isEmpty else { return nil }
      self = .json(keys)
    default: return nil
    }
  }
}
