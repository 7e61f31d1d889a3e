package import OrderedCollections

/// What texts are taken apart into, as a structure file says it: lists of items, where their words come from, and the
/// roles that models are trained for.
package struct Structure: Decodable, Hashable, Sendable {
  /// A sentence that begins the prompt: what is done with the texts.
  package let task: String?
  /// The columns that hold the texts, in the order in which prompts show them.
  package let columns: Named<Column>
  /// What the texts are taken apart into, each list a column.
  package let lists: Named<List>
  package let answer: Answer?
  package let acts: Named<Act>?
  package let roles: Named<Role>?

  package struct Column: Decodable, Hashable, Sendable {
    /// What stands over its text in a prompt; by default what it is called, with a capital.
    package let heading: String?
    /// What messages call it; by default its name.
    package let called: String?
    /// Whether rows may lack it; default false.
    package let optional: Bool?
  }

  /// A list of texts, or, with fields, of objects.
  package struct List: Decodable, Hashable, Sendable {
    /// What its items are, for the prompt.
    package let description: String?
    /// The columns that are shown when it is asked for; by default all that no row lacks.
    package let from: [String]?
    /// What messages call an item; default `item`.
    package let one: String?
    /// What messages call the items; by default its name.
    package let many: String?
    package let least: Int?
    package let most: Int?
    /// Whether an item may stand in it once alone; by default so for objects.
    package let unique: Bool?
    /// Of a list of texts, as of a field.
    package let groundedIn: [String]?
    package let share: Double?
    package let fields: Named<Field>?

    enum CodingKeys: String, CodingKey {
      case description, from, one, many, least, most, unique, share, fields
      case groundedIn = "grounded_in"
    }
  }

  package struct Field: Decodable, Hashable, Sendable {
    /// What it says, for the prompt.
    package let description: String?
    /// What stands over its text in a role's prompt; by default its name, with a capital.
    package let heading: String?
    /// Default text.
    package let type: FieldType?
    /// The words of an enum.
    package let values: [EnumValue]?
    /// Other words for one of `values`.
    package let synonyms: Named<[String]>?
    /// The columns that its words must stand in; with several, in one or put together from them.
    package let groundedIn: [String]?
    /// Share of its words, 0 to 1, that must stand close together there.
    package let share: Double?
    /// Whether it is never null; default true.
    package let required: Bool?

    enum CodingKeys: String, CodingKey {
      case description, heading, type, values, synonyms, share, required
      case groundedIn = "grounded_in"
    }
  }

  package enum FieldType: String, Codable, Hashable, Sendable, CaseIterable { case text, number }

  /// A word of an enum. YAML's bare `true` and `1` are taken as they are written.
  package struct EnumValue: Decodable, Hashable, Sendable {
    package let text: String

    package init(from decoder: any Decoder) throws {
      switch try decoder.singleValueContainer().decode(JSON.self) {
      case .string(let text): self.text = text
      case .bool(let value): text = "\(value)"
      case .int(let value): text = "\(value)"
      case let other:
        throw DecodingError.dataCorrupted(
          .init(codingPath: decoder.codingPath, debugDescription: "expected a word, found \(other.kind)"))
      }
    }
  }

  /// The answer that a text states and a column knows.
  package struct Answer: Decodable, Hashable, Sendable {
    package let column: String
    package let statedIn: String
    /// The column with the options' letters.
    package let optionsIn: String

    enum CodingKeys: String, CodingKey {
      case column
      case statedIn = "stated_in"
      case optionsIn = "options_in"
    }
  }

  /// What a role is asked, and what it answers: a list, or fields of each of its items.
  package struct Act: Decodable, Hashable, Sendable {
    package let shows: [String]
    /// `LIST`, or `LIST.FIELD` for one field of its items.
    package let list: String?
    package let each: String?
    /// Fields of the item that the request shows.
    package let given: [String]?
    package let gives: [String]?
    /// The last line of the request.
    package let asks: String?
  }

  package struct Role: Decodable, Hashable, Sendable {
    package let system: String
    /// Acts about each item of one list that follow one another are asked item by item.
    package let acts: [String]
  }
}

/// A mapping whose keys its writer chose, in their order.
package struct Named<Value: Decodable & Hashable & Sendable>: Decodable, Hashable, Sendable {
  package let values: OrderedDictionary<String, Value>

  init(_ values: OrderedDictionary<String, Value>) { self.values = values }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: AnyName.self)
    var values: OrderedDictionary<String, Value> = [:]
    for key in container.allKeys { values[key.stringValue] = try container.decode(Value.self, forKey: key) }
    self.values = values
  }

  package var names: [String] { Array(values.keys) }
  package subscript(name: String) -> Value? { values[name] }

  private struct AnyName: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}

extension Structure {
  /// Nothing, to stand in for one.
  static let empty = Structure(
    task: nil, columns: Named([:]), lists: Named([:]), answer: nil, acts: nil, roles: nil)

  /// The list and, where it names one, the field of an act's `list`.
  package static func target(of list: String) -> (list: String, field: String?) {
    guard let dot = list.firstIndex(of: ".") else { return (list, nil) }
    return (String(list[..<dot]), String(list[list.index(after: dot)...]))
  }

  /// The columns that are shown when a list is asked for.
  package func shown(for list: List) -> [String] {
    list.from ?? columns.names.filter { columns[$0]?.optional != true }
  }
}
