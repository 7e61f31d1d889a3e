/// Reads a prompt template into its parts.
struct PromptParser {
  private typealias Spot = Prompt.Spot

  private enum Piece {
    case text(String)
    case tag(sigil: Unicode.Scalar?, name: String, Spot)
  }

  private let scalars: [Unicode.Scalar]
  private var index = 0
  private var spot = Spot(line: 1, column: 1)

  init(_ text: String) { scalars = Array(text.unicodeScalars) }

  mutating func parse() throws -> [Prompt.Part] {
    var pieces = try pieces()
    dropStandaloneLines(&pieces)
    var open: [(path: [String], inverted: Bool, spot: Spot, before: [Prompt.Part])] = []
    var parts: [Prompt.Part] = []
    for piece in pieces {
      switch piece {
      case .text(let text): if !text.isEmpty { parts.append(.text(text)) }
      case .tag("!", _, _): continue
      case .tag("/", let name, let spot):
        guard let section = open.popLast() else {
          throw PromptError(spot, "expected no end tag, found '{{/\(name)}}' without a section")
        }
        guard try section.path == path(name, spot) else {
          throw PromptError(
            spot, "expected '{{/\(section.path.joined(separator: "."))}}', found '{{/\(name)}}'")
        }
        parts =
          section.before + [.section(section.path, inverted: section.inverted, parts, section.spot)]
      case .tag("#", let name, let spot), .tag("^", let name, let spot):
        let inverted = if case .tag("^", _, _) = piece { true } else { false }
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
        "expected '{{/\(section.path.joined(separator: "."))}}' for this section, found the end of the text")
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
      throw PromptError(spot, "expected a name of letters, digits, '_', '-' and '.', found '\(name)'")
    }
    return fields
  }

  private mutating func pieces() throws -> [Piece] {
    var pieces: [Piece] = []
    var text = String.UnicodeScalarView()
    while index < scalars.count {
      guard starts("{{") else {
        text.append(advance())
        continue
      }
      pieces.append(.text(String(text)))
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
      while let first = inner.first, first.properties.isWhitespace { inner.removeFirst() }
      let isName = inner.first.map {
        $0.properties.isAlphabetic || "_.-0123456789".unicodeScalars.contains($0)
      }
      let sigil = triple || isName != false ? nil : inner.removeFirst()
      while let first = inner.first, first.properties.isWhitespace { inner.removeFirst() }
      while let last = inner.last, last.properties.isWhitespace { inner.removeLast() }
      pieces.append(.tag(sigil: sigil, name: String(inner), start))
    }
    pieces.append(.text(String(text)))
    return pieces
  }

  /// Texts and tags alternate, so the neighbours of a tag are texts. A section tag or comment with nothing but
  /// blanks beside it on its line takes the whole line with it.
  private func dropStandaloneLines(_ pieces: inout [Piece]) {
    let original = pieces
    for index in original.indices {
      guard case .tag(let sigil?, _, _) = original[index], "#^/!".unicodeScalars.contains(sigil),
        case .text(let before) = original[index - 1], case .text(let after) = original[index + 1]
      else { continue }
      let head = before.unicodeScalars.reversed().prefix { $0 != "\n" }
      let tail = after.unicodeScalars.prefix { $0 != "\n" }
      let startsLine = head.count < before.unicodeScalars.count || index == 1
      let endsLine = tail.count < after.unicodeScalars.count || index == original.count - 2
      guard startsLine, endsLine, head.allSatisfy(\.properties.isWhitespace),
        tail.allSatisfy(\.properties.isWhitespace)
      else { continue }
      // The neighbours may have been shortened at their other end already, so cut what is there now.
      if case .text(let now) = pieces[index - 1] {
        pieces[index - 1] = .text(String(now.unicodeScalars.dropLast(head.count)))
      }
      if case .text(let now) = pieces[index + 1] {
        pieces[index + 1] = .text(String(now.unicodeScalars.dropFirst(tail.count + 1)))
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
