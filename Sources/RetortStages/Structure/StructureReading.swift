internal import OrderedCollections
internal import RetortCore

/// The lists of a row, read leniently: what does not fit is left out and complained about, so that the other rules can
/// still judge the rest.
struct StructureReading: Hashable, Sendable {
  /// The items of each list: texts, or objects with all fields, in the structure's order.
  private(set) var items: [String: [JSON]] = [:]
  /// What does not fit the schema, one sentence each.
  private(set) var complaints: [String] = []

  init(_ lists: JSON.Object, as form: StructureForm) {
    for (name, list) in form.lists {
      let value = lists[name] ?? .null
      guard let elements = value.array else {
        let items = list.fields == nil ? "texts" : "objects"
        complaints.append("\(name): expected a list of \(items), found \(value.kind)")
        continue
      }
      for (index, item) in elements.enumerated() {
        let place = "\(name)[\(index)]"
        let read =
          if let fields = list.fields {
            object(item, of: fields.values, at: place) { form.words(name, $0) }
          } else {
            text(item, at: place)
          }
        if let read { items[name, default: []].append(read) }
      }
    }
  }

  private mutating func text(_ item: JSON, at place: String) -> JSON? {
    guard Self.isText(item) else {
      complaints.append("\(place): expected a text, found \(Self.found(item))")
      return nil
    }
    return item
  }

  private mutating func object(
    _ item: JSON, of fields: OrderedDictionary<String, Structure.Field>, at place: String,
    words: (String) -> EnumWords?
  ) -> JSON? {
    let names = Array(fields.keys).listed("and")
    guard let object = item.object else {
      complaints.append("\(place): expected an object of \(names), found \(item.kind)")
      return nil
    }
    for key in object.keys where fields[key] == nil {
      complaints.append("\(place): expected only \(names), found '\(key)'")
    }
    var read: JSON.Object = [:]
    for (name, field) in fields {
      switch object[name] {
      case nil where field.required == false, .null where field.required == false: read[name] = .null
      case .int(let number) where field.type == .number: read[name] = .int(number)
      case .double(let number) where field.type == .number: read[name] = .double(number)
      case let other where field.type == .number:
        complaints.append("\(place).\(name): expected a number, found \(other?.kind ?? "nothing")")
      case .string(let text) where Self.isText(.string(text)) || words(name)?.contains(text) == true:
        read[name] = .string(text)
      case .bool(let value) where words(name)?.contains("\(value)") == true: read[name] = .string("\(value)")
      case let other: complaints.append("\(place).\(name): expected a text, found \(Self.found(other))")
      }
    }
    return read.count == fields.count ? .object(read) : nil
  }

  private static func isText(_ json: JSON) -> Bool {
    json.string.map { !WordList(content: $0).isEmpty } ?? false
  }

  private static func found(_ json: JSON?) -> String {
    guard let json else { return "nothing" }
    return json.string == nil ? json.kind : "a text without a word"
  }
}
