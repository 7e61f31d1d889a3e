package import Foundation
package import Retort

/// The servers that a pipeline file asks for by `launch:`: started on first use, shared by models that name the same
/// command, and stopped at the end.
///
/// A server prints `{"base_url": …}` as its first line, when it is ready to be asked, and ends on SIGTERM. It should
/// also end when its parent does, so that a killed run leaves none behind.
package actor Launcher {
  private let folder: URL
  private let environment: [String: String]
  private var servers: [[String]: Task<Server, any Error>] = [:]

  private struct Server: Sendable {
    let process: Process
    let address: String
  }

  /// Seconds a server may take to say where it is.
  private static let patience = 120.0

  package init(folder: URL, environment: [String: String]) {
    self.folder = folder
    self.environment = environment
  }

  /// The base address of a model: its `endpoint:`, or that of the server started for it.
  ///
  /// Errors: ``ModelError`` of kind `connection` when the server cannot be started or does not say where it is.
  package func address(of model: ModelSpec) async throws -> String {
    if let endpoint = model.endpoint { return endpoint }
    guard let command = model.launch, let program = command.first else {
      throw ModelError(.connection, "expected endpoint: or launch: for model '\(model.alias)', found neither")
    }
    if let server = servers[command] { return try await server.value.address }
    let url = URL(filePath: program, relativeTo: folder).standardizedFileURL
    let arguments = Array(command.dropFirst())
    let starting = Task { [environment] in
      try await Self.start(url, arguments: arguments, environment: environment)
    }
    servers[command] = starting
    do { return try await starting.value.address } catch {
      servers[command] = nil
      throw error
    }
  }

  /// Stops every server that was started, and waits until each has ended.
  package func stop() async {
    for server in servers.values {
      guard let process = try? await server.value.process, process.isRunning else { continue }
      process.terminate()
      process.waitUntilExit()
    }
    servers = [:]
  }

  private static func start(_ url: URL, arguments: [String], environment: [String: String]) async throws
    -> Server
  {
    guard FileManager.default.isExecutableFile(atPath: url.path) else {
      throw ModelError(.connection, "expected a program to launch at '\(url.path)', found none")
    }
    let process = Process()
    let output = Pipe()
    let complaints = Pipe()
    process.executableURL = url
    process.arguments = arguments
    process.environment = environment
    process.standardOutput = output
    process.standardError = complaints
    let errors = Tail()
    complaints.fileHandleForReading.readabilityHandler = { handle in errors.add(handle.availableData) }
    do { try process.run() } catch {
      throw ModelError(.connection, "cannot start '\(url.path)': \(error.localizedDescription)")
    }
    let line = await firstLine(of: output.fileHandleForReading, within: patience)
    guard let line, let address = (try? JSON(parsing: line))?["base_url"]?.string else {
      process.terminate()
      let found = line.map { "'\($0.prefix(200))'" } ?? "none"
      throw ModelError(
        .connection,
        "expected '\(url.lastPathComponent)' to print {\"base_url\": …} as its first line, found \(found). \(errors.text)"
      )
    }
    return Server(process: process, address: address)
  }

  /// The first line a handle gives; nil at its end or when time is up.
  private static func firstLine(of handle: FileHandle, within seconds: Double) async -> String? {
    let (chunks, continuation) = AsyncStream.makeStream(of: Data.self)
    handle.readabilityHandler = { handle in
      let data = handle.availableData
      if data.isEmpty {
        handle.readabilityHandler = nil
        continuation.finish()
      } else {
        continuation.yield(data)
      }
    }
    return await withTaskGroup(of: String?.self) { group in
      group.addTask {
        var line = Data()
        for await chunk in chunks {
          line += chunk
          if let end = line.firstIndex(of: UInt8(ascii: "\n")) {
            return String(decoding: line[..<end], as: UTF8.self)
          }
          if line.count > 65_536 { return nil }
        }
        return nil
      }
      group.addTask {
        try? await Task.sleep(for: .seconds(seconds))
        return nil
      }
      let first = await group.next() ?? nil
      group.cancelAll()
      return first
    }
  }
}

/// The last words of a server, for the error message when it does not start.
private final class Tail: Sendable {
  private let lock = NSLock()
  // Read and written under `lock` only.
  nonisolated(unsafe) private var data = Data()

  func add(_ more: Data) { lock.withLock { data = Data((data + more).suffix(1000)) } }

  var text: String { lock.withLock { String(decoding: data, as: UTF8.self) } }
}
