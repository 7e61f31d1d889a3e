internal import Foundation
internal import OrderedCollections
internal import RetortCore

/// The keys of a mapping, as ``NodeDecoder`` hands them out.
struct NodeKeys<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let decoder: NodeDecoder
  let entries: OrderedDictionary<String, PlacedNode.Entry>

  var codingPath: [any CodingKey] { decoder.codingPath }
  var allKeys: [Key] { entries.keys.compactMap { Key(stringValue: $0) } }

  func contains(_ key: Key) -> Bool {
    decoder.keys.ask(key.stringValue)
    return entries[key.stringValue] != nil
  }

  func decodeNil(forKey key: Key) -> Bool { entries[key.stringValue]?.node.scalar == .null }

  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
    decoder.keys.ask(key.stringValue)
    guard let node = entries[key.stringValue]?.node else {
      decoder.log.missing(key, in: decoder.node)
      return try Placeholder.make(type)
    }
    return try decoder.child(node, key).valueOrPlaceholder(type)
  }

  func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) throws
    -> KeyedDecodingContainer<Nested>
  {
    try nested(key).container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try nested(key).unkeyedContainer()
  }

  func superDecoder() throws -> any Decoder { decoder }
  func superDecoder(forKey key: Key) throws -> any Decoder { try nested(key) }

  private func nested(_ key: Key) throws -> NodeDecoder {
    decoder.keys.ask(key.stringValue)
    guard let node = entries[key.stringValue]?.node else {
      throw Mistake(decoder.node, "expected the key '\(key.stringValue)', found none")
    }
    return decoder.child(node, key)
  }
}

/// The elements of a list, as ``NodeDecoder`` hands them out.
struct NodeList: UnkeyedDecodingContainer {
  let decoder: NodeDecoder
  let list: [PlacedNode]
  var currentIndex = 0

  init(decoder: NodeDecoder, list: [PlacedNode]) {
    self.decoder = decoder
    self.list = list
  }

  /// A list without elements, for placeholders.
  static var empty: NodeList {
    let node = PlacedNode(place: FilePosition(file: "", line: 1, column: 1), value: .list([]))
    return NodeList(decoder: NodeDecoder(node, log: DecodingLog(folder: URL(filePath: "/"))), list: [])
  }

  var codingPath: [any CodingKey] { decoder.codingPath }
  var count: Int? { list.count }
  var isAtEnd: Bool { currentIndex >= list.count }

  mutating func decodeNil() throws -> Bool {
    guard !isAtEnd, list[currentIndex].scalar == .null else { return false }
    currentIndex += 1
    return true
  }

  mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try next().valueOrPlaceholder(type) }

  mutating func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key>
  {
    try next().container(keyedBy: type)
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    try next().unkeyedContainer()
  }

  mutating func superDecoder() throws -> any Decoder { try next() }

  private mutating func next() throws -> NodeDecoder {
    guard !isAtEnd else {
      throw Mistake(decoder.node, "expected more than \(list.count) elements, found the end of the list")
    }
    defer { currentIndex += 1 }
    return decoder.child(list[currentIndex], PlainKey(currentIndex))
  }
}

/// A coding key for positions and free words.
struct PlainKey: CodingKey {
  let stringValue: String
  let intValue: Int?

  init(stringValue: String) {
    self.stringValue = stringValue
    intValue = nil
  }

  init(intValue: Int) {
    stringValue = "\(intValue)"
    self.intValue = intValue
  }

  init(_ index: Int) { self.init(intValue: index) }
}
