internal import Dispatch
internal import Foundation
internal import Hummingbird
internal import NIOCore
internal import Retort

extension Viewer {
  /// Serves pages on 127.0.0.1 until Ctrl-C or SIGTERM.
  ///
  /// - Parameter port: 0 for one that is free.
  /// - Parameter ready: is told the address once it answers.
  /// Errors: ``PortInUse``.
  package func serve(port: Int, ready: @escaping @Sendable (String) -> Void) async throws {
    // The numbers of the newest run are counted before anybody waits for them.
    if let run = try await store.outline(of: nil)?.run { _ = try await figures.figures(of: run) }
    _ = try await figures.calls()
    let application = application(port: port) { ready("http://127.0.0.1:\($0)/") }
    let (signals, sender) = AsyncStream.makeStream(of: Void.self)
    let sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number)
      source.setEventHandler { sender.finish() }
      source.resume()
      return source
    }
    defer { for source in sources { source.cancel() } }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        do { try await application.run() } catch let error as IOError where error.errnoCode == EADDRINUSE {
          throw PortInUse(port: port)
        }
      }
      group.addTask { for await _ in signals {} }
      // Whichever ends first; pages under way are only read and may be given up.
      try await group.next()
      group.cancelAll()
    }
  }
}

/// Another program listens at the port.
package struct PortInUse: Error, Hashable, Sendable, CustomStringConvertible {
  package let port: Int
  package var description: String {
    "expected port \(port) of 127.0.0.1 to be free, found another program there; name another with --port, or "
      + "--port 0 for any that is free"
  }
}
