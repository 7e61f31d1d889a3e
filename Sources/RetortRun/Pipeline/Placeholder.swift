internal import Foundation
internal import RetortCore

/// Some value of a type, to go on with after a mistake; it is never used for anything else.
enum Placeholder {
  /// No value could be made up; the mistake that asked for one is already recorded.
  struct Impossible: Error {}

  static func make<T: Decodable>(_ type: T.Type) throws -> T {
    if let value = simple(type) { return value }
    do { return try T(from: PlaceholderDecoder()) } catch { throw Impossible() }
  }

  private static func simple<T>(_ type: T.Type) -> T? {
    switch type {
    case is String.Type: "" as? T
    case is Bool.Type: false as? T
    case is Double.Type: 0.0 as? T
    case is Float.Type: Float(0) as? T
    case let integer as any FixedWidthInteger.Type: zero(integer) as? T
    case is JSON.Type: JSON.null as? T
    case is Columns.Type: Columns() as? T
    case is ModelRef.Type: ModelRef(ModelSpec(alias: "", name: "")) as? T
    case is ToolRef.Type: ToolRef(.absent("")) as? T
    case is PromptSource.Type: PromptSource(stage: "") as? T
    case is PromptFile.Type: PromptFile(path: "", text: "") as? T
    case is TextFile.Type: TextFile(path: "", text: "") as? T
    case is StructureFile.Type: StructureFile.placeholder as? T
    case is ProgramLine.Type: ProgramLine(words: []) as? T
    case is DataFile.Type: DataFile(path: "", url: URL(filePath: "/"), digest: Digest(of: "")) as? T
    case is AwaitedFiles.Type: AwaitedFiles(path: "", file: nil) as? T
    case is AwaitedFiles.Entry.Type: AwaitedFiles.Entry(path: "", files: []) as? T
    case is DataFiles.Type: DataFiles([]) as? T
    case is DataFiles.Entry.Type: DataFiles.Entry([]) as? T
    case let words as any CaseIterable.Type: first(words, as: type)
    default: nil
    }
  }

  private static func zero<I: FixedWidthInteger>(_: I.Type) -> any FixedWidthInteger { I.zero }
  private static func first<E: CaseIterable, T>(_: E.Type, as type: T.Type) -> T? { E.allCases.first as? T }
}

private struct PlaceholderDecoder: Decoder, SingleValueDecodingContainer {
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    KeyedDecodingContainer(PlaceholderKeys<Key>())
  }
  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    NodeList.empty
  }
  func singleValueContainer() throws -> any SingleValueDecodingContainer { self }
  func decodeNil() -> Bool { true }
  func decode<T: Decodable>(_ type: T.Type) throws -> T { try Placeholder.make(type) }
}

private struct PlaceholderKeys<Key: CodingKey>: KeyedDecodingContainerProtocol {
  var codingPath: [any CodingKey] { [] }
  var allKeys: [Key] { [] }
  func contains(_ key: Key) -> Bool { false }
  func decodeNil(forKey key: Key) -> Bool { true }
  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try Placeholder.make(type) }
  func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) throws
    -> KeyedDecodingContainer<Nested>
  {
    KeyedDecodingContainer(PlaceholderKeys<Nested>())
  }
  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { NodeList.empty }
  func superDecoder() throws -> any Decoder { PlaceholderDecoder() }
  func superDecoder(forKey key: Key) throws -> any Decoder { PlaceholderDecoder() }
}
