internal import RetortCore
internal import RetortRun
internal import RetortStore
internal import Synchronization

/// A run's progress on stderr: on a terminal a table that is drawn over itself, else plain lines: one for each stage at its
/// end, and one about the run now and then, ten seconds apart at first and five minutes once it has lasted an hour.
final class RunProgress: Sendable {
  private struct State {
    var board: RunBoard
    var seen: Set<String> = []
    /// Lines of the table that is on the screen.
    var drawn = 0
    var lastDrawing = -Double.infinity
    /// When the run was last told of, where no table is drawn.
    var told: Double
  }

  private let state: Mutex<State>
  /// Apart from the state, whose lock is held while the screen is written to.
  private let sign = Mutex(-Double.infinity)
  private let screen: Screen
  private let spending: @Sendable () -> ProgressPage.Spending
  private let now: @Sendable () -> Double

  /// - Parameters:
  ///   - now: seconds on any steady clock.
  ///   - spending: what the run has spent by now.
  init(
    _ stages: [(name: String, from: [String])], on screen: Screen,
    now: @escaping @Sendable () -> Double,
    spending: @escaping @Sendable () -> ProgressPage.Spending = { .init() }
  ) {
    let start = now()
    state = Mutex(State(board: RunBoard(stages, at: start), told: start))
    self.screen = screen
    self.spending = spending
    self.now = now
  }

  /// When the run last told something, on the clock it was made with.
  var lastSign: Double { sign.withLock { $0 } }

  func tell(_ event: RunEvent) {
    let time = now()
    sign.withLock { $0 = time }
    state.withLock { state in
      state.board.take(event, at: time)
      switch event {
      case .started(let run): if !screen.isTerminal { screen.write("run \(run)\n") }
      case .began: break
      case .noted(let stage, let words): say("\(stage): \(Terminal.safe(words))", &state)
      case .reused, .performed: break
      case .failed(let stage, let kind, let message, _):
        // The same message for every row of an outage would hide what else happens; `retort failures` has them all.
        guard state.seen.insert("\(stage) \(kind) \(message)").inserted else { break }
        say("\(stage): failed: \(Terminal.safe(FailureKind.words(kind, message)))", &state)
      case .finished(let stage, _): tellEnd(of: stage, at: time, &state)
      case .skipped: break
      case .foundDead(let run, let pipeline):
        say(
          "run \(run) of \(pipeline) was interrupted: its process ended before it did; what it had done is kept",
          &state)
      case .leavingRedo(let redo): say(Terminal.safe(redo.description), &state)
      case .stopping(let status, let message):
        say("stopping (\(status.rawValue)): \(Terminal.safe(message))", &state)
      }
      // Ten drawings a second are more than anyone reads.
      if screen.isTerminal, time - state.lastDrawing >= 0.1 { draw(at: time, &state) }
      tellRun(at: time, &state)
    }
  }

  /// Draws again, so that times and rates move while nothing happens.
  func tick() {
    state.withLock { state in
      if screen.isTerminal { draw(at: now(), &state) } else { tellRun(at: now(), &state) }
    }
  }

  /// A line of its own above the table.
  func say(_ line: String) {
    state.withLock {
      say(line, &$0)
      if screen.isTerminal { draw(at: now(), &$0) }
    }
  }

  /// The closing table and what follows from it, what was lost of the input last.
  func report(
    _ summary: RunSummary, drops: [Losses], broken: [BrokenRecords] = [], makesNone: [String: String] = [:],
    readers: Set<String> = [], details: [String: String] = [:], store: String? = nil
  ) {
    state.withLock { erase(&$0) }
    for line in SummaryPage.lines(
      summary, drops: drops, makesNone: makesNone, readers: readers, details: details, store: store)
    {
      // Commands among them are copied as they stand.
      screen.write(line + "\n")
    }
    for lost in broken {
      let line = fitted(Terminal.safe(lost.description))
      screen.write(screen.colour ? "\u{1B}[1;31m\(line)\u{1B}[0m\n" : line + "\n")
    }
  }

  /// A line broken between words where a terminal has no room for it; what goes on is indented.
  private func fitted(_ line: String) -> String {
    guard screen.isTerminal else { return line }
    let width = screen.size().width
    return TextLayout(line, width: width - 2, first: width).lines.joined(separator: "\n  ")
  }

  private func tellEnd(of name: String, at time: Double, _ state: inout State) {
    guard !screen.isTerminal, let stage = state.board[name] else { return }
    screen.write(ProgressPage.line(stage, of: state.board, at: time) + "\n")
  }

  /// Also while nothing happens, since then one wants to know what is waited for.
  private func tellRun(at time: Double, _ state: inout State) {
    let pause = min(max((time - state.board.began) / 10, 10), 300)
    guard !screen.isTerminal, time - state.told >= pause,
      state.board.stages.contains(where: { !$0.isFinished })
    else { return }
    state.told = time
    screen.write(ProgressPage.line(state.board, spending(), at: time) + "\n")
  }

  private func say(_ line: String, _ state: inout State) {
    erase(&state)
    screen.write(fitted(line) + "\n")
    state.lastDrawing = -.infinity
  }

  private func erase(_ state: inout State) {
    guard state.drawn > 0 else { return }
    screen.write("\u{1B}[\(state.drawn)A\u{1B}[J")
    state.drawn = 0
  }

  private func draw(at time: Double, _ state: inout State) {
    let (width, height) = screen.size()
    let lines = ProgressPage.table(
      state.board, spending(), at: time, width: width, height: height, colour: screen.colour)
    let up = state.drawn > 0 ? "\u{1B}[\(state.drawn)A" : ""
    // Each line is cleared as it is written, and what is left below it: no flicker.
    screen.write(up + lines.map { $0 + "\u{1B}[K\n" }.joined() + "\u{1B}[J")
    state.drawn = lines.count
    state.lastDrawing = time
  }
}

extension RunProgress {
  /// Draws every second while `body` runs.
  func ticking<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
    try await withThrowingTaskGroup(of: T?.self) { group in
      group.addTask { try await body() }
      group.addTask {
        while (try? await Task.sleep(for: .seconds(1))) != nil { self.tick() }
        return nil
      }
      defer { group.cancelAll() }
      while let ended = try await group.next() {
        if let value = ended { return value }
      }
      throw CancellationError()
    }
  }
}
