internal import Foundation
internal import RetortCore
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
  /// Columns of the screen that stdout is, into which what is printed is fitted. Nil where it is none: then nothing is
  /// broken or cut.
  var screen: Int?

  /// That of the process. Ends it where nobody reads on, as `| head` does, or where there is no room. Where stderr is
  /// closed or full, nobody hears it and a run goes on.
  static let standard = Terminal(
    out: { write($0) }, err: { say($0) }, isScreen: isatty(STDERR_FILENO) != 0,
    ask: isatty(STDIN_FILENO) != 0 && isatty(STDERR_FILENO) != 0 ? { @Sendable in readLine() } : nil,
    screen: isatty(STDOUT_FILENO) != 0 ? screenColumns : nil)

  /// Less than 40 is not fitted into.
  private static var screenColumns: Int {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return max(40, Int(size.ws_col))
  }

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

  func print(_ table: Table, json: Bool) {
    if json { return print(table.json.text) }
    for line in Self.lines(of: table, width: nil, screen: screen) { print(line) }
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
