internal import Foundation

extension RunProgress {
  /// Where it is shown. `size` is asked at every drawing, since a window may be resized.
  struct Screen: Sendable {
    var isTerminal: Bool
    var colour: Bool
    var size: @Sendable () -> (width: Int, height: Int)
    var write: @Sendable (String) -> Void
  }
}

extension RunProgress.Screen {
  /// Colours unless `NO_COLOR` is set, plain lines on a terminal that says it is dumb.
  init(_ shell: Shell) {
    let isTerminal = shell.terminal.isScreen && shell.environment["TERM"] ?? "dumb" != "dumb"
    self.init(
      isTerminal: isTerminal, colour: isTerminal && shell.environment["NO_COLOR"]?.isEmpty ?? true,
      size: {
        var size = winsize()
        let known = ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        return known ? (Int(size.ws_col), Int(size.ws_row)) : (80, 24)
      }, write: shell.terminal.tell)
  }
}
