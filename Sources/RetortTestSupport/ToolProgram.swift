internal import Foundation
package import RetortCore
internal import Synchronization

/// The server of tools that tests start, which misbehaves on demand.
package enum ToolProgram {
  package static let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Tests/tool-server").path
}

/// Requests in the order in which they came.
package final class HeardRequests: Sendable {
  private let state = Mutex<[HTTPRequest]>([])
  package init() {}
  package func add(_ request: HTTPRequest) { state.withLock { $0.append(request) } }
  package var all: [HTTPRequest] { state.withLock { $0 } }
}
