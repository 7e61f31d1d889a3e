internal import Foundation
internal import RetortCore
internal import Synchronization

/// What is said to and by a program that is given a whole set.
final class SetTalk: Sendable {
  /// In order; each line waits for ``isHeard()`` of one before, so that memory holds few.
  let signs: AsyncStream<HelperProcess.Sign>

  private let process: HelperProcess
  private let patience: Double
  private let gate = Gate()

  /// - Parameter patience: seconds without a sign.
  /// Errors: ``StageError`` when it cannot be started.
  init(_ program: HelperProgram, longest: Int, patience: Double) throws {
    self.patience = patience
    let (signs, heard) = AsyncStream.makeStream(of: HelperProcess.Sign.self)
    self.signs = signs
    process = try HelperProcess(program, longest: longest) { [gate] sign in
      if case .line = sign { gate.pass() }
      heard.yield(sign)
      if case .ended = sign { heard.finish() }
    }
  }

  var lastWords: String {
    let words = process.lastWords
    return words.isEmpty ? "" : "; its last words: \(words)"
  }

  /// Whether the program took it.
  func write(_ line: String) async -> Bool {
    let isTaken = await withCheckedContinuation { waiter in
      process.write(line) { waiter.resume(returning: $0) }
    }
    gate.touch()
    return isTaken
  }

  func closeInput() { process.closeInput() }
  func isHeard() { gate.open() }

  /// Errors: ``StageError`` once there was no sign for too long.
  func watch() async throws {
    while true {
      let left = gate.lastSign + patience - ProcessInfo.processInfo.systemUptime
      if left <= 0 {
        throw StageError("the program took no row and wrote no line for \(patience) s\(lastWords)")
      }
      try await Task.sleep(for: .seconds(left))
    }
  }

  /// Kills it, if it has not ended.
  func end() {
    process.kill()
    gate.remove()
  }
}

/// Lets few lines pass that nobody has taken yet, and knows when there was a sign of the program.
private final class Gate: Sendable {
  private let slots: DispatchSemaphore = {
    // One that is made with a value ends this process when it goes while a slot is taken, as where a program is left.
    let slots = DispatchSemaphore(value: 0)
    for _ in 0..<64 { slots.signal() }
    return slots
  }()
  private let isGone = Mutex(false)
  private let sign = Mutex(ProcessInfo.processInfo.systemUptime)

  /// In seconds of the system's uptime.
  var lastSign: Double { sign.withLock { $0 } }

  func touch() { sign.withLock { $0 = ProcessInfo.processInfo.systemUptime } }

  /// Waits while there is no room.
  func pass() {
    touch()
    if !isGone.withLock({ $0 }) { slots.wait() }
  }

  func open() { slots.signal() }

  func remove() {
    isGone.withLock { $0 = true }
    slots.signal()
  }
}
