internal import Foundation
internal import OrderedCollections
internal import RetortCore

/// Decodes a YAML node and records *every* mistake with its place: after a mistake a placeholder stands in for the
/// value and decoding goes on. Keys that no container asked for are refused at every depth.
///
/// The value it answers is only meaningful when ``DecodingLog/mistakes`` is empty.
struct NodeDecoder: Decoder {
  let node: PlacedNode
  let log: DecodingLog
  let codingPath: [any CodingKey]
  let keys: KeyUse

  var userInfo: [CodingUserInfoKey: Any] { log.userInfo }

  init(_ node: PlacedNode, log: DecodingLog, path: [any CodingKey] = []) {
    self.node = node
    self.log = log
    codingPath = path
    keys = KeyUse(node)
  }

  /// Decodes `type` as far as it goes: after a mistake with placeholders in it, or not at all.
  static func decode<T: Decodable>(_ type: T.Type, from node: PlacedNode, log: DecodingLog) -> T? {
    var value: T?
    _ = log.decode(node) { value = try NodeDecoder(node, log: log).value(type) }
    return value
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard let entries = node.entries else { throw Mistake(node, "expected a mapping, found \(node.found)") }
    log.watch(keys)
    keys.accept(entries.keys.filter { Key(stringValue: $0) != nil })
    return KeyedDecodingContainer(NodeKeys<Key>(decoder: self, entries: entries))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard let list = node.list else { throw Mistake(node, "expected a list, found \(node.found)") }
    return NodeList(decoder: self, list: list)
  }

  func singleValueContainer() throws -> any SingleValueDecodingContainer { self }

  func child(_ node: PlacedNode, _ key: any CodingKey) -> NodeDecoder {
    NodeDecoder(node, log: log, path: codingPath + [key])
  }

  /// The value, or, once the mistake is recorded, a placeholder.
  func valueOrPlaceholder<T: Decodable>(_ type: T.Type) throws -> T {
    do { return try value(type) } catch {
      log.record(error, at: self)
      return try Placeholder.make(type)
    }
  }

  func value<T: Decodable>(_ type: T.Type) throws -> T {
    if let value = try special(type) { return value }
    if let words = Words.of(type), node.scalar != nil {
      let word = node.string ?? node.found
      guard words.contains(word) else {
        let choice = words.map { "'\($0)'" }.joined(separator: ", ")
        throw Mistake(
          node, "expected one of \(choice), found \(node.found)\(NearestWord.hint(word, in: words))")
      }
    }
    return try T(from: self)
  }

  private func special<T>(_ type: T.Type) throws -> T? {
    switch type {
    case is String.Type:
      guard let string = node.string else { throw Mistake(node, "expected a string, found \(node.found)") }
      return string as? T
    case is Bool.Type:
      guard let bool = node.scalar?.bool else {
        throw Mistake(node, "expected true or false, found \(node.found)")
      }
      return bool as? T
    case is Double.Type:
      guard let number = node.scalar?.number else {
        throw Mistake(node, "expected a number, found \(node.found)")
      }
      return number as? T
    case is Float.Type:
      guard let number = node.scalar?.number else {
        throw Mistake(node, "expected a number, found \(node.found)")
      }
      return Float(number) as? T
    case let integer as any FixedWidthInteger.Type:
      return try self.integer(integer) as? T
    case is JSON.Type: return node.json as? T
    case is Columns.Type:
      guard let object = node.json.object else {
        throw Mistake(node, "expected a mapping, found \(node.found)")
      }
      return Columns(object) as? T
    case is ModelRef.Type:
      let model = try model()
      log.use(model: model.alias)
      return ModelRef(model) as? T
    case is ToolRef.Type:
      let tool = try tool()
      log.use(tool: tool, at: node.place)
      return ToolRef(tool) as? T
    case is PromptSource.Type:
      let source = try PromptSource(from: self)
      log.use(prompt: source, at: node.place)
      return source as? T
    case is PromptFile.Type:
      let file = try PromptFile(from: self)
      log.use(prompt: file)
      return file as? T
    case is StructureFile.Type: return try structureFile() as? T
    default: return nil
    }
  }

  private func integer<I: FixedWidthInteger>(_ type: I.Type) throws -> any FixedWidthInteger {
    guard let value = node.scalar?.int else {
      throw Mistake(node, "expected an integer, found \(node.found)")
    }
    guard let exact = I(exactly: value) else {
      throw Mistake(node, "expected an integer from \(I.min) to \(I.max), found \(node.found)")
    }
    return exact
  }

  private func model() throws -> ModelSpec {
    let models = log.models
    guard let alias = node.string, let spec = models[alias] else {
      let aliases = models.keys
      let choice =
        aliases.isEmpty ? "but 'models:' declares none" : "(\(aliases.joined(separator: ", ")))"
      throw Mistake(
        node,
        "expected a model of this file \(choice), found \(node.found)"
          + (node.string.map { NearestWord.hint($0, in: aliases) } ?? ""))
    }
    return spec
  }
}

extension NodeDecoder {
  private func tool() throws -> ToolSpec {
    let tools = log.tools
    guard let name = node.string, let spec = tools[name] else {
      let choice =
        tools.isEmpty ? "but 'tools:' declares none" : "(\(tools.keys.joined(separator: ", ")))"
      throw Mistake(
        node,
        "expected a tool of this file \(choice), found \(node.found)"
          + (node.string.map { NearestWord.hint($0, in: tools.keys) } ?? ""))
    }
    return spec
  }
}

extension NodeDecoder: SingleValueDecodingContainer {
  func decodeNil() -> Bool { node.scalar == .null }
  func decode<T: Decodable>(_ type: T.Type) throws -> T { try value(type) }
}

/// A mistake whose place is known.
struct Mistake: Error {
  let diagnostic: Diagnostic
  init(_ node: PlacedNode, _ message: String) { diagnostic = Diagnostic(node.place, message) }
}

/// Which keys of one mapping were asked for.
final class KeyUse {
  let node: PlacedNode
  private(set) var accepted: Set<String> = []
  /// Keys that a container asked for, in that order: the words to suggest.
  private(set) var asked: OrderedSet<String> = []

  init(_ node: PlacedNode) { self.node = node }

  func accept(_ keys: some Sequence<String>) { accepted.formUnion(keys) }
  func ask(_ key: String) { asked.append(key) }
}

/// What decoding found: mistakes, and the models and prompts that were named.
final class DecodingLog {
  let models: OrderedDictionary<String, ModelSpec>
  let tools: OrderedDictionary<String, ToolSpec>
  let userInfo: [CodingUserInfoKey: Any]
  private(set) var mistakes: [Diagnostic] = []
  private(set) var usedModels: OrderedSet<String> = []
  private(set) var usedTools: [(spec: ToolSpec, place: FilePosition)] = []
  private(set) var prompts: [PromptFile] = []
  /// The structure files, as trees.
  private(set) var structures: [PlacedNode] = []
  /// The paths of structure files with mistakes.
  private(set) var brokenStructures: Set<String> = []
  private(set) var promptSource: (name: String, place: FilePosition)?
  private let fileUse = FileUse()
  private var watched: [KeyUse] = []

  init(
    folder: URL, models: OrderedDictionary<String, ModelSpec> = [:],
    tools: OrderedDictionary<String, ToolSpec> = [:]
  ) {
    self.models = models
    self.tools = tools
    userInfo = [
      .folder: folder, .fileUse: fileUse,
      .models: Dictionary(uniqueKeysWithValues: models.map { ($0.key, $0.value) }),
      .tools: Dictionary(uniqueKeysWithValues: tools.map { ($0.key, $0.value) }),
    ]
  }

  /// What `body` decodes from `node`; nil when there were mistakes, unknown keys among them.
  func decode<T>(_ node: PlacedNode, _ body: () throws -> T) -> T? {
    let before = mistakes.count
    var value: T?
    do { value = try body() } catch { record(error, at: NodeDecoder(node, log: self)) }
    for use in watched { reportUnknownKeys(use) }
    watched = []
    return mistakes.count == before ? value : nil
  }

  func watch(_ use: KeyUse) { if !watched.contains(where: { $0 === use }) { watched.append(use) } }
  func use(model alias: String) { usedModels.append(alias) }
  func use(tool: ToolSpec, at place: FilePosition) {
    usedTools.append((tool, place))
    usedModels.formUnion(tool.models)
  }
  func use(prompt: PromptFile) { prompts.append(prompt) }
  func use(structure: PlacedNode) { structures.append(structure) }
  func add(_ mistake: Diagnostic) { mistakes.append(mistake) }
  func add(_ mistakes: [Diagnostic], ofStructure path: String) {
    self.mistakes += mistakes
    brokenStructures.insert(path)
  }
  func use(prompt: PromptSource, at place: FilePosition) { promptSource = (prompt.stage, place) }
  /// Everything that was read, templates included.
  var files: Set<URL> { fileUse.files }

  func record(_ error: any Error, at decoder: NodeDecoder) {
    switch error {
    case let mistake as Mistake: mistakes.append(mistake.diagnostic)
    // What a placeholder could not stand in for was recorded where it happened.
    case is Placeholder.Impossible: break
    case let error as DecodingError:
      mistakes.append(Diagnostic(decoder.node.place, error.plainDescription))
    default: mistakes.append(Diagnostic(decoder.node.place, "\(error)"))
    }
  }

  func missing(_ key: any CodingKey, in node: PlacedNode) {
    mistakes.append(Diagnostic(node.place, "expected the key '\(key.stringValue)', found none"))
  }

  private func reportUnknownKeys(_ use: KeyUse) {
    for (key, entry) in use.node.entries ?? [:] where !use.accepted.contains(key) {
      let free = use.asked.filter { use.node[$0] == nil }
      // A key that is there already is the second guess.
      let near = NearestWord.of(key, in: free) ?? NearestWord.of(key, in: use.asked)
      let hint =
        key == "images" && near == nil && use.asked.contains("model")
        ? " (what is asked here is text alone; docs/images.md says which kinds can show images)"
        : near.map { " (did you mean '\($0)'?)" } ?? ""
      let expected = use.asked.map { "'\($0)'" }.joined(separator: ", ")
      let choice = use.asked.isEmpty ? "no key here" : "one of the keys \(expected)"
      mistakes.append(Diagnostic(entry.keyPlace, "expected \(choice), found '\(key)'\(hint)"))
    }
  }
}

extension DecodingError {
  /// What a person needs of it.
  var plainDescription: String {
    switch self {
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      context.debugDescription
    case .keyNotFound(let key, _): "expected the key '\(key.stringValue)', found none"
    @unknown default: "\(self)"
    }
  }
}

/// The words of an enumeration whose cases are strings.
enum Words {
  static func of<T>(_ type: T.Type) -> [String]? {
    guard let type = type as? any CaseIterable.Type else { return nil }
    return words(type)
  }

  private static func words<E: CaseIterable>(_: E.Type) -> [String]? {
    let words = E.allCases.compactMap { ($0 as? any RawRepresentable<String>)?.rawValue }
    return words.isEmpty ? nil : words
  }
}
