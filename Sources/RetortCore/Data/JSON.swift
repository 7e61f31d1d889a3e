package import OrderedCollections

/// A JSON value that keeps what the text said: integers stay integers, objects keep the order of their keys.
///
/// Two values are equal when their text would be: `1` and `1.0` differ, and so do objects whose keys come in
/// another order. For identity of content use ``Digest``, which sorts keys.
package enum JSON: Hashable, Sendable {
  package typealias Object = OrderedDictionary<String, JSON>

  case null
  case bool(Bool)
  case int(Int64)
  case double(Double)
  case string(String)
  case array([JSON])
  case object(Object)
}

extension JSON {
  package var string: String? { if case .string(let value) = self { value } else { nil } }
  package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  package var int: Int64? { if case .int(let value) = self { value } else { nil } }
  package var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
  package var object: Object? { if case .object(let value) = self { value } else { nil } }

  /// The number, whether it was written as an integer or not.
  package var number: Double? {
    switch self {
    case .int(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }

  package var isNull: Bool { self == .null }

  /// The field of an object; nil when absent or when this is not an object.
  package subscript(key: String) -> JSON? { object?[key] }

  /// The value with `change` made to every string and every key in it; of keys that become one the first stays.
  package func mapStrings(_ change: (String) -> String) -> JSON {
    switch self {
    case .string(let text): .string(change(text))
    case .array(let elements): .array(elements.map { $0.mapStrings(change) })
    case .object(let fields):
      .object(
        Object(fields.map { (change($0.key), $0.value.mapStrings(change)) }) { first, _ in first })
    default: self
    }
  }

  /// The word an error message uses for this kind of value.
  package var kind: String {
    switch self {
    case .null: "null"
    case .bool: "a Boolean"
    case .int: "an integer"
    case .double: "a number"
    case .string: "a string"
    case .array: "a list"
    case .object: "an object"
    }
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral,
  ExpressibleByNilLiteral
{
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int64) { self = .int(value) }
  package init(floatLiteral value: Double) { self = .double(value) }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(arrayLiteral elements: JSON...) { self = .array(elements) }
  package init(dictionaryLiteral elements: (String, JSON)...) {
    self = .object(Object(elements, uniquingKeysWith: { _, last in last }))
  }
  package init(nilLiteral: ()) { self = .null }
}
