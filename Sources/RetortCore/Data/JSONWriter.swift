internal import OrderedCollections

extension JSON {
  /// Compact text with keys in their order. A double always has a fraction or an exponent (`1.0`), so that it reads
  /// back as a double; a double that JSON cannot say (NaN, infinity) is `null`.
  package var text: String { written(sorted: false) }

  /// Compact text with keys sorted by their UTF-8 bytes: equal content has equal canonical text.
  package var canonical: String { written(sorted: true) }

  /// The text of an object one of whose values has been written already.
  package static func text(of fields: Object, sorted: Bool, written: (name: String, text: String)) -> String {
    var writer = JSONWriter(sorted: sorted)
    writer.write(fields, written: written)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  private func written(sorted: Bool) -> String {
    var writer = JSONWriter(sorted: sorted)
    writer.write(self)
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}

private struct JSONWriter {
  let sorted: Bool
  var bytes: [UInt8] = []

  init(sorted: Bool) { self.sorted = sorted }

  mutating func write(_ value: JSON) {
    switch value {
    case .null: bytes.append(contentsOf: "null".utf8)
    case .bool(let value): bytes.append(contentsOf: (value ? "true" : "false").utf8)
    case .int(let value): bytes.append(contentsOf: String(value).utf8)
    case .double(let value): bytes.append(contentsOf: (value.isFinite ? "\(value)" : "null").utf8)
    case .string(let value): write(value)
    case .array(let elements):
      bytes.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        write(element)
      }
      bytes.append(UInt8(ascii: "]"))
    case .object(let fields): write(fields)
    }
  }

  mutating func write(_ fields: JSON.Object, written: (name: String, text: String)? = nil) {
    bytes.append(UInt8(ascii: "{"))
    if sorted {
      let order = fields.elements.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      for (index, field) in order.enumerated() { write(field, written, first: index == 0) }
    } else {
      for (index, field) in fields.elements.enumerated() { write(field, written, first: index == 0) }
    }
    bytes.append(UInt8(ascii: "}"))
  }

  private mutating func write(
    _ field: JSON.Object.Element, _ written: (name: String, text: String)?, first: Bool
  ) {
    if !first { bytes.append(UInt8(ascii: ",")) }
    write(field.key)
    bytes.append(UInt8(ascii: ":"))
    if let written, written.name == field.key {
      bytes.append(contentsOf: written.text.utf8)
    } else {
      write(field.value)
    }
  }

  private mutating func write(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): bytes.append(contentsOf: "\\\"".utf8)
      case UInt8(ascii: "\\"): bytes.append(contentsOf: "\\\\".utf8)
      case 0x0A: bytes.append(contentsOf: "\\n".utf8)
      case 0x0D: bytes.append(contentsOf: "\\r".utf8)
      case 0x09: bytes.append(contentsOf: "\\t".utf8)
      case 0..<0x20:
        bytes.append(contentsOf: "\\u00".utf8)
        bytes.append(contentsOf: CollectionOfOne(byte).hex.utf8)
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
