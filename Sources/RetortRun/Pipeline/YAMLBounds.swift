internal import CYaml
internal import RetortCore

/// What a YAML text holds with its aliases written out, counted before any of it is built: a few aliases of aliases
/// would fill any memory, and take any time where they are keys.
struct YAMLBounds {
  /// Most values of a file.
  static let values = 100_000
  /// Most bytes of a file, and of its values.
  static let bytes = 8 << 20

  private struct Size {
    var values = 0
    var bytes = 0

    static func + (left: Size, right: Size) -> Size {
      // Each is at most the limit when it is added, so that no sum overflows.
      Size(values: left.values + right.values, bytes: left.bytes + right.bytes)
    }
  }

  private var total = Size()
  private var anchors: [String: Size] = [:]
  /// The collections that are open, with their anchors and what had been counted before each.
  private var open: [(anchor: String?, before: Size)] = []

  /// What is too much about a text, with its line and column from 1; nil when nothing is, and when it is no YAML, which
  /// whoever reads it says better.
  static func excess(of yaml: String) -> (line: Int, column: Int, message: String)? {
    guard yaml.utf8.count <= bytes else {
      return (1, 1, "expected at most \(bytes) bytes, found \(yaml.utf8.count)")
    }
    var yaml = yaml
    return yaml.withUTF8 { text in
      var parser = yaml_parser_t()
      guard yaml_parser_initialize(&parser) == 1 else { return nil }
      defer { yaml_parser_delete(&parser) }
      yaml_parser_set_input_string(&parser, text.baseAddress, text.count)
      var bounds = YAMLBounds()
      while true {
        var event = yaml_event_t()
        guard yaml_parser_parse(&parser, &event) == 1 else { return nil }
        defer { yaml_event_delete(&event) }
        if event.type == YAML_STREAM_END_EVENT { return nil }
        bounds.add(event)
        if let message = bounds.message {
          return (event.start_mark.line + 1, event.start_mark.column + 1, message)
        }
      }
    }
  }

  private var message: String? {
    if total.values > Self.values {
      return "expected at most \(Self.values) values in the file, aliases written out"
    }
    if total.bytes > Self.bytes {
      return "expected at most \(Self.bytes) bytes of values, aliases written out"
    }
    return nil
  }

  private mutating func add(_ event: yaml_event_t) {
    switch event.type {
    case YAML_SCALAR_EVENT:
      let size = Size(values: 1, bytes: event.data.scalar.length)
      if let anchor = Self.name(event.data.scalar.anchor) { anchors[anchor] = size }
      total = total + size
    case YAML_ALIAS_EVENT:
      if let anchor = Self.name(event.data.alias.anchor), let size = anchors[anchor] { total = total + size }
    case YAML_SEQUENCE_START_EVENT: begin(Self.name(event.data.sequence_start.anchor))
    case YAML_MAPPING_START_EVENT: begin(Self.name(event.data.mapping_start.anchor))
    case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT:
      guard let ended = open.popLast(), let anchor = ended.anchor else { return }
      anchors[anchor] = Size(
        values: total.values - ended.before.values, bytes: total.bytes - ended.before.bytes)
    default: break
    }
  }

  private mutating func begin(_ anchor: String?) {
    open.append((anchor, total))
    total.values += 1
  }

  private static func name(_ anchor: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    anchor.map { String(cString: $0) }
  }
}
