/// A key that a stage got after users had paid for its steps: where it is not set, it is not encoded at all, so that the
/// identity of a stage without it stays what it was. (Other optionals are encoded as null.)
@propertyWrapper
package struct LaterKey<Value: Codable & Sendable>: Sendable {
  package var wrappedValue: Value?

  package init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }
}

extension LaterKey: Codable {
  package init(from decoder: any Decoder) throws { wrappedValue = try Value(from: decoder) }

  package func encode(to encoder: any Encoder) throws { try wrappedValue?.encode(to: encoder) }
}

// What the compiler writes for a type with such a key calls these.
extension KeyedEncodingContainer {
  package mutating func encode<Value>(_ value: LaterKey<Value>, forKey key: Key) throws {
    if let value = value.wrappedValue { try encode(value, forKey: key) }
  }
}

extension KeyedDecodingContainer {
  package func decode<Value>(_ type: LaterKey<Value>.Type, forKey key: Key) throws -> LaterKey<Value> {
    LaterKey(wrappedValue: try decodeIfPresent(Value.self, forKey: key))
  }
}
