internal import Foundation
internal import OrderedCollections
internal import RetortCore
internal import Synchronization

/// A program of the user's that does what a library in another language does better, in a process of its own: a JSON
/// object with an `id` a line in, one with the same `id` out, after a first line `{"ready": true}` or `{"error": …}`.
/// It is started when it is first asked, and ends with its input.
actor Helper {
  private let command: [String]
  private let folder: URL
  private let patience: Duration
  private let remedy: String
  private let purpose: String
  private var running: HelperProcess?
  private var asked = 0
  private var last: Task<Void, Never>?

  /// Until the helper is ready: the first time it fetches its library.
  private static let startPatience = Duration.seconds(600)

  /// - Parameters:
  ///   - command: the program, relative to `folder` or found on the `PATH`, and its arguments.
  ///   - patience: after which a request has no answer and the helper is started anew.
  ///   - purpose: what asks for it, as a person wrote it.
  ///   - remedy: what to do where it cannot be started.
  init(_ command: [String], folder: URL, patience: Duration, purpose: String, remedy: String) {
    self.command = command
    self.folder = folder
    self.patience = patience
    self.purpose = purpose
    self.remedy = remedy
  }

  /// What it answers to a request; nil where it takes too long, ends, or says something else.
  /// Errors: ``Halt`` that parks the run, when the helper cannot be started.
  func answer(_ request: JSON.Object) async throws -> JSON? {
    // One after the other: the helper answers in the order it is asked.
    let before = last
    let task = Task { [self] in
      await before?.value
      return try await exchange(request)
    }
    last = Task { _ = await task.result }
    return try await task.value
  }

  private func exchange(_ request: JSON.Object) async throws -> JSON? {
    let helper = try await started()
    asked += 1
    let id = JSON.int(Int64(asked))
    var fields: JSON.Object = ["id": id]
    fields.merge(request) { $1 }
    guard helper.write(JSON.object(fields).text + "\n"),
      let reply = await helper.line(within: patience).flatMap({ try? JSON(parsing: $0) }), reply["id"] == id
    else {
      helper.stop()
      running = nil
      return nil
    }
    return reply
  }

  private func started() async throws -> HelperProcess {
    if let running { return running }
    let helper: HelperProcess
    do { helper = try HelperProcess(command, folder: folder) } catch { throw unready("\(error)") }
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
      "expected a helper for \(purpose) from '\(command.joined(separator: " "))', found none: \(reason); \(remedy)"
    )
  }
}

/// A started helper. Its input closes with it, which ends it.
private final class HelperProcess: Sendable {
  private let process: Process
  private let input: FileHandle
  private let lines = Lines()

  /// A helper that has ended is an error of the write to it, and not the end of the process.
  private static let ignoresBrokenPipes: Void = { _ = signal(SIGPIPE, SIG_IGN) }()

  init(_ command: [String], folder: URL) throws {
    _ = Self.ignoresBrokenPipes
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
