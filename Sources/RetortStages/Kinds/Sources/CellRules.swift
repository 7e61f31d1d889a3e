internal import OrderedCollections
internal import RetortCore

/// What a column of a source is to be.
package enum CellType: String, Codable, Hashable, Sendable, CaseIterable {
  case text, integer, number, boolean, list, object

  /// What a message expects.
  var words: String { [.integer, .object].contains(self) ? "an \(rawValue)" : "a \(rawValue)" }

  /// The value as this type; nil where it is none. Null stays null, and so does a text without a word where a text is not
  /// asked for: nothing was written there.
  ///
  /// Texts are read without the white space around them: numbers as JSON writes them, with a sign and leading zeros
  /// (`007` is 7, `1e3` is 1000); an integer must be whole and no larger than 2^63, or 2^53 where it was written with a
  /// fraction or an exponent; true, yes, y, t, on and 1 are true, false, no, n, f, off and 0 false, in either case; a list
  /// is JSON, or words between commas; an object is JSON. A number and a flag alone are a list of one.
  func cast(_ value: JSON) -> JSON? {
    switch (self, value) {
    case (_, .null): return .null
    case (.text, .string): return value
    case (.text, _): return .string(value.text)
    case (_, .string(let text)): return text.isBlank ? .null : read(text.trimmed)
    case (.integer, .int), (.number, .int), (.number, .double), (.boolean, .bool), (.list, .array),
      (.object, .object):
      return value
    case (.integer, .double(let number)): return Self.whole(number)
    case (.boolean, .int(let number)): return number == 1 ? true : number == 0 ? false : nil
    case (.boolean, .double(let number)): return number == 1 ? true : number == 0 ? false : nil
    case (.list, .int), (.list, .double), (.list, .bool): return [value]
    default: return nil
    }
  }

  private func read(_ text: String) -> JSON? {
    switch self {
    case .text: return .string(text)
    case .integer: return Self.number(text).flatMap { cast($0) }
    case .number: return Self.number(text)
    case .boolean: return Self.flags[text.lowercased()].map { .bool($0) }
    case .list:
      if text.first == "[" { return (try? JSON(parsing: text)).flatMap { $0.array == nil ? nil : $0 } }
      return .array(
        text.split(separator: ",").map { String($0).trimmed }.filter { !$0.isEmpty }.map { .string($0) })
    case .object:
      guard let json = try? JSON(parsing: text), json.object != nil else { return nil }
      return json
    }
  }

  private static func number(_ text: String) -> JSON? {
    guard text.wholeMatch(of: /[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?/) != nil else {
      return nil
    }
    if let integer = Int64(text) { return .int(integer) }
    return Double(text).flatMap { $0.isFinite ? .double($0) : nil }
  }

  private static func whole(_ number: Double) -> JSON? {
    guard abs(number) <= 9_007_199_254_740_992 else { return nil }
    return Int64(exactly: number).map { .int($0) }
  }

  private static let flags = [
    "true": true, "yes": true, "y": true, "t": true, "on": true, "1": true,
    "false": false, "no": false, "n": false, "f": false, "off": false, "0": false,
  ]
}

/// The keys `defaults` and `types` of a reader: what a record's cells become before it is a row.
struct CellRules: Sendable {
  static let keys = [
    "defaults": "Column to the value that it has where a record has none, or null; default none.",
    "types":
      "Column to text, integer, number, boolean, list or object: what its values are read as; a record with one that is none is "
      + "dropped as 'cast failed'. Default: as they are.",
  ]
  static let laterKeys: Set = ["defaults", "types"]

  private let defaults: JSON.Object
  private let types: [(name: String, type: CellType)]

  /// `known`: the columns that there are, where the configuration tells. Errors: ``StageError``.
  init(defaults: Columns?, types: [String: CellType]?, known: [String]? = nil) throws {
    var all: JSON.Object = [:]
    self.types = (types ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    for (name, value) in defaults?.values ?? [:] {
      let type = types?[name]
      guard let fitting = type.map({ $0.cast(value) }) ?? value else {
        throw StageError(
          "defaults: expected \(type?.words ?? "a value") for '\(name)', as types: says, found \(value.text)",
          at: ["defaults", name])
      }
      all[name] = fitting
    }
    self.defaults = all
    for (key, names) in [("defaults", Array(all.keys)), ("types", self.types.map(\.name))] {
      guard let known, let name = names.first(where: { !known.contains($0) }) else { continue }
      throw StageError(
        "\(key): expected one of the columns (\(known.joined(separator: ", "))), found '\(name)'"
          + NearestWord.hint(name, in: known), at: [key, name], isAboutKey: true)
    }
  }

  /// The columns that every row has by its default.
  var certain: [String] { Array(defaults.keys) }

  /// The columns of a row. Errors: ``BadRow``, whose detail says nothing of the row's place.
  func apply(to cells: JSON.Object) throws(BadRow) -> JSON.Object {
    var row = cells
    for (name, type) in types {
      guard let value = row[name] else { continue }
      guard let cast = type.cast(value) else {
        throw BadRow(
          "cast failed: \(name)",
          "expected \(type.words) in '\(name)', found \(String(value.text.prefix(200)))")
      }
      row[name] = cast
    }
    for (name, value) in defaults where row[name]?.isNull ?? true { row[name] = value }
    return row
  }
}
