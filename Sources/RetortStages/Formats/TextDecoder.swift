internal import Foundation
internal import RetortCore

/// Makes UTF-8 of text in another encoding, piece by piece, by the system's `iconv`.
///
/// What means nothing in that encoding becomes a byte that UTF-8 does not have, so that it is found where any text is
/// held against UTF-8.
final class TextDecoder {
  static let help = "utf-16, windows-1252, gb18030, shift_jis and whatever else iconv knows"

  private let state: iconv_t
  /// Bytes of its units: what means nothing is left out by these.
  private let unit: Int
  /// The beginning of a character whose rest is in the next piece.
  private var rest: [UInt8] = []

  /// Nil for UTF-8, which needs none. Errors: ``StageError`` for a name that this machine does not know.
  init?(_ name: String) throws(StageError) {
    if ["utf-8", "utf8"].contains(name.lowercased()) { return nil }
    // A suffix of iconv's own would leave characters out.
    let isName = name.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9_.:-]*/) != nil
    guard isName, let state = Self.open(name) else {
      throw StageError("encoding: expected one of \(Self.help), found '\(name)'")
    }
    self.state = state
    unit = name.contains(/32|UCS-?4|ucs-?4/) ? 4 : name.contains(/16|UCS-?2|ucs-?2/) ? 2 : 1
  }

  private static func open(_ name: String) -> iconv_t? {
    let state = iconv_open("UTF-8", name)
    return Int(bitPattern: state) == -1 ? nil : state
  }

  deinit { iconv_close(state) }

  /// The text of the next piece; an empty one is the last.
  func decode(_ piece: Data) -> [UInt8] {
    var input = rest + piece
    rest = []
    var output: [UInt8] = []
    var room = [CChar](repeating: 0, count: 1 << 16)
    input.withUnsafeMutableBytes { bytes in
      var next: UnsafeMutablePointer<CChar>? = bytes.bindMemory(to: CChar.self).baseAddress
      var left = bytes.count
      while left > 0 {
        let failed = room.withUnsafeMutableBufferPointer { buffer -> Int32? in
          var end = buffer.baseAddress
          var free = buffer.count
          let result = iconv(state, &next, &left, &end, &free)
          let fault = result == -1 ? errno : nil
          output += buffer[..<(buffer.count - free)].lazy.map { UInt8(bitPattern: $0) }
          return fault
        }
        if failed == EINVAL, !piece.isEmpty {
          rest = Array(bytes.suffix(left))
          return
        }
        if failed == EILSEQ || failed == EINVAL {
          output.append(0xFF)
          let skipped = min(unit, left)
          next = next.map { $0 + skipped }
          left -= skipped
        }
      }
    }
    return output
  }
}
