/// Reads a prompt template into its parts.
struct PromptParser {
  private typealias Spot = Prompt.Spot

  private enum Piece {
    case text(String, Spot)
    case tag(sigil: Unicode.Scalar?, name: String, Spot)
  }

  private let scalars: [Unicode.Scalar]
  private var index = 0
  private var spot = Spot(line: 1, column: 1)

  init(_ text: String) {
    var scalars: [Unicode.Scalar] = []
    scalars.reserveCapacity(text.utf8.count)
    var last: Unicode.Scalar?
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\u{FEFF}" where last == nil: break
      case "\n" where last == "\r": break
      case "\r": scalars.append("\n")
      default: scalars.append(scalar)
      }
      last = scalar
    }
    self.scalars = scalars
  }

  mutating func parse() throws -> [Prompt.Part] {
    guard scalars.count <= Prompt.limit else {
      throw PromptError(
        spot, "expected a template of at most \(Prompt.limit) characters, found \(scalars.count)")
    }
    var pieces = try pieces()
    dropStandaloneLines(&pieces)
    var open: [(path: [String], inverted: Bool, spot: Spot, before: [Prompt.Part])] = []
    var parts: [Prompt.Part] = []
    for piece in pieces {
      switch piece {
      case .text(let text, let spot): if !text.isEmpty { parts.append(.text(text, spot)) }
      case .tag("!", _, _): continue
      case .tag("/", let name, let spot):
        guard var section = open.popLast() else {
          throw PromptError(
            spot, "expected no end tag, found '{{/\(Prompt.shortened(name))}}' without a section")
        }
        guard try section.path == path(name, spot) else {
          throw PromptError(
            spot,
            "expected '{{/\(Prompt.name(section.path))}}', found '{{/\(Prompt.shortened(name))}}'")
        }
        section.before.append(
          .section(section.path, inverted: section.inverted, parts, section.spot))
        parts = section.before
      case .tag("#", let name, let spot), .tag("^", let name, let spot):
        let inverted = if case .tag("^", _, _) = piece { true } else { false }
        guard open.count < Prompt.depthLimit else {
          throw PromptError(
            spot, "expected at most \(Prompt.depthLimit) sections inside each other, found more")
        }
        open.append((try path(name, spot), inverted, spot, parts))
        parts = []
      case .tag(nil, let name, let spot), .tag("&", let name, let spot):
        parts.append(.insert(try path(name, spot), spot))
      case .tag(let sigil?, _, let spot):
        throw PromptError(
          spot, "expected a name, '#', '^', '/', '&' or '!' after '{{', found '\(sigil)'")
      case .tag: continue
      }
    }
    if let section = open.last {
      throw PromptError(
        section.spot,
        "expected '{{/\(Prompt.name(section.path))}}' for this section, found the end of the text")
    }
    return parts
  }

  /// The path of a name; empty for `.`.
  private func path(_ name: String, _ spot: Spot) throws -> [String] {
    if name == "." { return [] }
    let fields = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    let allowed = fields.allSatisfy { field in
      !field.isEmpty
        && field.unicodeScalars.allSatisfy {
          $0.properties.isAlphabetic || ("0"..."9").contains($0) || "_-".unicodeScalars.contains($0)
        }
    }
    guard allowed else {
      let remedy = fields.contains("") ? "" : "; a rename stage gives a column such a name"
      throw PromptError(
        spot,
        "expected a name of letters, digits, '_', '-' and '.', found '\(Prompt.shortened(name))'\(remedy)")
    }
    return fields
  }

  private mutating func pieces() throws -> [Piece] {
    var pieces: [Piece] = []
    var text = String.UnicodeScalarView()
    var textStart = spot
    while index < scalars.count {
      guard starts("{{") else {
        if text.isEmpty { textStart = spot }
        text.append(advance())
        continue
      }
      pieces.append(.text(String(text), textStart))
      text.removeAll()
      let start = spot
      let triple = starts("{{{")
      let close = triple ? "}}}" : "}}"
      skip(triple ? 3 : 2)
      var inner = String.UnicodeScalarView()
      while index < scalars.count, !starts(close) { inner.append(advance()) }
      guard index < scalars.count else {
        throw PromptError(start, "expected '\(close)' for this tag, found the end of the text")
      }
      skip(close.count)
      var name = Self.trimmed(inner[...])
      let isName = name.first.map {
        $0.properties.isAlphabetic || "_.-0123456789".unicodeScalars.contains($0)
      }
      let sigil = triple || isName != false ? nil : name.removeFirst()
      name = Self.trimmed(name)
      pieces.append(.tag(sigil: sigil, name: String(name), start))
    }
    pieces.append(.text(String(text), textStart))
    return pieces
  }

  private static func trimmed(_ text: Substring.UnicodeScalarView) -> Substring.UnicodeScalarView {
    var text = text.drop(while: \.properties.isWhitespace)
    while text.last?.properties.isWhitespace == true { text.removeLast() }
    return text
  }

  /// Texts and tags alternate, so the neighbours of a tag are texts. A section tag or comment with nothing but
  /// blanks beside it on its line takes the whole line with it.
  private func dropStandaloneLines(_ pieces: inout [Piece]) {
    let original = pieces
    for index in original.indices {
      guard case .tag(let sigil?, _, _) = original[index], "#^/!".unicodeScalars.contains(sigil),
        case .text(let before, _) = original[index - 1], case .text(let after, _) = original[index + 1]
      else { continue }
      let head = before.unicodeScalars.reversed().prefix { $0 != "\n" }
      let tail = after.unicodeScalars.prefix { $0 != "\n" }
      let startsLine = head.count < before.unicodeScalars.count || index == 1
      let endsLine = tail.count < after.unicodeScalars.count || index == original.count - 2
      guard startsLine, endsLine, head.allSatisfy(\.properties.isWhitespace),
        tail.allSatisfy(\.properties.isWhitespace)
      else { continue }
      // The neighbours may have been shortened at their other end already, so cut what is there now.
      if case .text(let now, let spot) = pieces[index - 1] {
        pieces[index - 1] = .text(String(now.unicodeScalars.dropLast(head.count)), spot)
      }
      if case .text(let now, let spot) = pieces[index + 1] {
        pieces[index + 1] = .text(String(now.unicodeScalars.dropFirst(tail.count + 1)), spot)
      }
    }
  }

  private func starts(_ text: String) -> Bool { scalars[index...].starts(with: text.unicodeScalars) }

  private mutating func skip(_ count: Int) { for _ in 0..<count { _ = advance() } }

  private mutating func advance() -> Unicode.Scalar {
    let scalar = scalars[index]
    index += 1
    if scalar == "\n" {
      spot = Spot(line: spot.line + 1, column: 1)
    } else {
      spot.column += 1
    }
    return scalar
  }
}
