package import Foundation
internal import Synchronization

/// Starts the local servers that a pipeline file names under `launch:`, waits until they answer, and stops them.
///
/// The first line a server writes is `{"base_url": …}`. It runs under a small shell that holds the reading end of a
/// pipe from this process: when the pipe closes, because the run has ended or this process has died, the shell
/// stops the server and whatever the server started.
package actor Launcher {
  private let folder: URL
  private let transport: any Transport
  private let clock: any ModelClock
  private let interruption: Interruption
  private let environment: @Sendable (ModelSpec) -> [String: String]
  private let redaction: Redaction
  private var servers: [String: Once<String>] = [:]
  private let running = Running()

  /// Seconds a server may take until it answers.
  package static let patience = 300.0

  private static let guardian = """
    setsid /bin/sh -c '"$@"; echo "\(farewell)$?"' retort-launch "$@" </dev/null &
    server=$!
    trap '' INT TERM HUP
    exec >/dev/null 2>&1
    while read -r line; do :; done
    kill -TERM -$server
    for i in 1 2 3 4 5 6 7 8 9 10; do kill -0 -$server || exit 0; sleep 0.2; done
    kill -KILL -$server
    """

  /// What the shell around the server says when it has ended, before its status.
  private static let farewell = "retort-launch: ended with status "

  /// - Parameters:
  ///   - folder: what the command's first word is relative to.
  ///   - interruption: ends the waiting for a server.
  ///   - environment: the variables that a model's server is given.
  ///   - redaction: cuts keys out of what a server says.
  package init(
    folder: URL, transport: any Transport, clock: any ModelClock = SystemModelClock(),
    interruption: Interruption = Interruption(),
    environment: @escaping @Sendable (ModelSpec) -> [String: String] = { _ in
      ProcessInfo.processInfo.environment
    }, redaction: Redaction = Redaction()
  ) {
    self.folder = folder
    self.transport = transport
    self.clock = InterruptibleClock(interruption, on: clock)
    self.interruption = interruption
    self.environment = environment
    self.redaction = redaction
  }

  /// The model's address: its endpoint, or that of its server, which is started on first use. Models with the same
  /// command share a server. Errors: ``Halt`` for `parked` when the server does not come up.
  package func address(of model: ModelSpec) async throws -> String {
    guard let command = model.launch, !command.isEmpty else {
      return try await ModelStack.endpoint(of: model)
    }
    let name = command.joined(separator: "\u{0}")
    let server = servers[name] ?? Once { try await self.start(command, for: model) }
    servers[name] = server
    return try await server.value
  }

  /// Stops every server; returns without waiting for them to end.
  package nonisolated func stop() { running.stop() }

  private func start(_ command: [String], for model: ModelSpec) async throws -> String {
    let program = URL(filePath: command[0], relativeTo: folder).standardizedFileURL.path
    guard FileManager.default.isExecutableFile(atPath: program) else {
      throw Halt.unready(
        "expected a program at \(program) to launch for model '\(model.alias)', found none")
    }
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", Self.guardian, "retort-launch", program] + command.dropFirst()
    process.currentDirectoryURL = folder
    process.environment = environment(model)
    let leash = Pipe()
    let output = Pipe()
    process.standardInput = leash
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    do { try process.run() } catch {
      throw Halt.unready("expected to launch \(program) for model '\(model.alias)': \(error)")
    }
    running.add(leash.fileHandleForWriting)

    let line = try await firstLine(of: output.fileHandleForReading, program)
    if line.hasPrefix(Self.farewell) {
      let status = line.dropFirst(Self.farewell.count)
      throw Halt.unready(
        "expected a server from \(program) for model '\(model.alias)', it ended with status \(status) before it "
          + "said its address")
    }
    guard let base = (try? JSON(parsing: String(line)))?["base_url"]?.string else {
      throw Halt.unready(
        "expected {\"base_url\": …} as the first line of \(program), found '\(redaction.words(line).prefix(200))'"
      )
    }
    let deadline = clock.seconds + Self.patience
    let probe = HTTPRequest(
      method: "GET", url: HTTPCaller.url(base: base, path: "models"), timeout: 5, maxBody: 1 << 20)
    while clock.seconds < deadline {
      // A server that is loading its model answers 503.
      if let answer = try? await transport.send(probe), answer.status < 500 { return base }
      try await clock.sleep(0.2)
    }
    throw Halt.unready(
      "expected an answer from \(base) within \(Int(Self.patience)) seconds, got none")
  }

  private func firstLine(of output: FileHandle, _ program: String) async throws -> String {
    try await withThrowingTaskGroup(of: String.self) { [lines = lines(output), interruption] group in
      group.addTask {
        var first = ""
        for await part in lines {
          first += part
          if first.contains("\n") || first.utf8.count > 4096 { break }
        }
        return String(first.prefix { $0 != "\n" })
      }
      group.addTask {
        try await Task.sleep(for: .seconds(Self.patience))
        throw Halt.unready(
          "expected \(program) to say its address within \(Int(Self.patience)) seconds, it said none")
      }
      group.addTask {
        try await interruption.requested()
        throw Halt.interrupted
      }
      defer { group.cancelAll() }
      return try await group.next() ?? ""
    }
  }

  /// What the server writes, until it closes its output. Read on although nobody listens, so that it never blocks.
  private func lines(_ handle: FileHandle) -> AsyncStream<String> {
    AsyncStream { stream in
      handle.readabilityHandler = { handle in
        let data = handle.availableData
        if data.isEmpty {
          handle.readabilityHandler = nil
          stream.finish()
        } else {
          stream.yield(String(decoding: data, as: UTF8.self))
        }
      }
    }
  }
}

/// The writing ends of the servers' pipes, kept where they can be closed from anywhere.
private final class Running: Sendable {
  private let leashes = Mutex<[FileHandle]>([])

  func add(_ leash: FileHandle) { leashes.withLock { $0.append(leash) } }

  func stop() {
    leashes.withLock { leashes in
      for leash in leashes { try? leash.close() }
      leashes = []
    }
  }
}
