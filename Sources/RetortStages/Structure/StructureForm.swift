internal import OrderedCollections
internal import RetortCore

/// Some lists of a structure, with the words of their enums looked up.
struct StructureForm: Sendable {
  let structure: Structure
  /// In the structure's order.
  let lists: OrderedDictionary<String, Structure.List>
  private let enums: [String: [String: EnumWords]]

  /// `names` are lists of the structure; nil means all.
  init(_ structure: Structure, lists names: [String]? = nil) {
    self.structure = structure
    lists = structure.lists.values.filter { names?.contains($0.key) ?? true }
    enums = Dictionary(
      uniqueKeysWithValues: lists.map { name, list in
        let fields = (list.fields?.values ?? [:]).compactMap { field, value in
          value.values.map {
            (field, EnumWords($0.map(\.text), synonyms: Dictionary(pairs: value.synonyms?.values ?? [:])))
          }
        }
        return (name, Dictionary(uniqueKeysWithValues: fields))
      })
  }

  /// The task's own.
  static let reasoning = StructureForm(.reasoning)

  /// The words of an enum; nil for a field that is none.
  func words(_ list: String, _ field: String) -> EnumWords? { enums[list]?[field] }

  /// The columns that are shown when these lists are asked for, in the structure's order.
  var shown: [String] {
    let shown = Set(lists.values.flatMap(structure.shown(for:)))
    return structure.columns.names.filter(shown.contains)
  }

  /// ``shown`` as columns that a stage reads.
  var reads: [ColumnUse] { shown.map(use) }

  func use(_ column: String) -> ColumnUse {
    ColumnUse(column, required: structure.columns[column]?.optional != true)
  }

  /// A value with each enum of its items as the schema has it. A lone list may come without its key.
  func plain(_ json: JSON) -> JSON {
    if lists.count == 1, let name = lists.keys.first, json.array != nil { return plain([name: json]) }
    guard let fields = json.object else { return json }
    return .object(
      JSON.Object(
        uniqueKeysWithValues: fields.map { key, value in
          guard let items = value.array, lists[key] != nil else { return (key, value) }
          return (key, .array(items.map { plain($0, of: key) }))
        }))
  }

  /// An item with its enums as the schema has them.
  func plain(_ item: JSON, of list: String) -> JSON {
    guard let fields = item.object, let enums = enums[list], !enums.isEmpty else { return item }
    return .object(
      JSON.Object(
        uniqueKeysWithValues: fields.map { key, value in
          guard let words = enums[key], let text = value.string ?? value.bool.map(String.init) else {
            return (key, value)
          }
          return (key, .string(words.value(of: text)))
        }))
  }

  // MARK: - Prompts

  /// The shown texts, each under its heading. Errors: those of `text`, which reads a column that no row lacks.
  func sections(_ columns: [String]? = nil, _ text: (String) throws -> String?) rethrows -> [String] {
    try (columns ?? shown).compactMap { column in
      try text(column).map { "\(structure.heading(of: column)):\n\($0)" }
    }
  }

  /// What is asked for, in words.
  var request: String {
    let items = lists.map { name, list in
      var lines = [
        "\"\(name)\": \(list.fields == nil ? "a list of texts" : "a list of objects")\(Self.explained(list.description))"
          + Self.source(list.groundedIn, in: structure) + Self.count(list.least, list.most)
      ]
      for (field, value) in list.fields?.values ?? [:] {
        lines.append(
          "  \"\(field)\": \(Self.type(of: value))\(Self.explained(value.description))"
            + Self.source(value.groundedIn, in: structure) + (value.required == false ? ", or null" : ""))
      }
      return lines.joined(separator: "\n")
    }
    let keys = lists.keys.map { "\"\($0)\"" }
    return "Answer with a JSON object that has the key\(keys.count == 1 ? "" : "s") \(keys.listed("and")), "
      + "and nothing else.\n\n" + items.joined(separator: "\n")
  }

  private static func type(of field: Structure.Field) -> String {
    if let values = field.values { return values.map { "\"\($0.text)\"" }.listed("or") }
    return field.type == .number ? "a number" : "a text"
  }

  private static func explained(_ text: String?) -> String { text.map { ": \($0)" } ?? "" }

  private static func source(_ columns: [String]?, in structure: Structure) -> String {
    columns.map { ", copied from \(structure.called($0, "or"))" } ?? ""
  }

  private static func count(_ least: Int?, _ most: Int?) -> String {
    switch (least, most) {
    case (nil, nil): ""
    case (let least?, nil): ", \(least) or more"
    case (nil, let most?): ", at most \(most)"
    case (let least?, let most?): ", \(least) to \(most)"
    }
  }

  // MARK: - JSON Schema

  /// An object of the lists. `bounding` says whether lists of texts are bounded too.
  func schema(_ bounds: ListBounds, bounding texts: Bool = true) -> JSON {
    Self.object(lists.map { ($0, schema($1, bounds, bounding: texts)) })
  }

  private func schema(_ list: Structure.List, _ bounds: ListBounds, bounding: Bool) -> JSON {
    var schema: JSON.Object = ["type": "array"]
    if list.fields != nil || bounding { schema["maxItems"] = .int(Int64(bounds.items(most: list.most))) }
    schema["items"] =
      list.fields.map { Self.object($0.values.map { ($0, Self.schema($1, bounds)) }) }
      ?? (bounding ? bounds.text : ["type": "string"])
    return .object(schema)
  }

  /// - Parameter isListed: by itself, where what is absent is left out.
  static func schema(_ field: Structure.Field, _ bounds: ListBounds, isListed: Bool = false) -> JSON {
    var schema: JSON.Object = field.type == .number ? ["type": "number"] : bounds.text.object ?? [:]
    if let values = field.values {
      schema = ["type": "string", "enum": .array(values.map { .string($0.text) })]
    }
    // Strict modes want every key: what may be absent is null.
    if field.required == false, !isListed, let type = schema["type"] {
      schema["type"] = [type, "null"]
      if let words = schema["enum"]?.array { schema["enum"] = .array(words + [.null]) }
    }
    return .object(schema)
  }

  static func object(_ fields: [(String, JSON)]) -> JSON {
    [
      "type": "object", "properties": .object(JSON.Object(uniqueKeysWithValues: fields)),
      "required": .array(fields.map { .string($0.0) }), "additionalProperties": false,
    ]
  }
}

extension Structure {
  func called(_ column: String) -> String { columns[column]?.called ?? column.replacing("_", with: " ") }

  /// `the question or the rationale`
  func called(_ columns: [String], _ word: String) -> String {
    columns.map { "the \(called($0))" }.listed(word)
  }

  func heading(of column: String) -> String { columns[column]?.heading ?? called(column).capitalizedFirst }
}

extension Structure.List {
  func heading(of field: String) -> String {
    fields?[field]?.heading ?? field.replacing("_", with: " ").capitalizedFirst
  }

  /// The fields of free text, each by its name, with what says where it is grounded; a list of texts has one without a
  /// name.
  var textFields: [TextField] {
    guard let fields else { return [TextField(name: nil, groundedIn: groundedIn ?? [], share: share)] }
    return fields.values.compactMap { name, field in
      field.values == nil && field.type != .number
        ? TextField(name: name, groundedIn: field.groundedIn ?? [], share: field.share) : nil
    }
  }

  /// The fields that are grounded: texts, and numbers as they are written.
  var groundedFields: [TextField] {
    let numbers = (fields?.values ?? [:]).compactMap { name, field in
      field.type == .number
        ? TextField(name: name, groundedIn: field.groundedIn ?? [], share: field.share) : nil
    }
    return (textFields + numbers).filter { !$0.groundedIn.isEmpty }
  }

  struct TextField {
    let name: String?
    let groundedIn: [String]
    let share: Double?
  }
}

extension String {
  fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}

extension [String] {
  /// `a, b and c`
  func listed(_ word: String) -> String {
    count > 1 ? "\(dropLast().joined(separator: ", ")) \(word) \(self[count - 1])" : first ?? ""
  }
}

extension Dictionary {
  fileprivate init(pairs: some Sequence<(key: Key, value: Value)>) {
    self.init(uniqueKeysWithValues: pairs.map { ($0.key, $0.value) })
  }
}
