internal import Foundation
internal import OrderedCollections
internal import RetortCore
internal import Synchronization

/// The process that compares mathematical expressions (`tools/verify-math`, or another of its protocol): a line
/// `{"id": …, "answer": …, "reference": …}` in, a line `{"id": …, "verdict": true | false | null}` out, after a first
/// line `{"ready": true}` or `{"error": …}`. It is started when it is first asked, and ends with its input.
actor MathHelper {
  private let command: [String]
  private let folder: URL
  private var running: Running?
  private var asked = 0
  private var last: Task<Void, Never>?
  private let patience: Duration

  /// Until the helper is ready: the first time it fetches its library.
  private static let startPatience = Duration.seconds(600)

  /// - Parameters:
  ///   - command: the program, relative to `folder` or found on the `PATH`, and its arguments.
  ///   - patience: after which a comparison has no verdict and the helper is started anew.
  init(_ command: [String], folder: URL, patience: Duration = .seconds(30)) {
    self.command = command
    self.folder = folder
    self.patience = patience
  }

  /// Whether two texts say the same expression; nil where one of them is none, or comparing them takes too long.
  /// Errors: ``Halt`` that parks the run, when the helper cannot be started.
  func agree(_ answer: String, _ reference: String) async throws -> Bool? {
    // One after the other: the helper answers in the order it is asked.
    let before = last
    let task = Task { [self] in
      await before?.value
      return try await exchange(answer, reference)
    }
    last = Task { _ = await task.result }
    return try await task.value
  }

  private func exchange(_ answer: String, _ reference: String) async throws -> Bool? {
    let helper = try await started()
    asked += 1
    let request: JSON = [
      "id": .int(Int64(asked)), "answer": .string(answer), "reference": .string(reference),
    ]
    guard helper.write(request.text + "\n"), let line = await helper.line(within: patience),
      let reply = try? JSON(parsing: line), reply["id"] == .int(Int64(asked))
    else {
      helper.stop()
      running = nil
      return nil
    }
    return reply["verdict"]?.bool
  }

  private func started() async throws -> Running {
    if let running { return running }
    let helper: Running
    do { helper = try Running(command, folder: folder) } catch { throw unready("\(error)") }
    let first = await helper.line(within: Self.startPatience).flatMap { try? JSON(parsing: $0) }
    guard first?["ready"] == true else {
      helper.stop()
      throw unready(first?["error"]?.string ?? "it said nothing")
    }
    running = helper
    return helper
  }

  private func unready(_ reason: String) -> Halt {
    Halt.unready(
      "expected a helper for verifier: math from '\(command.joined(separator: " "))', found none: \(reason); "
        + "name tools/verify-math of the project under 'command', and run it with --install where there is a network"
    )
  }

  /// A started helper. Its input closes with it, which ends it.
  private final class Running: Sendable {
    private let process: Process
    private let input: FileHandle
    private let lines = Lines()

    init(_ command: [String], folder: URL) throws {
      process = Process()
      let program = command[0]
      process.executableURL = URL(filePath: "/usr/bin/env")
      let path =
        program.contains("/") ? URL(filePath: program, relativeTo: folder).standardizedFileURL.path : program
      process.arguments = [path] + command.dropFirst()
      process.currentDirectoryURL = folder
      let (toHelper, fromHelper) = (Pipe(), Pipe())
      process.standardInput = toHelper
      process.standardOutput = fromHelper
      process.standardError = FileHandle.nullDevice
      input = toHelper.fileHandleForWriting
      let lines = lines
      fromHelper.fileHandleForReading.readabilityHandler = { handle in
        let data = handle.availableData
        if data.isEmpty { handle.readabilityHandler = nil }
        lines.take(data)
      }
      try process.run()
    }

    deinit { stop() }

    /// Whether the helper took it.
    func write(_ text: String) -> Bool { (try? input.write(contentsOf: Data(text.utf8))) != nil }

    /// The next line it writes; nil where none comes in time, or it has ended.
    func line(within patience: Duration) async -> String? {
      let timer = Task {
        try await Task.sleep(for: patience)
        lines.giveUp()
      }
      defer { timer.cancel() }
      return await withCheckedContinuation { lines.wait($0) }
    }

    func stop() {
      try? input.close()
      if process.isRunning { process.terminate() }
    }
  }
}

/// The lines that a process writes, for one who waits for them.
private final class Lines: Sendable {
  private struct State {
    var bytes = Data()
    var hasEnded = false
    var waiter: CheckedContinuation<String?, Never>?
  }
  private let state = Mutex(State())

  /// - Parameter data: what was written; empty at the end.
  func take(_ data: Data) { change { if data.isEmpty { $0.hasEnded = true } else { $0.bytes.append(data) } } }
  func wait(_ waiter: CheckedContinuation<String?, Never>) { change { $0.waiter = waiter } }
  func giveUp() { change { $0.hasEnded = true } }

  private func change(_ change: (inout State) -> Void) {
    state.withLock { state in
      change(&state)
      guard let waiter = state.waiter else { return }
      if let end = state.bytes.firstIndex(of: 0x0A) {
        waiter.resume(returning: String(decoding: state.bytes[..<end], as: UTF8.self))
        state.bytes = Data(state.bytes[(end + 1)...])
      } else if state.hasEnded {
        waiter.resume(returning: nil)
      } else {
        return
      }
      state.waiter = nil
    }
  }
}
