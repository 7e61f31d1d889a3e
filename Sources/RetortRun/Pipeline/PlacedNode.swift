internal import OrderedCollections
internal import RetortCore
internal import Yams

/// A YAML value with its place. Scalars are resolved as YAML 1.2's core schema says: `yes` is a string.
struct PlacedNode: Sendable {
  indirect enum Value: Sendable {
    case scalar(JSON)
    case list([PlacedNode])
    case mapping(OrderedDictionary<String, Entry>)
  }

  struct Entry: Sendable {
    let keyPlace: FilePosition
    var node: PlacedNode
  }

  let place: FilePosition
  var value: Value
  /// The environment variables that its `${NAME}` name.
  var variables: [String] = []

  /// Parses one document; a byte order mark is skipped. Mistakes of the YAML itself and of its `${NAME}` go to
  /// `report`; nil when there is no tree at all. Without an environment, `${NAME}` is text.
  init?(yaml: String, file: String, environment: EnvironmentReader?, report: (Diagnostic) -> Void) {
    let start = FilePosition(file: file, line: 1, column: 1)
    let yaml = yaml.unicodeScalars.first == "\u{FEFF}" ? String(yaml.unicodeScalars.dropFirst()) : yaml
    if let excess = YAMLBounds.excess(of: yaml) {
      report(Diagnostic(FilePosition(file: file, line: excess.line, column: excess.column), excess.message))
      return nil
    }
    do {
      guard let node = try Yams.compose(yaml: yaml) else {
        self.init(place: start, value: .scalar(.null))
        return
      }
      self.init(node, file: file, environment: environment, report: report)
    } catch let error as YamlError {
      report(Self.diagnostic(error, start))
      return nil
    } catch {
      report(Diagnostic(start, "expected YAML, found: \(error)"))
      return nil
    }
  }

  init(place: FilePosition, value: Value, variables: [String] = []) {
    self.place = place
    self.value = value
    self.variables = variables
  }

  private init(
    _ node: Node, file: String, environment: EnvironmentReader?, report: (Diagnostic) -> Void
  ) {
    let place = FilePosition(file: file, line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
    func child(_ node: Node) -> PlacedNode {
      PlacedNode(node, file: file, environment: environment, report: report)
    }
    switch node {
    case .scalar(let scalar):
      let text =
        environment?.substitute(scalar.string) { report(Diagnostic(place, $0)) } ?? scalar.string
      Self.refuseNull(text, place, report)
      let plain = scalar.style == .plain || scalar.style == .any
      self.init(place: place, value: .scalar(plain ? Self.resolve(text) : .string(text)))
      variables = environment == nil ? [] : EnvironmentReader.names(in: scalar.string)
    case .sequence(let sequence):
      self.init(place: place, value: .list(sequence.map(child)))
    case .mapping(let mapping):
      var entries: OrderedDictionary<String, Entry> = [:]
      for (key, value) in mapping {
        let keyPlace = FilePosition(file: file, line: key.mark?.line ?? 1, column: key.mark?.column ?? 1)
        guard case .scalar(let scalar) = key else {
          report(Diagnostic(keyPlace, "expected a word as key, found a list or a mapping"))
          continue
        }
        Self.refuseNull(scalar.string, keyPlace, report)
        entries[scalar.string] = Entry(keyPlace: keyPlace, node: child(value))
      }
      self.init(place: place, value: .mapping(entries))
    case .alias:
      report(Diagnostic(place, "expected a value, found an alias without its anchor"))
      self.init(place: place, value: .scalar(.null))
    }
  }

  /// Neither the names of columns in SQL nor paths and arguments can have one.
  private static func refuseNull(_ text: String, _ place: FilePosition, _ report: (Diagnostic) -> Void) {
    if text.utf8.contains(0) { report(Diagnostic(place, "expected text without NUL characters, found one")) }
  }

  private static func resolve(_ text: String) -> JSON {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .bool(true)
    case "false", "False", "FALSE": return .bool(false)
    default: break
    }
    guard let first = text.utf8.first, "+-.0123456789".utf8.contains(first) else { return .string(text) }
    if let integer = Int64(text) { return .int(integer) }
    let numeric = text.utf8.allSatisfy { "+-.0123456789eE".utf8.contains($0) }
    if numeric, text.utf8.contains(where: { (48...57).contains($0) }), let double = Double(text),
      double.isFinite
    {
      return .double(double)
    }
    return .string(text)
  }

  private static func diagnostic(_ error: YamlError, _ start: FilePosition) -> Diagnostic {
    func at(_ mark: Mark) -> FilePosition {
      FilePosition(file: start.file, line: mark.line, column: mark.column)
    }
    switch error {
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      let during = context.map { " (\($0.text) at line \($0.mark.line))" } ?? ""
      return Diagnostic(at(mark), "expected YAML, found a mistake in it: \(problem)\(during)")
    case .duplicatedKeysInMapping(let duplicates, let context):
      let keys = duplicates.sorted().map { "'\($0)'" }.joined(separator: ", ")
      return Diagnostic(at(context.mark), "expected each key once, found \(keys) twice in this mapping")
    default:
      return Diagnostic(start, "expected YAML in UTF-8, found: \(error)")
    }
  }
}

extension PlacedNode {
  subscript(key: String) -> PlacedNode? { entries?[key]?.node }

  /// What stands under a key of a mapping, or at a position of a list.
  func child(_ part: String) -> PlacedNode? {
    guard let list else { return self[part] }
    return Int(part).flatMap { list.indices.contains($0) ? list[$0] : nil }
  }

  var entries: OrderedDictionary<String, Entry>? { if case .mapping(let map) = value { map } else { nil } }
  var list: [PlacedNode]? { if case .list(let list) = value { list } else { nil } }
  var scalar: JSON? { if case .scalar(let scalar) = value { scalar } else { nil } }
  var string: String? { scalar?.string }

  /// Where a key of this mapping stands, or the mapping itself.
  func place(of key: String) -> FilePosition { entries?[key]?.keyPlace ?? place }

  /// The value, without its places.
  var json: JSON {
    switch value {
    case .scalar(let scalar): scalar
    case .list(let list): .array(list.map(\.json))
    case .mapping(let entries): .object(entries.mapValues(\.node.json))
    }
  }

  /// What a message says was found.
  var found: String {
    switch value {
    case .scalar(.string(let string)): "'\(string)'"
    case .scalar(.int(let integer)): "the number \(integer)"
    case .scalar(.double(let double)): "the number \(double)"
    case .scalar(.bool(let bool)): "\(bool)"
    case .scalar: "nothing"
    case .list: "a list"
    case .mapping: "a mapping"
    }
  }
}
