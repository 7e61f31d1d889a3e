internal import OrderedCollections
internal import RetortCore

/// The one type a column has in every line of a file.
///
/// Loaders that infer a schema from the first block of a JSON Lines file never widen it later: a number that begins
/// as `1` and goes on as `0.25`, or a key that first appears late, stops them. So the types of a whole column are
/// joined first, and every value is then written in the joined one.
indirect enum ColumnShape: Hashable, Sendable {
  /// Nothing but nulls so far, or the elements of lists that were all empty.
  case null
  case bool, int, double, string
  /// Whatever the values are, written as JSON text.
  case json
  case list(ColumnShape)
  case object(OrderedDictionary<String, ColumnShape>)

  /// Two values of one column that have no type in common. `path` is inside the column, `.key` and `[]`.
  struct Conflict: Error, Hashable, Sendable {
    let path: String
    let left: String
    let right: String
  }

  /// The shape of one value. Errors: a list whose elements have no type in common.
  init(of json: JSON) throws(Conflict) {
    switch json {
    case .null: self = .null
    case .bool: self = .bool
    case .int: self = .int
    case .double: self = .double
    case .string: self = .string
    case .array(let elements):
      var shape = ColumnShape.null
      for element in elements { shape = try shape.joined(try ColumnShape(of: element), at: "[]") }
      self = .list(shape)
    case .object(let fields):
      var shapes: OrderedDictionary<String, ColumnShape> = [:]
      for (key, value) in fields { shapes[key] = try ColumnShape(of: value) }
      self = .object(shapes)
    }
  }

  /// The shape that fits both: an integer beside a number becomes a number, objects take the keys of both.
  func joined(_ other: ColumnShape, at path: String = "") throws(Conflict) -> ColumnShape {
    switch (self, other) {
    case _ where self == other: return self
    case (.json, _), (_, .json): return .json
    case (.null, _): return other
    case (_, .null): return self
    case (.int, .double), (.double, .int): return .double
    case (.list(let left), .list(let right)): return .list(try left.joined(right, at: path + "[]"))
    case (.object(var left), .object(let right)):
      for (key, shape) in right {
        left[key] = try left[key]?.joined(shape, at: "\(path).\(key)") ?? shape
      }
      return .object(left)
    default: throw Conflict(path: path, left: kind, right: other.kind)
    }
  }

  /// The value as every line writes it: keys in one order, missing ones as null, numbers with a fraction.
  func fit(_ json: JSON) -> JSON {
    switch (self, json) {
    case (.json, .null): .null
    case (.json, _): .string(json.text)
    case (.double, .int(let value)): .double(Double(value))
    case (.list(let shape), .array(let elements)): .array(elements.map(shape.fit))
    case (.object(let shapes), .object(let fields)):
      .object(
        JSON.Object(uniqueKeysWithValues: shapes.map { ($0.key, $0.value.fit(fields[$0.key] ?? .null)) }))
    default: json
    }
  }

  /// The word a manifest uses for it.
  var kind: String {
    switch self {
    case .null: "null"
    case .bool: "bool"
    case .int: "int"
    case .double: "double"
    case .string, .json: "string"
    case .list(let shape): "list of \(shape.kind)"
    case .object: "object"
    }
  }
}
