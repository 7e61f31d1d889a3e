internal import OrderedCollections
internal import RetortCore

/// The types that columns have in a Parquet file, as DuckDB names them.
struct ParquetTypes: Sendable {
  /// As the rows are written, so that each value is of its type.
  let shapes: OrderedDictionary<String, ColumnShape>

  /// Errors: ``StageError`` for names that Parquet's tools take for one, and for one without a sign.
  init(_ shapes: OrderedDictionary<String, ColumnShape>) throws {
    try Self.check(Array(shapes.keys), at: "column '", "name another under 'as:' where it is added")
    for (name, shape) in shapes {
      try Self.check(shape, at: "column '\(name)': key '", "write it as JSON text with 'as_json: [\(name)]'")
    }
    self.shapes = shapes.mapValues(Self.writable)
  }

  /// A row as a line of JSON.
  func line(_ values: JSON.Object) -> String {
    JSON.object(
      JSON.Object(uniqueKeysWithValues: shapes.map { ($0.key, $0.value.fit(values[$0.key] ?? .null)) })
    ).text
  }

  var types: [(name: String, type: String)] { shapes.map { ($0.key, Self.type($0.value)) } }

  /// An object without keys has no type there; nulls alone have any.
  private static func writable(_ shape: ColumnShape) -> ColumnShape {
    switch shape {
    case .null: .string
    case .object(let fields) where fields.isEmpty: .json
    case .object(let fields): .object(fields.mapValues(writable))
    case .list(let element): .list(writable(element))
    default: shape
    }
  }

  private static func type(_ shape: ColumnShape) -> String {
    switch shape {
    case .null, .string, .json: "VARCHAR"
    case .bool: "BOOLEAN"
    case .int: "BIGINT"
    case .double: "DOUBLE"
    case .list(let element): type(element) + "[]"
    case .object(let fields):
      "STRUCT(" + fields.map { "\(quoted($0.key)) \(type($0.value))" }.joined(separator: ", ") + ")"
    }
  }

  private static func quoted(_ name: String) -> String { "\"" + name.replacing("\"", with: "\"\"") + "\"" }

  private static func check(_ shape: ColumnShape, at place: String, _ remedy: String) throws {
    switch shape {
    case .list(let element): try check(element, at: place, remedy)
    case .object(let fields):
      try check(Array(fields.keys), at: place, remedy)
      for field in fields.values { try check(field, at: place, remedy) }
    default: break
    }
  }

  private static func check(_ names: [String], at place: String, _ remedy: String) throws {
    var seen: [String: String] = [:]
    for name in names {
      if name.isEmpty || name.utf8.contains(0) {
        throw StageError("\(place)\(name)': expected a name, found none; \(remedy)", needsEdit: true)
      }
      if let other = seen.updateValue(name, forKey: name.lowercased()) {
        throw StageError(
          "\(place)\(name)': expected names that differ in more than case, since Parquet's tools take them for one, found "
            + "'\(other)' too; \(remedy)", needsEdit: true)
      }
    }
  }
}
