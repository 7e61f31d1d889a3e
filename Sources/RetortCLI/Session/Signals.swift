internal import Foundation
internal import RetortCore
internal import Synchronization

/// Ctrl-C and SIGTERM. They end the process at once, whatever it is doing, and files that are half written go with it.
/// While a run is on its way the first one ends it softly, as far as calls are in flight; the second ends it.
///
/// The handler only rings: a thread of its own does what follows, so that no work, no lock and no blocked terminal keeps
/// it from being done.
enum Signals {
  /// Seconds that a run which was told to end, and has no call in flight, may go on without a sign of life.
  static let patience = 5.0

  /// The exit status of a run, or any other command, that was interrupted.
  static var status: Int32 { 130 }

  /// A run that may be ended softly.
  private struct Run: Sendable {
    let interruption: Interruption
    let say: @Sendable (String) -> Void
    let lastSign: @Sendable () -> Double
  }

  private static let run = Mutex<Run?>(nil)

  static func install() {
    var ends: [Int32] = [-1, -1]
    // Without a descriptor for it the system's own way of ending a process stays.
    guard pipe(&ends) == 0 else { return }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    rung.store(0, ordering: .relaxed)
    bell = ends[1]
    let ear = ends[0]
    let thread = Thread { listen(ear) }
    thread.name = "retort-signals"
    thread.start()
    for number in [SIGINT, SIGTERM] {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = ring
      action.sa_flags = Int32(SA_RESTART)
      sigaction(number, &action, nil)
    }
  }

  /// Performs `body`, which the first signal ends softly.
  /// - Parameter lastSign: when the run last told something, in seconds of the system's uptime.
  static func soften<T: Sendable>(
    _ interruption: Interruption, saying say: @escaping @Sendable (String) -> Void,
    lastSign: @escaping @Sendable () -> Double, _ body: @Sendable () async throws -> T
  ) async throws -> T {
    run.withLock { $0 = Run(interruption: interruption, say: say, lastSign: lastSign) }
    defer { run.withLock { $0 = nil } }
    return try await body()
  }

  /// Waits for signals and answers them.
  private static func listen(_ ear: Int32) -> Never {
    _ = hears(ear, within: -1)
    guard let begun = run.withLock({ $0 }) else { end() }
    begun.interruption.request()
    let calls = begun.interruption.inFlight
    tell(
      begun,
      "stopping: no further call is made; \(calls) \(calls == 1 ? "call" : "calls") in flight will be kept; "
        + "press again to end at once")
    var quiet = ProcessInfo.processInfo.systemUptime
    while !hears(ear, within: 100) {
      let now = ProcessInfo.processInfo.systemUptime
      if begun.interruption.inFlight > 0 { quiet = now }
      quiet = max(quiet, begun.lastSign())
      guard now - quiet > patience, run.withLock({ $0 }) != nil else { continue }
      tell(
        begun,
        "ended: a stage worked on for \(Int(patience)) s with no call in flight; what is committed is kept")
      usleep(100_000)
      end()
    }
    end()
  }

  /// Elsewhere: a terminal that is held makes whoever writes to it wait.
  private static func tell(_ run: Run, _ words: String) { DispatchQueue.global().async { run.say(words) } }

  /// Whether a signal came within some milliseconds; without end for -1.
  private static func hears(_ ear: Int32, within milliseconds: Int32) -> Bool {
    while true {
      var entry = pollfd(fd: ear, events: Int16(POLLIN), revents: 0)
      let found = poll(&entry, 1, milliseconds)
      if found < 0, errno == EINTR { continue }
      guard found > 0 else { return false }
      var byte: UInt8 = 0
      return read(ear, &byte, 1) == 1
    }
  }

  /// Servers that were launched end with this process, since it holds their leash.
  private static func end() -> Never {
    Leftovers.removeAll()
    _exit(status)
  }
}

/// What the handler touches: nothing that is made on first use, and no lock.
nonisolated(unsafe) private var bell: Int32 = -1
private let rung = Atomic(0)

private func ring(_ number: Int32) {
  let saved = errno
  var byte: UInt8 = 1
  _ = write(bell, &byte, 1)
  // The thread that should have ended the process at the second is stuck.
  if rung.wrappingAdd(1, ordering: .relaxed).newValue >= 3 { _exit(Signals.status) }
  errno = saved
}
