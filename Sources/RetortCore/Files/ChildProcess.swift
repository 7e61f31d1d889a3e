package import Foundation
internal import Subprocess
internal import Synchronization
internal import SystemPackage

/// A program that runs beside this process, in a process group of its own.
///
/// Foundation's `Process` reads past the end of a directory's buffer when it looks for open files, and with it this process
/// ends once it has some thousand files open.
package final class ChildProcess: Sendable {
  /// How a program ended.
  package enum Status: Hashable, Sendable {
    case exited(Int32)
    case killed(signal: Int32)
  }

  private typealias Running = Execution<FileDescriptorInput, FileDescriptorOutput, FileDescriptorOutput>
  private enum Event: Sendable {
    case running(Running)
    case failed(any Error)
  }

  private let running: Running
  private let ending: Task<Status?, Never>
  private let known = Known()

  /// Starts a program. It has the three files it is given, and none of those that this process has open.
  ///
  /// - Parameters:
  ///   - program: its path.
  ///   - folder: where it starts.
  ///   - input: its standard input; with the other two closed here once it has them.
  /// Errors: `SubprocessError` where it cannot be started.
  package init(
    _ program: String, _ arguments: [String], in folder: URL, environment: [String: String],
    input: FileHandle, output: FileHandle, errors: FileHandle
  ) async throws {
    var options = PlatformOptions()
    options.processGroupID = 0
    let variables = environment.map { Array("\($0.key)=\($0.value)\0".utf8) }
    let files = try [input, output, errors].map { try Self.own($0) }
    let (events, says) = AsyncStream.makeStream(of: Event.self)
    ending = Task.detached { [options, known] in
      do {
        let result = try await run(
          .path(FilePath(program)), arguments: Arguments(arguments),
          environment: .custom(variables),
          workingDirectory: FilePath(folder.path), platformOptions: options,
          input: .fileDescriptor(files[0], closeAfterSpawningProcess: true),
          output: .fileDescriptor(files[1], closeAfterSpawningProcess: true),
          error: .fileDescriptor(files[2], closeAfterSpawningProcess: true)
        ) { execution in says.yield(.running(execution)) }
        let status: Status =
          switch result.terminationStatus {
          case .exited(let code): .exited(code)
          case .signaled(let signal): .killed(signal: signal)
          }
        known.status.withLock { $0 = status }
        return status
      } catch {
        says.yield(.failed(error))
        return nil
      }
    }
    switch await events.first(where: { _ in true }) {
    case .running(let execution): running = execution
    case .failed(let error): throw error
    case nil: throw CancellationError()
    }
  }

  /// Nil while it runs.
  package var status: Status? { known.status.withLock { $0 } }

  /// Waits until it has ended; nil where how is not known.
  package func ended() async -> Status? {
    await ending.value
  }

  /// Sends a signal to it and to what it has started, unless it has ended.
  package func signal(_ number: Int32) {
    known.status.withLock { if $0 == nil { try? running.send(signal: Signal(rawValue: number), toProcessGroup: true) } }
  }

  /// A descriptor of its own; the handle is closed.
  private static func own(_ handle: FileHandle) throws -> FileDescriptor {
    // It has no descriptor.
    if handle === FileHandle.nullDevice { return try .open("/dev/null", .readWrite) }
    defer { try? handle.close() }
    return try FileDescriptor(rawValue: handle.fileDescriptor).duplicate()
  }

  private final class Known: Sendable {
    let status = Mutex<Status?>(nil)
  }
}
