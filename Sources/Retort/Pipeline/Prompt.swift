internal import OrderedCollections

/// A prompt template: the part of Mustache that makes plain text, and strict about names.
///
/// `{{name}}` and `{{a.b}}` insert exact characters (nothing is escaped; `{{{name}}}` and `{{&name}}` mean the
/// same); `{{#name}}…{{/name}}` renders once for each element of a list, once for any other value but null, false
/// and the empty string; `{{^name}}…{{/name}}` renders when the section would not; `{{.}}` is the element itself;
/// `{{! … }}` is a comment. Lists and objects are inserted as compact JSON. A section, comment or end tag alone on
/// its line leaves no line behind. A name without a value is an error with its place, never an empty string: a
/// prompt with a hole in it would be paid for.
package struct Prompt: Hashable, Sendable {
  /// A name that the row itself must have, and where the template first says so.
  package struct Use: Hashable, Sendable {
    package let name: String
    package let line: Int
    package let column: Int
  }

  indirect enum Part: Hashable, Sendable {
    case text(String)
    case insert([String], Spot)
    case section([String], inverted: Bool, [Part], Spot)
  }

  struct Spot: Hashable, Sendable {
    var line: Int
    var column: Int
  }

  private let parts: [Part]
  /// The names asked of the row, in order of appearance. Names inside a section are not among them: they may be
  /// fields of its elements, which only a row can tell.
  package let uses: [Use]

  package var names: [String] { uses.map(\.name) }

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
      case .insert(let path, let spot), .section(let path, _, _, let spot):
        if let name = path.first, uses[name] == nil {
          uses[name] = Use(name: name, line: spot.line, column: spot.column)
        }
        if case .section(_, inverted: true, let inner, _) = part { collect(inner, into: &uses) }
      }
    }
  }

  /// The template with the values in place. Errors: ``PromptError`` for a name that has no value.
  package func render(_ values: JSON.Object) throws -> String {
    var text = ""
    try Self.render(parts, [.object(values)], into: &text)
    return text
  }

  private static func render(_ parts: [Part], _ scopes: [JSON], into text: inout String) throws {
    for part in parts {
      switch part {
      case .text(let literal): text += literal
      case .insert(let path, let spot):
        switch try value(path, scopes, spot) {
        case .string(let string): text += string
        case .null:
          throw PromptError(spot, "expected a value for '\(path.joined(separator: "."))', found null")
        case let other: text += other.text
        }
      case .section(let path, let inverted, let inner, let spot):
        let value = try value(path, scopes, spot)
        let truth = value != .null && value != .bool(false) && value != .array([]) && value != .string("")
        if inverted {
          if !truth { try render(inner, scopes, into: &text) }
        } else if case .array(let elements) = value {
          for element in elements { try render(inner, scopes + [element], into: &text) }
        } else if truth {
          try render(inner, scopes + [value], into: &text)
        }
      }
    }
  }

  private static func value(_ path: [String], _ scopes: [JSON], _ spot: Spot) throws -> JSON {
    guard let name = path.first else { return scopes.last ?? .null }
    guard var value = scopes.lazy.reversed().compactMap({ $0[name] }).first else {
      let known = scopes.reversed().flatMap { $0.object.map { Array($0.keys) } ?? [] }
      throw PromptError(
        spot,
        "expected one of \(known.map { "'\($0)'" }.joined(separator: ", ")), "
          + "found '\(name)'\(NearestWord.hint(name, in: known))")
    }
    for field in path.dropFirst() {
      guard let inner = value[field] else {
        throw PromptError(
          spot,
          "expected a value for '\(path.joined(separator: "."))', found \(value.kind) without '\(field)'")
      }
      value = inner
    }
    return value
  }
}

/// What is wrong with a prompt template, and where in it.
package struct PromptError: Error, Hashable, Sendable, CustomStringConvertible {
  /// From 1.
  package let line: Int
  /// From 1, in Unicode scalars.
  package let column: Int
  package let message: String

  init(_ spot: Prompt.Spot, _ message: String) {
    line = spot.line
    column = spot.column
    self.message = message
  }

  package var description: String { "prompt, line \(line), column \(column): \(message)" }
}
