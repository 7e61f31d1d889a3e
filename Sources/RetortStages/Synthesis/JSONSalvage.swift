internal import OrderedCollections
package import RetortCore

extension JSON {
  /// The JSON value in a model's reply where nothing says which of several was asked for: the last in a code fence,
  /// else the last. A value that is but numbers, as `[1]` is in prose, and an empty one count where there is no other.
  ///
  /// ``ReplyValues`` finds the values; ``StructuredReply`` chooses by what was asked for. A broken value after the
  /// last whole one is an error, whose place is counted in the reply.
  package static func salvage(from reply: String, limits: Limits = .reply) throws(JSONError) -> JSON {
    let values = try ReplyValues(in: reply, limits: limits)
    let fenced = values.found.filter(values.isFenced)
    let candidates = fenced.isEmpty ? values.found : fenced
    for candidate in candidates.reversed() {
      switch candidate {
      case .whole(let json, _): if json.saysMoreThanNumbers { return json }
      case .broken(let error, let range):
        if values.reply[range].contains(UInt8(ascii: "\"")) {
          throw values.placed(error, after: range.lowerBound)
        }
      }
    }
    switch candidates.last {
    case .whole(let json, _): return json
    case .broken(let error, let range): throw values.placed(error, after: range.lowerBound)
    case nil: throw values.nothing
    }
  }

  private var saysMoreThanNumbers: Bool {
    switch self {
    case .array(let elements): elements.contains { $0.saysMoreThanNumbers }
    case .object(let fields): !fields.isEmpty
    case .int, .double: false
    default: true
    }
  }
}

extension ReplyValues {
  /// Whether the value is the first of a code fence.
  func isFenced(_ found: Found) -> Bool {
    let start =
      switch found {
      case .whole(_, let range), .broken(_, let range): range.lowerBound
      }
    let before = reply[..<start].suffix(80).reversed().drop { $0 == 0x20 || $0 == 0x09 }
    guard before.first == 0x0A else { return false }
    let label = before.dropFirst().prefix {
      $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "`") && $0 != UInt8(ascii: "~")
    }
    let fence = before.dropFirst(1 + label.count)
    return fence.starts(with: "```".utf8) || fence.starts(with: "~~~".utf8)
  }
}
