internal import OrderedCollections

extension JSON {
  /// This value as a `T`. An integer is read from a double only when it is integral, and a double from any number.
  ///
  /// Errors: ``JSONError`` naming the column (`steps[2].text`), what was expected there and what was found.
  package func decode<T: Decodable>(
    _ type: T.Type, userInfo: [CodingUserInfoKey: any Sendable] = [:]
  ) throws -> T {
    do {
      return try JSONTreeDecoder(self, userInfo: userInfo).value(as: type)
    } catch let error as DecodingError {
      throw JSONError(explaining: error)
    }
  }
}

extension JSONError {
  /// A decoding error in the words of a user: the column, what was expected, what was found.
  package init(explaining error: DecodingError) {
    let (path, message): ([any CodingKey], String) =
      switch error {
      case .keyNotFound(let key, let context):
        (context.codingPath + [key], "expected a value, found no such column")
      case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
        (context.codingPath, context.debugDescription)
      @unknown default: ([], "\(error)")
      }
    var place = ""
    for key in path {
      if let index = key.intValue {
        place += "[\(index)]"
      } else {
        place += (place.isEmpty ? "" : ".") + key.stringValue
      }
    }
    self.init(place.isEmpty ? message : "column '\(place)': \(message)")
  }
}

/// Decodes from a JSON value held in memory.
struct JSONTreeDecoder: Decoder {
  let json: JSON
  let codingPath: [any CodingKey]
  let info: [CodingUserInfoKey: any Sendable]

  init(
    _ json: JSON, at codingPath: [any CodingKey] = [], userInfo: [CodingUserInfoKey: any Sendable] = [:]
  ) {
    self.json = json
    self.codingPath = codingPath
    info = userInfo
  }

  var userInfo: [CodingUserInfoKey: Any] { info }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard let fields = json.object else { throw mismatch(JSON.Object.self, "an object") }
    return KeyedDecodingContainer(KeyedFields<Key>(decoder: self, fields: fields))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard let elements = json.array else { throw mismatch([JSON].self, "a list") }
    return ListElements(decoder: self, elements: elements)
  }

  func singleValueContainer() -> any SingleValueDecodingContainer { SingleJSON(decoder: self) }

  func nested(_ json: JSON, _ key: any CodingKey) -> JSONTreeDecoder {
    JSONTreeDecoder(json, at: codingPath + [key], userInfo: info)
  }

  func value<T: Decodable>(as type: T.Type) throws -> T {
    if type == JSON.self, let value = json as? T { return value }
    do { return try T(from: self) } catch DecodingError.dataCorrupted(let context) {
      guard let choices = Choices.of(type), let text = json.string else {
        throw DecodingError.dataCorrupted(context)
      }
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: codingPath,
          debugDescription: "expected one of \(choices.joined(separator: ", ")), found '\(text.prefix(80))'"))
    }
  }

  func mismatch<T>(_ type: T.Type, _ expected: String) -> DecodingError {
    .typeMismatch(
      type, .init(codingPath: codingPath, debugDescription: "expected \(expected), found \(json.kind)"))
  }

  func integer<T: FixedWidthInteger>(_ type: T.Type) throws -> T {
    switch json {
    case .int(let value):
      guard let integer = T(exactly: value) else { throw outOfRange(type, "\(value)") }
      return integer
    case .double(let value):
      guard let integer = T(exactly: value) else { throw outOfRange(type, "\(value)") }
      return integer
    default: throw mismatch(type, "an integer")
    }
  }

  private func outOfRange<T: FixedWidthInteger>(_ type: T.Type, _ found: String) -> DecodingError {
    .typeMismatch(
      type,
      .init(
        codingPath: codingPath,
        debugDescription: "expected an integer from \(T.min) to \(T.max), found \(found)"))
  }
}

/// The values of an enumeration of strings.
enum Choices {
  /// Nil when `type` is no enumeration that lists its cases and writes them as strings.
  static func of(_ type: any Decodable.Type) -> [String]? {
    (type as? any CaseIterable.Type).flatMap { values(of: $0) }
  }

  private static func values<C: CaseIterable>(of type: C.Type) -> [String]? {
    let cases = C.allCases
    let values = cases.compactMap { ($0 as? any RawRepresentable).flatMap { $0.rawValue as? String } }
    return values.isEmpty || values.count != cases.count ? nil : values
  }
}

private struct KeyedFields<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let decoder: JSONTreeDecoder
  let fields: JSON.Object

  var codingPath: [any CodingKey] { decoder.codingPath }
  var allKeys: [Key] { fields.keys.compactMap(Key.init(stringValue:)) }

  func contains(_ key: Key) -> Bool { fields[key.stringValue] != nil }

  private func field(_ key: Key) throws -> JSONTreeDecoder {
    guard let value = fields[key.stringValue] else {
      throw DecodingError.keyNotFound(key, .init(codingPath: codingPath, debugDescription: "no such column"))
    }
    return decoder.nested(value, key)
  }

  func decodeNil(forKey key: Key) throws -> Bool { try field(key).json.isNull }
  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try field(key).value(as: type) }
  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> { try field(key).container(keyedBy: type) }
  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try field(key).unkeyedContainer()
  }
  func superDecoder() -> any Decoder {
    decoder.nested(fields["super"] ?? .null, JSONIndex("super"))
  }
  func superDecoder(forKey key: Key) throws -> any Decoder { try field(key) }
}

private struct ListElements: UnkeyedDecodingContainer {
  let decoder: JSONTreeDecoder
  let elements: [JSON]
  var currentIndex = 0

  init(decoder: JSONTreeDecoder, elements: [JSON]) {
    self.decoder = decoder
    self.elements = elements
  }

  var codingPath: [any CodingKey] { decoder.codingPath }
  var count: Int? { elements.count }
  var isAtEnd: Bool { currentIndex == elements.count }

  private func next() throws -> JSONTreeDecoder {
    guard !isAtEnd else {
      throw DecodingError.valueNotFound(
        JSON.self,
        .init(
          codingPath: codingPath + [JSONIndex(currentIndex)],
          debugDescription: "expected another element, found the end of the list"))
    }
    return decoder.nested(elements[currentIndex], JSONIndex(currentIndex))
  }

  mutating func decodeNil() throws -> Bool {
    guard try next().json.isNull else { return false }
    currentIndex += 1
    return true
  }
  mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
    let value = try next().value(as: type)
    currentIndex += 1
    return value
  }
  mutating func nestedContainer<Key: CodingKey>(
    keyedBy type: Key.Type
  ) throws -> KeyedDecodingContainer<Key> {
    let container = try next().container(keyedBy: type)
    currentIndex += 1
    return container
  }
  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    let container = try next().unkeyedContainer()
    currentIndex += 1
    return container
  }
  mutating func superDecoder() throws -> any Decoder {
    let decoder = try next()
    currentIndex += 1
    return decoder
  }
}

private struct SingleJSON: SingleValueDecodingContainer {
  let decoder: JSONTreeDecoder
  var codingPath: [any CodingKey] { decoder.codingPath }

  func decodeNil() -> Bool { decoder.json.isNull }
  func decode(_ type: Bool.Type) throws -> Bool {
    guard let value = decoder.json.bool else { throw decoder.mismatch(type, "a Boolean") }
    return value
  }
  func decode(_ type: String.Type) throws -> String {
    guard let value = decoder.json.string else { throw decoder.mismatch(type, "a string") }
    return value
  }
  func decode(_ type: Double.Type) throws -> Double {
    guard let value = decoder.json.number else { throw decoder.mismatch(type, "a number") }
    return value
  }
  func decode(_ type: Float.Type) throws -> Float { Float(try decode(Double.self)) }
  func decode(_ type: Int.Type) throws -> Int { try decoder.integer(type) }
  func decode(_ type: Int8.Type) throws -> Int8 { try decoder.integer(type) }
  func decode(_ type: Int16.Type) throws -> Int16 { try decoder.integer(type) }
  func decode(_ type: Int32.Type) throws -> Int32 { try decoder.integer(type) }
  func decode(_ type: Int64.Type) throws -> Int64 { try decoder.integer(type) }
  func decode(_ type: UInt.Type) throws -> UInt { try decoder.integer(type) }
  func decode(_ type: UInt8.Type) throws -> UInt8 { try decoder.integer(type) }
  func decode(_ type: UInt16.Type) throws -> UInt16 { try decoder.integer(type) }
  func decode(_ type: UInt32.Type) throws -> UInt32 { try decoder.integer(type) }
  func decode(_ type: UInt64.Type) throws -> UInt64 { try decoder.integer(type) }
  func decode<T: Decodable>(_ type: T.Type) throws -> T { try decoder.value(as: type) }
}

extension JSON: Decodable {
  package init(from decoder: any Decoder) throws {
    if let decoder = decoder as? JSONTreeDecoder {
      self = decoder.json
    } else if let container = try? decoder.container(keyedBy: JSONIndex.self) {
      var fields: Object = [:]
      for key in container.allKeys { fields[key.stringValue] = try container.decode(JSON.self, forKey: key) }
      self = .object(fields)
    } else if var container = try? decoder.unkeyedContainer() {
      var elements: [JSON] = []
      while !container.isAtEnd { elements.append(try container.decode(JSON.self)) }
      self = .array(elements)
    } else {
      let container = try decoder.singleValueContainer()
      if container.decodeNil() {
        self = .null
      } else if let value = try? container.decode(Bool.self) {
        self = .bool(value)
      } else if let value = try? container.decode(Int64.self) {
        self = .int(value)
      } else if let value = try? container.decode(Double.self) {
        self = .double(value)
      } else {
        self = .string(try container.decode(String.self))
      }
    }
  }
}
