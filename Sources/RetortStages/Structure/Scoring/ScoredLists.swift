internal import OrderedCollections
internal import RetortCore

/// The lists of a row as they are scored by a structure: read leniently, so that what cannot be read counts as predicted
/// and matches nothing.
struct ScoredLists: Hashable, Sendable {
  enum Value: Hashable, Sendable {
    case text(String)
    /// A word of an enum.
    case word(String)
    case number(Double)
    /// Left out, where it may be.
    case none
  }

  /// The items of a list by its name, each with what of it could be read, by field; a text's is that of the field "". No
  /// entry for what is no list.
  private(set) var lists: [String: [[String: Value]]] = [:]
  /// What cannot be read, one sentence each.
  private(set) var faults: [String] = []
  /// Whether none of them is a list.
  var isUnreadable: Bool { lists.isEmpty }

  init(_ row: Columns, as form: StructureForm) {
    for (name, list) in form.lists {
      let value = row[name]
      // A list, or one that is written as JSON text.
      guard let items = value?.array ?? value?.string.flatMap({ try? JSON(parsing: $0) })?.array else {
        let items = list.fields == nil ? "texts" : "objects"
        faults.append("\(name): expected a list of \(items), found \(value?.kind ?? "nothing")")
        continue
      }
      lists[name] = items.enumerated().map { index, item in
        read(item, of: list, at: "\(name)[\(index)]") { form.words(name, $0) }
      }
    }
  }

  private mutating func read(
    _ item: JSON, of list: Structure.List, at place: String, words: (String) -> EnumWords?
  ) -> [String: Value] {
    guard let fields = list.fields else {
      guard let text = item.string else {
        faults.append("\(place): expected a text, found \(item.kind)")
        return [:]
      }
      return ["": .text(text)]
    }
    guard item.object != nil else {
      faults.append("\(place): expected an object of \(fields.names.listed("and")), found \(item.kind)")
      return [:]
    }
    var found: [String: Value] = [:]
    for (name, field) in fields.values {
      found[name] = value(item[name], of: field, words(name), at: "\(place).\(name)")
    }
    return found
  }

  private mutating func value(
    _ json: JSON?, of field: Structure.Field, _ words: EnumWords?, at place: String
  ) -> Value? {
    if json == nil || json == .null, field.required == false { return Value.none }
    func fault(_ expected: String) -> String {
      "\(place): expected \(expected), found \(json?.kind ?? "nothing")"
    }
    if field.type == .number {
      if let number = json?.number { return .number(number) }
      faults.append(fault("a number"))
      return nil
    }
    guard let words else {
      if let text = json?.string { return .text(text) }
      faults.append(fault("a text"))
      return nil
    }
    guard let text = json?.string ?? json?.bool.map({ "\($0)" }) else {
      faults.append(fault("a text"))
      return nil
    }
    let word = words.value(of: text)
    guard words.contains(word) else {
      let known = (field.values ?? []).map { "\"\($0.text)\"" }.listed("or")
      faults.append("\(place): expected \(known), found \"\(text.prefix(20))\"")
      return nil
    }
    return .word(word)
  }
}
