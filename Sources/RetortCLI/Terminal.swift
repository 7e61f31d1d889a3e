internal import Foundation
internal import RetortCore
internal import RetortRun
internal import RetortStages

/// What the commands print, and where.
enum Terminal {
  /// Ends the process where nobody reads on, as `| head` does, or where there is no room.
  static func print(_ text: String) {
    do { try FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8)) } catch {
      if (error as NSError).isBrokenPipe { exit(128 + SIGPIPE) }
      complain("error: expected to write to stdout: \(error.localizedDescription)")
      exit(1)
    }
  }

  static func complain(_ text: String) { tell(harmless(text) + "\n") }

  /// Tells of what is no mistake.
  static func warn(_ warnings: [Diagnostic]) {
    for warning in warnings {
      complain(
        "\(warning.file):\(warning.line):\(warning.column): warning: \(warning.message)")
    }
  }

  /// Writes to stderr; where that is closed or full, nobody hears it and a run goes on.
  static func tell(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }

  /// Without control characters but line breaks and tabs: what a model or a server says must not reach the terminal
  /// as orders to it.
  static func harmless(_ text: String) -> String {
    func isOrder(_ scalar: Unicode.Scalar) -> Bool {
      switch scalar.value {
      case 0x09, 0x0A: false
      case 0..<0x20, 0x7F..<0xA0: true
      default: false
      }
    }
    guard text.unicodeScalars.contains(where: isOrder) else { return text }
    var safe = String.UnicodeScalarView()
    for scalar in text.unicodeScalars { safe.append(isOrder(scalar) ? "\u{FFFD}" : scalar) }
    return String(safe)
  }

  static func print(_ table: Table, json: Bool) {
    if json { return print(table.json.text) }
    for line in lines(of: table) { print(line) }
  }

  /// Columns padded to their widest cell; numbers to the right, long cells cut to `width` characters.
  static func lines(of table: Table, width: Int = 60) -> [String] {
    let cells = table.rows.map { row in row.map { cell($0, width: width) } }
    let widths = table.columns.indices.map { column in
      ([table.columns[column]] + cells.map { $0[column] }).map(\.count).max() ?? 0
    }
    func line(_ row: [String], _ values: [JSON]?) -> String {
      let padded = row.enumerated().map { column, text in
        let fill = String(repeating: " ", count: widths[column] - text.count)
        return values?[column].number == nil ? text + fill : fill + text
      }
      let text = padded.joined(separator: "  ")
      return String(text.reversed().drop { $0 == " " }.reversed())
    }
    return [line(table.columns, nil)] + zip(cells, table.rows).map { line($0, $1) }
  }

  /// One line without control characters: those of model output must not reach the terminal.
  static func safe(_ text: String) -> String {
    String(
      text.map { $0.isNewline || $0 == "\t" ? " " : $0 }.filter {
        $0.unicodeScalars.allSatisfy { $0.value >= 32 && !(127...159).contains($0.value) }
      })
  }

  private static func cell(_ value: JSON, width: Int) -> String {
    let text =
      switch value {
      case .string(let text): text
      case .null: ""
      default: value.text
      }
    // What is cut off anyway may be long.
    let safe = safe(String(text.prefix(4 * width)))
    return safe.count <= width ? safe : safe.prefix(width - 1) + "…"
  }
}

extension NSError {
  fileprivate var isBrokenPipe: Bool {
    let cause = userInfo[NSUnderlyingErrorKey] as? NSError ?? self
    return cause.domain == NSPOSIXErrorDomain && cause.code == Int(EPIPE)
  }
}
