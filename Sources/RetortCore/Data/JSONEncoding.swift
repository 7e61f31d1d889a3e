internal import OrderedCollections

extension JSON {
  /// What `value` encodes to: keys in the order they are encoded, an absent optional as `null`, and dictionaries and
  /// sets sorted, since their own order changes from process to process.
  ///
  /// Errors: `EncodingError` for a number that JSON cannot say (NaN, infinity, an integer beyond 64 bits).
  package init(encoding value: some Encodable) throws {
    self = try JSON(encoding: value, at: [])
  }

  fileprivate init<T: Encodable>(encoding value: T, at path: [any CodingKey]) throws {
    if T.self == String.self, let text = value as? String {
      self = .string(text)
      return
    }
    if T.self == JSON.self, let json = value as? JSON {
      self = json
      return
    }
    let slot = EncodedSlot()
    try value.encode(to: JSONTreeEncoder(slot: slot, codingPath: path))
    self = slot.json
    if T.self is any UnorderedValue.Type { sortUnordered() }
  }

  private mutating func sortUnordered() {
    switch self {
    case .object(let fields):
      self = .object(
        .init(
          uniqueKeysWithValues: fields.elements
            .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { ($0.key, $0.value) }))
    case .array(let elements):
      let order = elements.map { ($0.canonical, $0) }.sorted {
        $0.0.utf8.lexicographicallyPrecedes($1.0.utf8)
      }
      self = .array(order.map(\.1))
    default: return
    }
  }
}

/// Collections whose order is an accident.
private protocol UnorderedValue {}
extension Dictionary: UnorderedValue where Key == String {}
extension Set: UnorderedValue {}

/// Where a value under construction ends up; a reference, since nested containers outlive the call that made them.
private final class EncodedSlot {
  enum Content {
    case value(JSON)
    case slot(EncodedSlot)

    var json: JSON {
      switch self {
      case .value(let json): json
      case .slot(let slot): slot.json
      }
    }
  }

  enum State {
    case empty
    case value(JSON)
    case object([(key: String, content: Content)])
    case list([Content])
  }

  var state = State.empty

  /// Nothing encoded is an empty object, as for a type without properties.
  var json: JSON {
    switch state {
    case .empty: .object([:])
    case .value(let json): json
    case .list(let elements): .array(elements.map(\.json))
    case .object(let fields):
      .object(.init(fields.map { ($0.key, $0.content.json) }, uniquingKeysWith: { _, last in last }))
    }
  }

  func becomeObject() { if case .object = state {} else { state = .object([]) } }
  func becomeList() { if case .list = state {} else { state = .list([]) } }

  func set(_ key: String, _ content: Content) {
    guard case .object(var fields) = state else { return }
    state = .empty
    fields.append((key, content))
    state = .object(fields)
  }

  func append(_ content: Content) {
    guard case .list(var elements) = state else { return }
    state = .empty
    elements.append(content)
    state = .list(elements)
  }

  var count: Int { if case .list(let elements) = state { elements.count } else { 0 } }
}

private struct JSONTreeEncoder: Encoder {
  let slot: EncodedSlot
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    slot.becomeObject()
    return KeyedEncodingContainer(KeyedSlot<Key>(slot: slot, codingPath: codingPath))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    slot.becomeList()
    return UnkeyedSlot(slot: slot, codingPath: codingPath)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer {
    SingleSlot(slot: slot, codingPath: codingPath)
  }
}

private struct KeyedSlot<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let slot: EncodedSlot
  let codingPath: [any CodingKey]

  func encodeNil(forKey key: Key) { slot.set(key.stringValue, .value(.null)) }

  func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
    slot.set(key.stringValue, .value(try JSON(encoding: value, at: codingPath + [key])))
  }

  private func orNull(_ value: (some Encodable)?, _ key: Key) throws {
    if let value { try encode(value, forKey: key) } else { encodeNil(forKey: key) }
  }

  // One for each requirement: the library's own versions leave an absent value out.
  func encodeIfPresent<T: Encodable>(_ value: T?, forKey key: Key) throws { try orNull(value, key) }
  func encodeIfPresent(_ value: Bool?, forKey key: Key) throws { try orNull(value, key) }
  func encodeIfPresent(_ value: String?, forKey key: Key) throws { try orNull(value, key) }
  func encodeIfPresent(_ value: Double?, forKey key: Key) throws { try orNull(value, key) }
  func encodeIfPresent(_ value: Float?, forKey key: Key) throws { try orNull(value, key) }
  func encodeIfPresent(_ value: Int?, forKey key: Key) throws { try orNull(value, key) }
  func encodeIfPresent(_ value: Int8?, forKey key: Key) throws { try orNull(value, key) }
  func encodeIfPresent(_ value: Int16?, forKey key: Key) throws { try orNull(value, key) }
  func encodeIfPresent(_ value: Int32?, forKey key: Key) throws { try orNull(value, key) }
  func encodeIfPresent(_ value: Int64?, forKey key: Key) throws { try orNull(value, key) }
  func encodeIfPresent(_ value: UInt?, forKey key: Key) throws { try orNull(value, key) }
  func encodeIfPresent(_ value: UInt8?, forKey key: Key) throws { try orNull(value, key) }
  func encodeIfPresent(_ value: UInt16?, forKey key: Key) throws { try orNull(value, key) }
  func encodeIfPresent(_ value: UInt32?, forKey key: Key) throws { try orNull(value, key) }
  func encodeIfPresent(_ value: UInt64?, forKey key: Key) throws { try orNull(value, key) }

  private func nested(_ key: String) -> EncodedSlot {
    let nested = EncodedSlot()
    slot.set(key, .slot(nested))
    return nested
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) -> KeyedEncodingContainer<Nested> {
    JSONTreeEncoder(slot: nested(key.stringValue), codingPath: codingPath + [key]).container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    JSONTreeEncoder(slot: nested(key.stringValue), codingPath: codingPath + [key]).unkeyedContainer()
  }

  func superEncoder() -> any Encoder { JSONTreeEncoder(slot: nested("super"), codingPath: codingPath) }
  func superEncoder(forKey key: Key) -> any Encoder {
    JSONTreeEncoder(slot: nested(key.stringValue), codingPath: codingPath + [key])
  }
}

private struct UnkeyedSlot: UnkeyedEncodingContainer {
  let slot: EncodedSlot
  let codingPath: [any CodingKey]
  var count: Int { slot.count }

  private var here: [any CodingKey] { codingPath + [JSONIndex(count)] }

  func encodeNil() { slot.append(.value(.null)) }

  func encode<T: Encodable>(_ value: T) throws {
    slot.append(.value(try JSON(encoding: value, at: here)))
  }

  private func nested() -> JSONTreeEncoder {
    let encoder = JSONTreeEncoder(slot: EncodedSlot(), codingPath: here)
    slot.append(.slot(encoder.slot))
    return encoder
  }

  func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    nested().container(keyedBy: type)
  }
  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { nested().unkeyedContainer() }
  func superEncoder() -> any Encoder { nested() }
}

private struct SingleSlot: SingleValueEncodingContainer {
  let slot: EncodedSlot
  let codingPath: [any CodingKey]

  func encodeNil() { slot.state = .value(.null) }
  func encode(_ value: Bool) { slot.state = .value(.bool(value)) }
  func encode(_ value: String) { slot.state = .value(.string(value)) }
  func encode(_ value: Double) throws {
    guard value.isFinite else {
      throw EncodingError.invalidValue(
        value, .init(codingPath: codingPath, debugDescription: "expected a finite number, found \(value)"))
    }
    slot.state = .value(.double(value))
  }
  func encode(_ value: Float) throws { try encode(Double(value)) }
  func encode(_ value: Int) throws { try integer(value) }
  func encode(_ value: Int8) throws { try integer(value) }
  func encode(_ value: Int16) throws { try integer(value) }
  func encode(_ value: Int32) throws { try integer(value) }
  func encode(_ value: Int64) throws { try integer(value) }
  func encode(_ value: UInt) throws { try integer(value) }
  func encode(_ value: UInt8) throws { try integer(value) }
  func encode(_ value: UInt16) throws { try integer(value) }
  func encode(_ value: UInt32) throws { try integer(value) }
  func encode(_ value: UInt64) throws { try integer(value) }
  func encode<T: Encodable>(_ value: T) throws {
    slot.state = .value(try JSON(encoding: value, at: codingPath))
  }

  private func integer(_ value: some BinaryInteger) throws {
    guard let integer = Int64(exactly: value) else {
      throw EncodingError.invalidValue(
        value,
        .init(codingPath: codingPath, debugDescription: "expected an integer of 64 bits, found \(value)"))
    }
    slot.state = .value(.int(integer))
  }
}

/// A place in a list, or a key whose name only the data knows.
struct JSONIndex: CodingKey {
  let stringValue: String
  let intValue: Int?
  init(_ index: Int) {
    stringValue = String(index)
    intValue = index
  }
  init(_ name: String) {
    stringValue = name
    intValue = nil
  }
  init?(stringValue: String) { self.init(stringValue) }
  init?(intValue: Int) { self.init(intValue) }
}

extension JSON: Encodable {
  package func encode(to encoder: any Encoder) throws {
    if let encoder = encoder as? JSONTreeEncoder {
      encoder.slot.state = .value(self)
      return
    }
    switch self {
    case .array(let elements):
      var container = encoder.unkeyedContainer()
      for element in elements { try container.encode(element) }
    case .object(let fields):
      var container = encoder.container(keyedBy: JSONIndex.self)
      for (key, value) in fields { try container.encode(value, forKey: JSONIndex(key)) }
    case .null:
      var container = encoder.singleValueContainer()
      try container.encodeNil()
    case .bool(let value):
      var container = encoder.singleValueContainer()
      try container.encode(value)
    case .int(let value):
      var container = encoder.singleValueContainer()
      try container.encode(value)
    case .double(let value):
      var container = encoder.singleValueContainer()
      try container.encode(value)
    case .string(let value):
      var container = encoder.singleValueContainer()
      try container.encode(value)
    }
  }
}
