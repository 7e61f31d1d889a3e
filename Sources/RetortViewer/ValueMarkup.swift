internal import OrderedCollections
internal import RetortCore
internal import RetortReport

/// A column's value for a reader: a text as it is, objects of one list as a table, anything else that holds values as a
/// tree.
enum ValueMarkup {
  /// Elements of a list, levels, and columns of a table that are shown as such.
  private static let (mostElements, mostLevels, mostColumns) = (200, 6, 12)

  static func markup(_ value: JSON, named name: String, level: Int = 0) -> HTMLText {
    guard level < mostLevels else { return PageParts.verbatim(value.text, limit: 2000) }
    switch value {
    case .array(let list) where !list.isEmpty:
      let shown = Array(list.prefix(mostElements))
      return (table(shown, named: name, level) ?? items(shown, named: name, level)) + rest(list.count)
    case .object(let fields) where !fields.isEmpty:
      return tree(fields, level)
    default: return PageParts.verbatim(PageParts.value(value))
    }
  }

  private static func rest(_ count: Int) -> HTMLText {
    guard count > mostElements else { return "" }
    return """
      <p class="soft">The first \(mostElements) of \(Figure.count(count)); <code>retort show</code> prints all.</p>
      """
  }

  /// Nil where the elements are not all objects, or have too many keys for a table.
  private static func table(_ list: [JSON], named name: String, _ level: Int) -> HTMLText? {
    let objects = list.compactMap(\.object)
    let columns = objects.reduce(into: OrderedSet<String>()) { $0.formUnion($1.keys) }
    guard objects.count == list.count, !columns.isEmpty, columns.count <= mostColumns else { return nil }
    let rows = objects.enumerated().map { place, fields -> [HTMLText] in
      ["\(place)"] + columns.map { column in fields[column].map { inline($0, named: column, level) } ?? "" }
    }
    return PageParts.table(name, ["#"] + columns, rows, texts: columns.count + 1)
  }

  private static func items(_ list: [JSON], named name: String, _ level: Int) -> HTMLText {
    let lines = list.map { "<li>\(inline($0, named: name, level))</li>" as HTMLText }
    return "<ol class=\"tree\" start=\"0\">\(HTMLText(lines))</ol>"
  }

  private static func tree(_ fields: JSON.Object, _ level: Int) -> HTMLText {
    let lines = fields.map { name, value -> HTMLText in
      "<dt>\(name)</dt><dd>\(inline(value, named: name, level))</dd>"
    }
    return "<dl class=\"tree\">\(HTMLText(lines))</dl>"
  }

  /// In a cell or a line: what holds more is folded.
  private static func inline(_ value: JSON, named name: String, _ level: Int) -> HTMLText {
    let count = value.array?.count ?? value.object?.count ?? 0
    guard count > 0 else {
      let text = PageParts.value(value)
      return text.count > 2000
        ? PageParts.verbatim(text, limit: 20_000) : "<span class=\"text\">\(text)</span>"
    }
    let words = PageParts.number(count, value.array == nil ? "key" : "item")
    return """
      <details\(level == 0 && count <= 12 ? " open" : "")><summary>\(words)</summary>\
      \(markup(value, named: name, level: level + 1))</details>
      """
  }
}
