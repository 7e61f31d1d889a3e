/// Addresses of the viewer's pages.
enum Link {
  static func run(_ run: Int64) -> String { "/runs/\(run)" }
  static func dropped(_ run: Int64, stage: String? = nil, reason: String? = nil, after: Int64? = nil)
    -> String
  {
    address(
      "/runs/\(run)/dropped", [("stage", stage), ("reason", reason), ("after", after.map(String.init))])
  }
  static func stage(_ run: Int64, _ stage: String) -> String { "/runs/\(run)/stages/\(encoded(stage))" }
  static func row(_ occurrence: Int64) -> String { "/rows/\(occurrence)" }
  static func call(_ call: Int64) -> String { "/calls/\(call)" }
  static func rows(_ old: String, _ new: String) -> String {
    address("/compare/rows", [("row", old), ("row", new)])
  }

  /// Parameters that are nil are left out.
  static func address(_ path: String, _ parameters: [(String, String?)]) -> String {
    let pairs = parameters.compactMap { name, value in value.map { "\(encoded(name))=\(encoded($0))" } }
    return pairs.isEmpty ? path : "\(path)?\(pairs.joined(separator: "&"))"
  }

  private static func encoded(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
        result.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        result += "%" + (digits.count == 1 ? "0" : "") + digits
      }
    }
    return result
  }
}

/// The parameters of a request as a form sends them.
struct Query {
  private let pairs: [(name: String, value: String)]

  init(_ text: String?) {
    pairs = (text ?? "").split(separator: "&").compactMap { pair in
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
        Self.decoded($0)
      }
      return parts.count == 2 ? (parts[0], parts[1]) : nil
    }
  }

  /// Nil where it is missing or empty.
  subscript(name: String) -> String? { all(name).first }

  func all(_ name: String) -> [String] { pairs.filter { $0.name == name && !$0.value.isEmpty }.map(\.value) }

  /// Errors: ``Refusal`` for what is no number.
  func number(_ name: String) throws -> Int64? {
    guard let text = self[name] else { return nil }
    guard let number = Int64(text), number >= 0 else {
      throw Refusal(.badRequest, "expected a number from 0 on for \(name), found '\(text.prefix(80))'")
    }
    return number
  }

  /// `+` is a space; bytes that are no UTF-8 become U+FFFD.
  private static func decoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
