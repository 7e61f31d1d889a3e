internal import Foundation
internal import RetortCore
internal import RetortStore

/// Texts and tables as a terminal may show them.
extension Terminal {
  /// Without control characters but line breaks and tabs, and without the marks that turn the direction of what follows:
  /// what a model or a server says must not reach the terminal as orders to it.
  static func harmless(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isOrder) else { return text }
    var safe = String.UnicodeScalarView()
    for scalar in text.unicodeScalars { safe.append(isOrder(scalar) ? "\u{FFFD}" : scalar) }
    return String(safe)
  }

  private static func isOrder(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09, 0x0A: false
    case 0..<0x20, 0x7F..<0xA0: true
    // Embeddings, overrides and isolates of direction, which would reach beyond the text.
    case 0x202A...0x202E, 0x2066...0x2069: true
    default: false
    }
  }

  /// One line without control characters: those of model output must not reach the terminal.
  static func safe(_ text: String) -> String {
    String(
      text.map { $0.isNewline || $0 == "\t" ? " " : $0 }.filter {
        !$0.unicodeScalars.contains(where: isOrder)
      })
  }

  /// Columns padded to their widest cell, numbers to the right.
  ///
  /// - Parameters:
  ///   - width: columns of the terminal that a cell may have; nil for no limit.
  ///   - screen: columns that a line may have; the widest columns are narrowed until it fits. Nil for no limit.
  static func lines(of table: Table, width: Int? = 60, screen: Int? = nil) -> [String] {
    let texts = table.rows.map { row in
      row.map { text(of: $0, width: screen.map { min($0, width ?? $0) } ?? width) }
    }
    let natural = table.columns.indices.map { column in
      ([table.columns[column]] + texts.map { $0[column] }).map { DisplayWidth.of($0) }.max() ?? 0
    }
    let isText = table.columns.indices.map { column in
      !wholeColumns.contains(table.columns[column]) && table.rows.contains { $0[column].string != nil }
    }
    let widths = screen.map { narrowed(natural, isText, to: $0) } ?? natural
    // A cell that nothing limits does not push the rest of all rows away.
    let pads = widths.map { screen == nil ? min($0, 60) : $0 }
    func line(_ row: [String], _ values: [JSON]?) -> String {
      let padded = row.enumerated().map { column, text in
        let cell = cut(text, to: widths[column])
        let fill = String(repeating: " ", count: max(0, pads[column] - DisplayWidth.of(cell)))
        return values?[column].number == nil ? cell + fill : fill + cell
      }
      let text = padded.joined(separator: "  ")
      return String(text.reversed().drop { $0 == " " }.reversed())
    }
    return [line(table.columns, nil)] + zip(texts, table.rows).map { line($0, $1) }
  }

  /// A line cut to some columns of the terminal, with `…` where it was.
  static func cut(_ text: String, to columns: Int) -> String {
    DisplayWidth.of(text) <= columns ? text : DisplayWidth.prefix(text[...], columns - 1) + "…"
  }

  /// Columns that are of no use when cut: names that are typed again, and times.
  private static let wholeColumns: Set = ["row", "example", "call", "started", "status"]

  /// Takes from the widest column of texts, and then from those that are as wide, down to 8.
  private static func narrowed(_ natural: [Int], _ isText: [Bool], to screen: Int) -> [Int] {
    var widths = natural
    var excess = natural.reduce(0, +) + 2 * max(0, natural.count - 1) - screen
    let columns = natural.indices.filter { isText[$0] }
    while excess > 0, let widest = columns.max(by: { widths[$0] < widths[$1] }), widths[widest] > 8 {
      widths[widest] -= 1
      excess -= 1
    }
    return widths
  }

  private static func text(of value: JSON, width: Int?) -> String {
    let text =
      switch value {
      case .string(let text): text
      case .null: ""
      default: value.text
      }
    guard let width else { return safe(text) }
    // What is cut off anyway may be long.
    let scalars = text.unicodeScalars
    return cut(safe(String(String.UnicodeScalarView(scalars.prefix(8 * width)))), to: width)
  }
}
