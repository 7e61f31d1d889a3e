internal import OrderedCollections

/// A JSON Schema that values are held against: what endpoints for structured output take of draft 2020-12, so that a
/// reply is judged alike whether the endpoint enforces the schema or not.
///
/// Every keyword is enforced or, where it only describes, without effect; any other is a mistake of the schema.
package struct JSONSchema: Sendable {
  /// What is wrong with a schema, and where.
  package struct Mistake: Error, Hashable, Sendable {
    /// Keys and positions from the schema's root.
    package let path: [String]
    /// Whether the last of `path` is wrong as a key, and not in what it has.
    package let isAboutKey: Bool
    /// What was expected and what was found.
    package let message: String
  }

  /// All that is wrong with a schema.
  package struct Mistakes: Error, Hashable, Sendable {
    package let all: [Mistake]
  }

  package let json: JSON
  /// The expressions of the schema, by their text.
  let patterns: [String: SchemaPattern]

  /// Errors: ``Mistakes``.
  package init(_ json: JSON) throws(Mistakes) {
    var reader = SchemaReader(root: json)
    reader.read(json, at: [])
    reader.checkReferences()
    reader.findCircles(json)
    guard reader.mistakes.isEmpty else { throw Mistakes(all: reader.mistakes) }
    self.json = json
    patterns = reader.patterns
  }

  /// The keys and positions of a reference within the schema, such as `#/$defs/step`; nil for any other.
  static func path(of reference: String) -> [String]? {
    if reference == "#" { return [] }
    guard reference.hasPrefix("#/") else { return nil }
    return reference.dropFirst(2).split(separator: "/", omittingEmptySubsequences: false).map {
      String($0).replacing("~1", with: "/").replacing("~0", with: "~")
    }
  }

  /// The schema that a reference names; nil where there is nothing.
  static func target(of reference: String, in root: JSON) -> JSON? {
    var json = root
    for key in path(of: reference) ?? ["#"] {
      let element = json.array.flatMap { list in
        Int(key).flatMap { list.indices.contains($0) ? list[$0] : nil }
      }
      guard let next = element ?? json[key] else { return nil }
      json = next
    }
    return json
  }
}

extension JSONSchema {
  /// The names of `type`, and the words of messages.
  static let types = [
    "string": "a text", "integer": "an integer", "number": "a number", "boolean": "true or false",
    "array": "a list", "object": "an object", "null": "null",
  ]

  /// What a keyword takes.
  enum Keyword {
    case type, options, anything, schema, schemas, schemaMap, names, nameMap, count, number, divisor, flag
    case pattern, format, reference
    /// Says something to people, and nothing about values.
    case note
  }

  static let keywords: [String: Keyword] = [
    "type": .type, "nullable": .flag, "enum": .options, "const": .anything,
    "properties": .schemaMap, "patternProperties": .schemaMap, "additionalProperties": .schema,
    "propertyNames": .schema, "required": .names, "dependentRequired": .nameMap,
    "dependentSchemas": .schemaMap,
    "minProperties": .count, "maxProperties": .count,
    "items": .schema, "prefixItems": .schemas, "contains": .schema, "minContains": .count,
    "maxContains": .count,
    "minItems": .count, "maxItems": .count, "uniqueItems": .flag,
    "minimum": .number, "maximum": .number, "exclusiveMinimum": .number, "exclusiveMaximum": .number,
    "multipleOf": .divisor,
    "minLength": .count, "maxLength": .count, "pattern": .pattern, "format": .format,
    "anyOf": .schemas, "oneOf": .schemas, "allOf": .schemas, "not": .schema,
    "if": .schema, "then": .schema, "else": .schema,
    "$defs": .schemaMap, "definitions": .schemaMap, "$ref": .reference,
    "title": .note, "description": .note, "default": .note, "examples": .note, "example": .note,
    "$comment": .note, "$schema": .note, "$id": .note, "deprecated": .note, "readOnly": .note,
    "writeOnly": .note,
    "contentEncoding": .note, "contentMediaType": .note, "propertyOrdering": .note,
  ]

  /// Keywords whose schemas are held against the same value.
  static let inPlace = ["anyOf", "oneOf", "allOf", "not", "if", "then", "else", "dependentSchemas"]
}

/// Reads a schema for its mistakes.
struct SchemaReader {
  let root: JSON
  private(set) var mistakes: [JSONSchema.Mistake] = []
  private(set) var patterns: [String: SchemaPattern] = [:]
  /// Where schemas stand.
  private var places: Set<[String]> = []
  private var references: [(name: JSON, path: [String])] = []
  /// References that lead to no circle.
  private var straight: Set<String> = []

  /// Most schemas inside each other.
  private static let deepest = 64

  init(root: JSON) { self.root = root }

  private mutating func report(_ path: [String], key: Bool = false, _ message: String) {
    mistakes.append(.init(path: path, isAboutKey: key, message: message))
  }

  mutating func read(_ schema: JSON, at path: [String]) {
    guard path.count <= 2 * Self.deepest else {
      return report(path, "expected at most \(Self.deepest) schemas inside each other")
    }
    places.insert(path)
    if schema.bool != nil { return }
    guard let fields = schema.object else {
      return report(path, "expected a schema, an object of keywords, found \(schema.kind)")
    }
    for (name, value) in fields { read(name, value, at: path + [name]) }
    for (least, most) in [
      ("minItems", "maxItems"), ("minLength", "maxLength"), ("minProperties", "maxProperties"),
      ("minimum", "maximum"), ("minContains", "maxContains"),
    ] {
      guard let lower = fields[least], let upper = fields[most], lower.number != nil, upper.number != nil
      else { continue }
      if JSONNumber.compare(lower, upper) == .above {
        report(path + [least], "expected at most \(most), \(upper.text), found \(lower.text)")
      }
    }
  }

  private mutating func read(_ name: String, _ value: JSON, at path: [String]) {
    guard let keyword = JSONSchema.keywords[name] else {
      let hint = NearestWord.hint(name, in: JSONSchema.keywords.keys.sorted())
      return report(
        path, key: true,
        "expected a keyword that replies can be held to (docs/pipeline-file.md), found '\(name)'\(hint)")
    }
    switch keyword {
    case .note, .anything: break
    case .type: readType(value, at: path)
    case .options:
      guard let options = value.array, !options.isEmpty else {
        return report(path, "expected a list of at least one value, found \(described(value))")
      }
    case .flag:
      if value.bool == nil { report(path, "expected true or false, found \(described(value))") }
    case .count:
      if value.int ?? -1 < 0 { report(path, "expected an integer of at least 0, found \(described(value))") }
    case .number:
      if value.number == nil { report(path, "expected a number, found \(described(value))") }
    case .divisor:
      if value.number ?? 0 <= 0 { report(path, "expected a number above 0, found \(described(value))") }
    case .names: readNames(value, at: path)
    case .nameMap:
      guard let map = value.object else {
        return report(path, "expected an object of lists, found \(described(value))")
      }
      for (name, names) in map { readNames(names, at: path + [name]) }
    case .schema: read(value, at: path)
    case .schemas:
      guard let list = value.array, !list.isEmpty else {
        return report(path, "expected a list of at least one schema, found \(described(value))")
      }
      for (index, schema) in list.enumerated() { read(schema, at: path + ["\(index)"]) }
    case .schemaMap:
      guard let map = value.object else {
        return report(path, "expected an object of schemas, found \(described(value))")
      }
      for (key, schema) in map {
        if name == "patternProperties" { readPattern(key, at: path + [key]) }
        read(schema, at: path + [key])
      }
    case .pattern:
      guard let text = value.string else {
        return report(path, "expected a regular expression, found \(described(value))")
      }
      readPattern(text, at: path)
    case .format:
      guard let name = value.string, SchemaFormat(rawValue: name) != nil else {
        let names = SchemaFormat.allCases.map(\.rawValue)
        return report(path, "expected one of \(names.joined(separator: ", ")), found \(described(value))")
      }
    case .reference: references.append((value, path))
    }
  }

  mutating func checkReferences() {
    for (name, path) in references where name.string.flatMap(JSONSchema.path).map(places.contains) != true {
      report(path, "expected a schema within this one, as '#/$defs/NAME', found \(described(name))")
    }
  }

  private mutating func readType(_ value: JSON, at path: [String]) {
    let names = value.array ?? [value]
    for (index, name) in names.enumerated() where JSONSchema.types[name.string ?? ""] == nil {
      let known = JSONSchema.types.keys.sorted()
      let hint = name.string.map { NearestWord.hint($0, in: known) } ?? ""
      report(
        value.array == nil ? path : path + ["\(index)"],
        "expected one of \(known.joined(separator: ", ")), found \(described(name))\(hint)")
    }
    if names.isEmpty || Set(names).count < names.count {
      report(path, "expected different types, at least one, found \(value.text)")
    }
  }

  private mutating func readNames(_ value: JSON, at path: [String]) {
    guard let names = value.array?.map(\.string) as? [String], Set(names).count == names.count else {
      return report(path, "expected a list of different names, found \(described(value))")
    }
  }

  private mutating func readPattern(_ text: String, at path: [String]) {
    do throws(SchemaPattern.Refusal) { patterns[text] = try SchemaPattern(text) } catch {
      report(path, "expected a regular expression: \(error.message)")
    }
  }

  private func described(_ value: JSON) -> String {
    let text = value.text
    return text.utf8.count <= 80 ? text : value.kind
  }

  /// References that lead back to themselves before anything of a value has been looked at.
  mutating func findCircles(_ schema: JSON, at path: [String] = []) {
    guard let fields = schema.object, path.count <= 2 * Self.deepest else { return }
    follow(schema, [], from: path)
    for (name, value) in fields {
      switch JSONSchema.keywords[name] {
      case .schema: findCircles(value, at: path + [name])
      case .schemas:
        for (index, schema) in (value.array ?? []).enumerated() {
          findCircles(schema, at: path + [name, "\(index)"])
        }
      case .schemaMap:
        for (key, schema) in value.object ?? [:] { findCircles(schema, at: path + [name, key]) }
      default: break
      }
    }
  }

  private mutating func follow(_ schema: JSON, _ passed: [String], from path: [String]) {
    guard let fields = schema.object, passed.count <= 1000 else { return }
    if let reference = fields["$ref"]?.string, !straight.contains(reference),
      let target = JSONSchema.target(of: reference, in: root)
    {
      guard !passed.contains(reference) else {
        straight.insert(reference)
        return report(
          path + ["$ref"], "expected a reference that leads to a schema, found that it leads back to itself")
      }
      follow(target, passed + [reference], from: path)
      straight.insert(reference)
    }
    for name in JSONSchema.inPlace {
      switch JSONSchema.keywords[name] {
      case .schema: fields[name].map { follow($0, passed, from: path) }
      case .schemas: for schema in fields[name]?.array ?? [] { follow(schema, passed, from: path) }
      default: for schema in (fields[name]?.object ?? [:]).values { follow(schema, passed, from: path) }
      }
    }
  }
}
