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
  private var servers: [String: Once<Server>] = [:]
  /// Those that did not come up.
  private var failed: [String: Halt] = [:]
  private let running = Running()

  /// Seconds a server may take until it answers, from its start on; more where one call may take more.
  package static let patience = 300.0

  private static func patience(with model: ModelSpec) -> Double { max(patience, model.timeout) }

  /// What makes it wait longer.
  private static func remedy(_ model: ModelSpec) -> String {
    "; a 'timeout:' under models.\(model.alias) of more seconds than that is waited for"
  }

  private static let guardian = """
    cd "$1" && shift || exit
    setsid /bin/sh -c '"$@"; end="\(ServerVoice.farewell)$?"; echo "$end" >&2; echo "$end"' retort-launch "$@" </dev/null &
    server=$!
    trap '' INT TERM HUP
    exec >/dev/null 2>&1
    while read -r line; do :; done
    kill -TERM -$server
    for i in 1 2 3 4 5 6 7 8 9 10; do kill -0 -$server || exit 0; sleep 0.2; done
    kill -KILL -$server
    """

  private struct Server {
    let address: String
    let program: String
    let voice: ServerVoice
  }

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
  /// command share a server. Errors: ``Halt`` for `parked` when the server does not come up, or has ended.
  package func address(of model: ModelSpec) async throws -> String {
    guard let command = model.launch, !command.isEmpty else {
      return try await ModelStack.endpoint(of: model)
    }
    let name = command.joined(separator: "\u{0}")
    if let fault = failed[name] { throw fault }
    let server = servers[name] ?? Once { try await self.start(command, for: model) }
    servers[name] = server
    let running: Server
    do { running = try await server.value } catch let halt as Halt where halt.reason == .parked {
      // Whoever comes later does not wait for as long again.
      failed[name] = halt
      throw halt
    }
    if running.voice.hasFailed { throw ended(running.voice, running.program, model) }
    return running.address
  }

  /// Stops every server; returns without waiting for them to end.
  package nonisolated func stop() { running.stop() }

  private func start(_ command: [String], for model: ModelSpec) async throws -> Server {
    let program = URL(filePath: command[0], relativeTo: folder).standardizedFileURL.path
    guard FileManager.default.isExecutableFile(atPath: program) else {
      throw Halt.unready(
        "expected a program at \(program) to launch for model '\(model.alias)', found none")
    }
    // One bound for all that comes before the first answer.
    let deadline = clock.seconds + Self.patience(with: model)
    let (leash, output, errors) = (Pipe(), Pipe(), Pipe())
    let voice = ServerVoice(output.fileHandleForReading, errors: errors.fileHandleForReading)
    let ends = [leash.fileHandleForReading, output.fileHandleForWriting, errors.fileHandleForWriting]
    do {
      let guardian = try Spawn.process(
        ["/bin/sh", "-c", Self.guardian, "retort-launch", folder.path, program] + command.dropFirst(),
        environment(model), ends.map(\.fileDescriptor))
      Thread.detachNewThread { Spawn.wait(for: guardian) }
      for end in ends { try? end.close() }
    } catch {
      throw Halt.unready("expected to launch \(program) for model '\(model.alias)': \(error)")
    }
    running.add(leash.fileHandleForWriting)

    let line = try await firstLine(of: voice, program, model)
    if line.isEmpty || line.hasPrefix(ServerVoice.farewell) { await voice.settle() }
    if line.hasPrefix(ServerVoice.farewell) || line.isEmpty && voice.hasEnded {
      throw ended(voice, program, model, "before it said its address")
    }
    guard let base = (try? JSON(parsing: line))?["base_url"]?.string else {
      throw Halt.unready(
        "expected {\"base_url\": …} as the first line of \(program), found '\(redaction.words(line).prefix(200))'"
      )
    }
    try await answer(from: base, before: deadline, voice, program, model)
    return Server(address: base, program: program, voice: voice)
  }

  /// Returns once the server answers. Errors: ``Halt`` when it has ended, or takes too long.
  private func answer(
    from base: String, before deadline: Double, _ voice: ServerVoice, _ program: String, _ model: ModelSpec
  ) async throws {
    var last = ""
    while clock.seconds < deadline {
      if voice.hasFailed { throw ended(voice, program, model, "before it answered at \(base)") }
      let probe = HTTPRequest(
        method: "GET", url: HTTPCaller.url(base: base, path: "models"),
        timeout: min(5, deadline - clock.seconds), maxBody: 1 << 20)
      do {
        let response = try await transport.send(probe)
        if Self.isAnswer(response) { return }
        last = "HTTP \(response.status)" + (response.proxy.map { " through the proxy \($0)" } ?? "")
      } catch { last = "\((error as? ModelError)?.message ?? "\(error)")" }
      try await clock.sleep(0.2)
    }
    throw Halt.unready(
      "expected an answer from \(base) within \(Int(Self.patience(with: model))) seconds, got none"
        + Self.remedy(model) + (last.isEmpty ? "" : "; the last try: \(redaction.words(last))")
        + lastWords(voice))
  }

  /// A server that is loading its model answers 503, one that lists no models perhaps 501; a proxy that knows no way to
  /// it, 403 or 407.
  private static func isAnswer(_ response: HTTPResponse) -> Bool {
    (response.status < 500 || response.status == 501)
      && !(response.proxy != nil && [403, 407].contains(response.status))
  }

  private func ended(
    _ voice: ServerVoice, _ program: String, _ model: ModelSpec, _ when: String = ""
  ) -> Halt {
    let status = voice.status.map { " with status \($0)" } ?? ""
    return Halt.unready(
      "expected a server from \(program) for model '\(model.alias)', it ended\(status)"
        + (when.isEmpty ? "" : " \(when)") + lastWords(voice))
  }

  private func lastWords(_ voice: ServerVoice) -> String {
    let words = voice.lastWords(without: redaction)
    return words.isEmpty ? "" : "; its last words: \(words)"
  }

  private func firstLine(of voice: ServerVoice, _ program: String, _ model: ModelSpec) async throws -> String
  {
    try await withThrowingTaskGroup(of: String.self) { [lines = voice.output, interruption] group in
      group.addTask {
        var first = ""
        for await part in lines {
          first += part
          if first.contains("\n") || first.utf8.count > 4096 { break }
        }
        return String(first.prefix { $0 != "\n" })
      }
      group.addTask {
        let patience = Self.patience(with: model)
        try await Task.sleep(for: .seconds(patience))
        throw Halt.unready(
          "expected \(program) to say its address within \(Int(patience)) seconds, it said none"
            + Self.remedy(model))
      }
      group.addTask {
        try await interruption.requested()
        throw Halt.interrupted
      }
      defer { group.cancelAll() }
      return try await group.next() ?? ""
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
