internal import RetortRun
internal import RetortStore
internal import Synchronization

/// A run's progress on stderr: on a terminal a table that is drawn over itself, else plain lines: for each stage one a
/// second at first, and one a minute once the run has lasted ten.
final class RunProgress: Sendable {
  private struct State {
    var board: RunBoard
    var seen: Set<String> = []
    /// Lines of the table that is on the screen.
    var drawn = 0
    var lastDrawing = -Double.infinity
    /// When each stage was last told of, and what was told.
    var told: [String: (time: Double, done: Int)] = [:]
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
    state = Mutex(State(board: RunBoard(stages, at: now())))
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
      case .reused(let stage, _), .performed(let stage, _): tellLine(stage, at: time, &state)
      case .failed(let stage, let kind, let message):
        // The same message for every row of an outage would hide what else happens; `retort failures` has them all.
        guard state.seen.insert("\(stage) \(kind) \(message)").inserted else { break }
        let words = message.hasPrefix(kind) ? message : "\(kind): \(message)"
        say("\(stage): failed: \(Terminal.safe(words))", &state)
      case .finished(let stage, _): tellLine(stage, at: time, last: true, &state)
      case .leavingRedo(let redo): say(Terminal.safe(redo.description), &state)
      case .stopping(let status, let message):
        say("stopping (\(status.rawValue)): \(Terminal.safe(message))", &state)
      }
      // Ten drawings a second are more than anyone reads.
      if screen.isTerminal, time - state.lastDrawing >= 0.1 { draw(at: time, &state) }
    }
  }

  /// Draws again, so that times and rates move while nothing happens.
  func tick() { state.withLock { if screen.isTerminal { draw(at: now(), &$0) } } }

  /// A line of its own above the table.
  func say(_ line: String) {
    state.withLock {
      say(line, &$0)
      if screen.isTerminal { draw(at: now(), &$0) }
    }
  }

  /// The closing table and what follows from it, what was lost of the input last.
  func report(
    _ summary: RunSummary, drops: [Losses], broken: [BrokenRecords] = [], store: String? = nil
  ) {
    state.withLock { erase(&$0) }
    for line in SummaryPage.lines(summary, drops: drops, store: store) { screen.write(line + "\n") }
    for lost in broken {
      let line = Terminal.safe(lost.description)
      screen.write(screen.colour ? "\u{1B}[1;31m\(line)\u{1B}[0m\n" : line + "\n")
    }
  }

  private func tellLine(_ name: String, at time: Double, last: Bool = false, _ state: inout State) {
    guard !screen.isTerminal, let stage = state.board[name] else { return }
    if !last {
      // The first is told a second after its beginning, so that what is quick has one line only.
      guard let told = state.told[name] else {
        state.told[name] = (time, 0)
        return
      }
      let pause = min(max((time - state.board.began) / 10, 1), 60)
      guard time - told.time >= pause, told.done != stage.done else { return }
    }
    state.told[name] = (time, stage.done)
    screen.write(ProgressPage.line(stage, of: state.board, at: time) + "\n")
  }

  private func say(_ line: String, _ state: inout State) {
    erase(&state)
    screen.write(line + "\n")
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
