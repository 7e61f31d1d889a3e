internal import Foundation
internal import Hummingbird
internal import NIOCore
internal import RetortCore
internal import RetortReport
internal import RetortStore

extension Viewer {
  /// Serves pages on 127.0.0.1 until its task is cancelled or the process ends.
  ///
  /// - Parameter port: 0 for one that is free.
  /// - Parameter ready: is told the address once it answers.
  /// Errors: ``PortInUse``.
  package func serve(port: Int, ready: @escaping @Sendable (String) -> Void) async throws {
    // The numbers of the newest run are counted before anybody waits for them.
    if let run = try await store.inspector.outline(of: nil)?.run { _ = try await figures.figures(of: run) }
    _ = try await figures.calls()
    let application = application(port: port) { ready("http://127.0.0.1:\($0)/") }
    do { try await application.run() } catch let error as IOError where error.errnoCode == EADDRINUSE {
      throw PortInUse(port: port)
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
