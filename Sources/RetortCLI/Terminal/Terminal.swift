internal import Foundation
internal import RetortCore
internal import RetortReport
internal import RetortRun
internal import RetortStore

/// Where a command prints, and who may answer it.
struct Terminal: Sendable {
  /// Takes what was asked for: stdout.
  var out: @Sendable (String) -> Void
  /// Takes what is said beside it, whole lines or not: stderr.
  var err: @Sendable (String) -> Void
  /// Whether what is said beside it is seen on a screen.
  var isScreen = false
  /// Waits for a line that somebody types; nil where nobody can.
  var ask: (@Sendable () -> String?)?
  /// Characters of a line of help. Nil: as many as the process's terminal has.
  var columns: Int?

  /// That of the process. Ends it where nobody reads on, as `| head` does, or where there is no room. Where stderr is
  /// closed or full, nobody hears it and a run goes on.
  static let standard = Terminal(
    out: { write($0) }, err: { say($0) }, isScreen: isatty(STDERR_FILENO) != 0,
    ask: isatty(STDIN_FILENO) != 0 && isatty(STDERR_FILENO) != 0 ? { @Sendable in readLine() } : nil)

  private static func write(_ text: String) {
    do { try FileHandle.standardOutput.write(contentsOf: Data(text.utf8)) } catch {
      if (error as NSError).isBrokenPipe { exit(128 + SIGPIPE) }
      say("error: expected to write to stdout: \(error.localizedDescription)\n")
      exit(1)
    }
  }

  private static func say(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
  }

  func print(_ text: String) { out(text + "\n") }

  func complain(_ text: String) { tell(Self.harmless(text) + "\n") }

  func tell(_ text: String) { err(text) }

  /// Tells of what is no mistake.
  func warn(_ warnings: [Diagnostic]) {
    for warning in warnings {
      complain(
        "\(warning.file):\(warning.line):\(warning.column): warning: \(warning.message)")
    }
  }

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

  func print(_ table: Table, json: Bool) {
    if json { return print(table.json.text) }
    for line in Self.lines(of: table) { print(line) }
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
  fileprivate var isBrokenPipe: Bool { systemError == EPIPE }

  /// The number of the system's own error beneath Foundation's.
  var systemError: Int32? {
    let cause = (userInfo[NSUnderlyingErrorKey] as? any Error).map { $0 as NSError } ?? self
    return cause.domain == NSPOSIXErrorDomain ? Int32(cause.code) : nil
  }
}
