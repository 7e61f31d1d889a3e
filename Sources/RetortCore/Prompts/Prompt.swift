internal import OrderedCollections

/// A prompt template: the part of Mustache that makes plain text, and strict about names.
///
/// `{{name}}` and `{{a.b}}` insert exact characters (nothing is escaped; `{{{name}}}` and `{{&name}}` mean the
/// same); `{{#name}}…{{/name}}` renders once for each element of a list, once for any other value but null, false
/// and the empty string, and not at all for a name that the row lacks; `{{^name}}…{{/name}}` renders when the section
/// would not; `{{.}}` is the element itself; `{{! … }}` is a comment. Lists and objects are inserted as compact JSON.
/// A section, comment or end tag alone on its line leaves no line behind. A plain name without a value is an error with
/// its place, never an empty string: a prompt with a hole in it would be paid for. A byte order mark is skipped and every line ends with `\n`, however
/// the file writes them.
package struct Prompt: Hashable, Sendable {
  /// A name that is asked of the row itself, and where the template first says so.
  package struct Use: Hashable, Sendable {
    package let name: String
    /// Whether the row must have it: false where it only begins sections.
    package let isRequired: Bool
    /// Names that sections on it ask for plainly: fields of what is in it, or columns of the row.
    var inside: OrderedSet<String> = []
    package let line: Int
    package let column: Int
  }

  indirect enum Part: Hashable, Sendable {
    case text(String, Spot)
    case insert([String], Spot)
    case section([String], inverted: Bool, [Part], Spot)
  }

  struct Spot: Hashable, Sendable {
    var line: Int
    var column: Int
  }

  /// Most bytes of a template, and of what it renders.
  package static let limit = 16 << 20
  /// Most sections inside each other: rendering goes down as deep.
  static let depthLimit = 64
  /// Most parts and list elements that one rendering goes through: loops inside loops multiply, also where they write
  /// nothing.
  static let stepLimit = 1_000_000

  private let parts: [Part]
  /// The names asked of the row, in order of appearance. Names inside a section are not among them: they may be
  /// fields of its elements, which only a row can tell.
  package let uses: [Use]

  package var names: [String] { uses.map(\.name) }
  /// The columns that a row is asked for.
  package var reads: [ColumnUse] {
    uses.map { ColumnUse($0) }
  }

  /// Errors: ``PromptError``.
  package init(text: String) throws {
    var parser = PromptParser(text)
    parts = try parser.parse()
    var uses: OrderedDictionary<String, Use> = [:]
    Self.collect(parts, into: &uses)
    self.uses = Array(uses.values)
  }

  private static func collect(_ parts: [Part], into uses: inout OrderedDictionary<String, Use>) {
    for part in parts {
      switch part {
      case .text: continue
      case .insert(let path, let spot): note(path, isRequired: true, spot, in: &uses)
      case .section(let path, let inverted, let inner, let spot):
        note(path, isRequired: false, spot, in: &uses)
        if inverted {
          collect(inner, into: &uses)
        } else if path.count == 1, let name = path.first {
          uses[name]?.inside.formUnion(plainNames(in: inner))
        }
      }
    }
  }

  /// Those that a rendering of the parts asks for whatever the values are.
  private static func plainNames(in parts: [Part]) -> [String] {
    parts.flatMap { part -> [String] in
      switch part {
      case .text, .section: []
      case .insert(let path, _): path.first.map { [$0] } ?? []
      }
    }
  }

  private static func note(
    _ path: [String], isRequired: Bool, _ spot: Spot, in uses: inout OrderedDictionary<String, Use>
  ) {
    guard let name = path.first, uses[name].map({ isRequired && !$0.isRequired }) ?? true else { return }
    let inside = uses[name]?.inside ?? []
    uses[name] = Use(
      name: name, isRequired: isRequired, inside: inside, line: spot.line, column: spot.column)
  }

  /// The template with the values in place. Errors: ``PromptError`` for a name that has no value, and beyond ``limit``
  /// and ``stepLimit``.
  package func render(_ values: JSON.Object) throws -> String {
    var output = Output()
    try Self.render(parts, [.object(values)], into: &output)
    return output.text
  }

  /// What is rendered so far, and what that took.
  private struct Output {
    private(set) var text = ""
    private var steps = 0

    mutating func step(_ spot: Spot) throws {
      steps += 1
      guard steps <= Prompt.stepLimit else {
        throw PromptError(
          spot, "expected loops of at most \(Prompt.stepLimit) parts in all, found more in this section")
      }
    }

    mutating func append(_ string: String, _ spot: Spot) throws {
      text += string
      guard text.utf8.count <= Prompt.limit else {
        throw PromptError(spot, "expected a prompt of at most \(Prompt.limit) bytes, found more from here on")
      }
    }
  }

  private static func render(_ parts: [Part], _ scopes: [JSON], into output: inout Output) throws {
    for part in parts {
      switch part {
      case .text(let literal, let spot):
        try output.step(spot)
        try output.append(literal, spot)
      case .insert(let path, let spot):
        try output.step(spot)
        switch try value(path, scopes, spot) {
        case .string(let string): try output.append(string, spot)
        case .null:
          throw PromptError(
            spot, "expected a value for '\(Self.name(path))', found null", missing: Self.name(path))
        case let other: try output.append(other.text, spot)
        }
      case .section(let path, let inverted, let inner, let spot):
        let value = found(path, scopes) ?? .null
        let truth = value != .null && value != .bool(false) && value != .array([]) && value != .string("")
        if inverted {
          if !truth { try render(inner, scopes, into: &output) }
        } else if case .array(let elements) = value {
          for element in elements {
            try output.step(spot)
            try render(inner, scopes + [element], into: &output)
          }
        } else if truth {
          try render(inner, scopes + [value], into: &output)
        }
      }
    }
  }

  /// Nil where there is none on the way.
  private static func found(_ path: [String], _ scopes: [JSON]) -> JSON? {
    guard let name = path.first else { return scopes.last }
    let value = scopes.lazy.reversed().compactMap { $0[name] }.first
    return path.dropFirst().reduce(value) { $0?[$1] }
  }

  private static func value(_ path: [String], _ scopes: [JSON], _ spot: Spot) throws -> JSON {
    guard let name = path.first else { return scopes.last ?? .null }
    guard var value = scopes.lazy.reversed().compactMap({ $0[name] }).first else {
      let known = scopes.reversed().flatMap { $0.object.map { Array($0.keys) } ?? [] }
      throw PromptError(
        spot,
        "expected one of \(listed(known)), found '\(shortened(name))'"
          + (known.contains(path.joined(separator: "."))
            ? "; what follows a dot is a field: a column with a dot in its name needs another one"
            : NearestWord.hint(name, in: known)),
        missing: Self.name(path))
    }
    for field in path.dropFirst() {
      guard let inner = value[field] else {
        throw PromptError(
          spot,
          "expected a value for '\(Self.name(path))', found \(value.kind) without '\(shortened(field))'",
          missing: Self.name(path))
      }
      value = inner
    }
    return value
  }

  /// As a message names it.
  static func name(_ path: [String]) -> String { shortened(path.joined(separator: ".")) }

  static func shortened(_ name: String) -> String {
    name.unicodeScalars.count <= 80 ? name : String(name.unicodeScalars.prefix(79)) + "…"
  }

  private static func listed(_ names: [String]) -> String {
    let shown = names.prefix(40).map { "'\(shortened($0))'" }.joined(separator: ", ")
    return names.count <= 40 ? shown : shown + " and \(names.count - 40) more"
  }
}

extension ColumnUse {
  fileprivate init(_ use: Prompt.Use) {
    self.init(use.name, required: use.isRequired, isNamed: true, inside: Array(use.inside))
  }
}

/// What is wrong with a prompt template, and where in it.
package struct PromptError: Error, Hashable, Sendable, CustomStringConvertible {
  /// From 1.
  package let line: Int
  /// From 1, in Unicode scalars.
  package let column: Int
  package let message: String
  /// The name that a row has no value for, where that is all that is wrong.
  package let missing: String?

  init(_ spot: Prompt.Spot, _ message: String, missing: String? = nil) {
    line = spot.line
    column = spot.column
    self.message = message
    self.missing = missing
  }

  package var description: String { "prompt, line \(line), column \(column): \(message)" }
}
