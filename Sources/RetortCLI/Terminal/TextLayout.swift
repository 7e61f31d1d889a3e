/// A text laid out for a screen: broken into lines where it can be, and cut off after some of them.
struct TextLayout: Hashable {
  var lines: [String]
  /// Characters that are left out.
  var rest: Int

  /// - Parameters:
  ///   - width: columns of a line.
  ///   - first: columns of the first line, where less is left of it.
  ///   - limit: lines at most; nil for all.
  init(_ text: String, width: Int, first: Int? = nil, limit: Int? = nil) {
    let room = max(8, width)
    lines = []
    rest = 0
    // What has no room is not looked at: a text may have a million characters, or one that is a million marks.
    let scalars = text.unicodeScalars
    let cut = limit.flatMap {
      scalars.index(scalars.startIndex, offsetBy: 4 * room * $0, limitedBy: scalars.endIndex)
    }
    let end = cut ?? text.endIndex
    let unseen = text[end...]
    let paragraphs = text[..<end].split(
      omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (number, paragraph) in paragraphs.enumerated() {
      var open = Self.expanded(paragraph)[...]
      repeat {
        guard lines.count < limit ?? .max else {
          rest = open.count + unseen.count + paragraphs[(number + 1)...].reduce(0) { $0 + $1.count + 1 }
          return
        }
        let line = Self.line(open, lines.isEmpty ? max(8, first ?? room) : room)
        lines.append(String(line.text))
        open = open[line.text.endIndex...].dropFirst(line.skipsSpace ? 1 : 0)
      } while !open.isEmpty
    }
    rest = unseen.count
  }

  /// The beginning of a text that fits: to the last space or comma that has room, or where the room ends.
  private static func line(_ text: Substring, _ width: Int) -> (text: Substring, skipsSpace: Bool) {
    var fitting = DisplayWidth.prefix(text, width)
    // One character is taken however wide it is.
    if fitting.isEmpty { fitting = text.prefix(1) }
    guard fitting.endIndex < text.endIndex else { return (fitting, false) }
    if text[fitting.endIndex] == " " { return (fitting, true) }
    guard let end = fitting.lastIndex(where: { $0 == " " || $0 == "," }),
      DisplayWidth.of(fitting[..<end]) > width / 2
    else { return (fitting, false) }
    return text[end] == " " ? (text[..<end], true) : (text[...end], false)
  }

  /// Tabs as the spaces to the next multiple of eight.
  private static func expanded(_ line: Substring) -> String {
    guard line.contains("\t") else { return String(line) }
    var (text, column) = ("", 0)
    for character in line {
      let fill = character == "\t" ? 8 - column % 8 : 0
      text += fill > 0 ? String(repeating: " ", count: fill) : String(character)
      column += fill > 0 ? fill : DisplayWidth.of(character)
    }
    return text
  }
}
