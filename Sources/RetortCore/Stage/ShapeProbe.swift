internal import Foundation

/// Finds out what a type decodes by decoding it from nothing: each question is written down and answered with a
/// placeholder.
///
/// A type's `init(from:)` must therefore ask for all its keys before it judges their values. What placeholders cannot
/// stand for (enumerations that do not list their cases) conforms to ``HasPlaceholder``.
enum ShapeProbe {
  /// The top-level keys that `type` decodes; none for types that are only encoded and for those whose keys the data
  /// decides (``Columns``).
  static func properties<T>(of type: T.Type) -> [ColumnUse] {
    guard let type = type as? any Decodable.Type else { return [] }
    return shape(of: type).keys.map { ColumnUse($0.name, required: $0.required) }
  }

  static func shape(of type: any Decodable.Type) -> ConfigShape {
    if case .object(let shape) = value(of: type, depth: 0) { shape } else { ConfigShape(keys: []) }
  }

  fileprivate static func value(of type: any Decodable.Type, depth: Int) -> ConfigShape.Value {
    probe(type, depth: depth).0
  }

  /// What `type` is, and a value of it where one can be made. Recursive types end after 8 levels as `any`.
  fileprivate static func probe<T: Decodable>(_ type: T.Type, depth: Int) -> (ConfigShape.Value, T?) {
    if let known = type as? any KnownShape.Type { return (known.shape(depth: depth), known.sample as? T) }
    if let choices = Choices.of(type) { return (.choice(choices), firstCase(of: type)) }
    let (value, sample) = probeAsked(type, depth: depth)
    return (value, sample ?? (type as? any HasPlaceholder.Type).flatMap { $0.placeholder as? T })
  }

  private static func probeAsked<T: Decodable>(_ type: T.Type, depth: Int) -> (ConfigShape.Value, T?) {
    guard depth < 8 else { return (.any, nil) }
    let record = Record(depth: depth)
    let value = try? T(from: ProbeDecoder(record: record))
    return (record.value, value)
  }

  private static func firstCase<T>(of type: T.Type) -> T? {
    (type as? any CaseIterable.Type).flatMap { first(of: $0) as? T }
  }

  private static func first<C: CaseIterable>(of type: C.Type) -> C? { C.allCases.first }
}

/// A type that names a value of its own for ``ShapeProbe``.
protocol HasPlaceholder {
  static var placeholder: Self { get }
}

/// A type whose shape is known without asking.
private protocol KnownShape {
  static func shape(depth: Int) -> ConfigShape.Value
  static var sample: Self { get }
}

extension String: KnownShape {
  static func shape(depth: Int) -> ConfigShape.Value { .string }
  static var sample: String { "text" }
}
extension Bool: KnownShape {
  static func shape(depth: Int) -> ConfigShape.Value { .boolean }
  static var sample: Bool { false }
}
extension Double: KnownShape {
  static func shape(depth: Int) -> ConfigShape.Value { .number }
  static var sample: Double { 1 }
}
extension Float: KnownShape {
  static func shape(depth: Int) -> ConfigShape.Value { .number }
  static var sample: Float { 1 }
}
extension KnownShape where Self: FixedWidthInteger {
  static func shape(depth: Int) -> ConfigShape.Value { .integer }
  static var sample: Self { 1 }
}
extension Int: KnownShape {}
extension Int8: KnownShape {}
extension Int16: KnownShape {}
extension Int32: KnownShape {}
extension Int64: KnownShape {}
extension UInt: KnownShape {}
extension UInt8: KnownShape {}
extension UInt16: KnownShape {}
extension UInt32: KnownShape {}
extension UInt64: KnownShape {}
extension JSON: KnownShape {
  static func shape(depth: Int) -> ConfigShape.Value { .any }
  static var sample: JSON { .null }
}
extension Columns: KnownShape {
  static func shape(depth: Int) -> ConfigShape.Value { .map(.any) }
  static var sample: Columns { Columns() }
}
extension NamedTexts: KnownShape {
  static func shape(depth: Int) -> ConfigShape.Value { .map(.string) }
  static var sample: NamedTexts { [:] }
}
extension ModelRef: KnownShape {
  static func shape(depth: Int) -> ConfigShape.Value { .model }
  static var sample: ModelRef { ModelRef(ModelSpec(alias: "model", name: "model")) }
}
extension ToolRef: KnownShape {
  static func shape(depth: Int) -> ConfigShape.Value { .tool }
  static var sample: ToolRef { ToolRef(.absent("tool")) }
}
extension PromptSource: KnownShape {
  static func shape(depth: Int) -> ConfigShape.Value { .stage }
  static var sample: PromptSource { PromptSource(stage: "stage") }
}
extension PromptFile: KnownShape {
  static func shape(depth: Int) -> ConfigShape.Value { .textFile }
  static var sample: PromptFile { PromptFile(path: "text", text: "text") }
}
extension TextFile: KnownShape {
  static func shape(depth: Int) -> ConfigShape.Value { .textFile }
  static var sample: TextFile { TextFile(path: "text", text: "text") }
}
extension StructureFile: KnownShape {
  static func shape(depth: Int) -> ConfigShape.Value { .structureFile }
  static var sample: StructureFile { placeholder }
}
extension AwaitedFiles: KnownShape {
  static func shape(depth: Int) -> ConfigShape.Value { .dataFiles }
  static var sample: AwaitedFiles { AwaitedFiles(path: "data", file: nil) }
}
extension DataFile: KnownShape {
  static func shape(depth: Int) -> ConfigShape.Value { .dataFile }
  static var sample: DataFile { DataFile(path: "data", url: URL(filePath: "data"), digest: Digest(of: "")) }
}
extension ProgramLine: KnownShape {
  static func shape(depth: Int) -> ConfigShape.Value { .list(.string) }
  static var sample: ProgramLine { ProgramLine(words: ["program"]) }
}
extension DataFiles: KnownShape {
  static func shape(depth: Int) -> ConfigShape.Value { .dataFiles }
  static var sample: DataFiles { DataFiles(DataFile.sample) }
}
extension Array: KnownShape where Element: Decodable {
  static func shape(depth: Int) -> ConfigShape.Value {
    .list(ShapeProbe.value(of: Element.self, depth: depth + 1))
  }
  static var sample: [Element] { [] }
}
extension Set: KnownShape where Element: Decodable {
  static func shape(depth: Int) -> ConfigShape.Value {
    .list(ShapeProbe.value(of: Element.self, depth: depth + 1))
  }
  static var sample: Set<Element> { [] }
}
extension Dictionary: KnownShape where Key == String, Value: Decodable {
  static func shape(depth: Int) -> ConfigShape.Value {
    .map(ShapeProbe.value(of: Value.self, depth: depth + 1))
  }
  static var sample: [String: Value] { [:] }
}
extension Optional: KnownShape where Wrapped: Decodable {
  static func shape(depth: Int) -> ConfigShape.Value { ShapeProbe.value(of: Wrapped.self, depth: depth) }
  static var sample: Wrapped? { nil }
}

/// What a decoder was asked for.
private final class Record {
  enum Asked {
    case nothing
    case keys
    case value(ConfigShape.Value)
    case list(Record)
  }

  let depth: Int
  var asked = Asked.nothing
  var keys: [(name: String, required: Bool, value: Record)] = []
  /// Keys whose presence was tested: they may be absent.
  var tested: Set<String> = []

  init(depth: Int, _ asked: Asked = .nothing) {
    self.depth = depth
    self.asked = asked
  }

  var value: ConfigShape.Value {
    switch asked {
    case .nothing: .object(ConfigShape(keys: []))
    case .value(let value): value
    case .list(let element): .list(element.value)
    case .keys:
      .object(
        ConfigShape(
          keys: keys.map {
            .init(name: $0.name, value: $0.value.value, required: $0.required && !tested.contains($0.name))
          }))
    }
  }

  func add(_ name: String, required: Bool, _ value: Record) {
    if !keys.contains(where: { $0.name == name }) { keys.append((name, required, value)) }
  }
}

private struct ProbeDecoder: Decoder {
  let record: Record
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
    record.asked = .keys
    return KeyedDecodingContainer(ProbeKeys<Key>(record: record))
  }

  func unkeyedContainer() -> any UnkeyedDecodingContainer {
    let element = Record(depth: record.depth + 1, .value(.any))
    record.asked = .list(element)
    return ProbeList(record: element)
  }

  func singleValueContainer() -> any SingleValueDecodingContainer { ProbeSingle(record: record) }
}

private func noSample<T>(_ type: T.Type) -> DecodingError {
  .valueNotFound(type, .init(codingPath: [], debugDescription: "no placeholder of \(type)"))
}

private struct ProbeKeys<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let record: Record
  var codingPath: [any CodingKey] { [] }
  var allKeys: [Key] { [] }

  func contains(_ key: Key) -> Bool {
    record.tested.insert(key.stringValue)
    return true
  }

  func decodeNil(forKey key: Key) -> Bool {
    record.tested.insert(key.stringValue)
    return false
  }

  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
    let (value, sample) = ShapeProbe.probe(type, depth: record.depth + 1)
    record.add(key.stringValue, required: !(type is any AbsentValue.Type), Record(depth: 0, .value(value)))
    guard let sample else { throw noSample(type) }
    return sample
  }

  func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) -> T? {
    let value = ShapeProbe.probe(type, depth: record.depth + 1).0
    record.add(key.stringValue, required: false, Record(depth: 0, .value(value)))
    return nil
  }

  private func nested(_ key: String) -> ProbeDecoder {
    let nested = Record(depth: record.depth + 1)
    record.add(key, required: true, nested)
    return ProbeDecoder(record: nested)
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) -> KeyedDecodingContainer<Nested> { nested(key.stringValue).container(keyedBy: type) }
  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedDecodingContainer {
    nested(key.stringValue).unkeyedContainer()
  }
  func superDecoder() -> any Decoder { nested("super") }
  func superDecoder(forKey key: Key) -> any Decoder { nested(key.stringValue) }
}

private protocol AbsentValue {}
extension Optional: AbsentValue {}

private struct ProbeList: UnkeyedDecodingContainer {
  let record: Record
  var currentIndex = 0
  var codingPath: [any CodingKey] { [] }
  var count: Int? { nil }
  var isAtEnd: Bool { currentIndex > 0 }

  init(record: Record) { self.record = record }

  mutating func decodeNil() -> Bool { false }
  mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
    currentIndex += 1
    let (value, sample) = ShapeProbe.probe(type, depth: record.depth)
    record.asked = .value(value)
    guard let sample else { throw noSample(type) }
    return sample
  }
  mutating func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
    currentIndex += 1
    return ProbeDecoder(record: record).container(keyedBy: type)
  }
  mutating func nestedUnkeyedContainer() -> any UnkeyedDecodingContainer {
    currentIndex += 1
    return ProbeDecoder(record: record).unkeyedContainer()
  }
  mutating func superDecoder() -> any Decoder { ProbeDecoder(record: record) }
}

private struct ProbeSingle: SingleValueDecodingContainer {
  let record: Record
  var codingPath: [any CodingKey] { [] }

  func decodeNil() -> Bool { false }
  func decode<T: Decodable>(_ type: T.Type) throws -> T {
    let (value, sample) = ShapeProbe.probe(type, depth: record.depth + 1)
    record.asked = .value(value)
    guard let sample else { throw noSample(type) }
    return sample
  }
}
