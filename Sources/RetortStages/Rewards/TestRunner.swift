internal import Foundation
internal import OrderedCollections
internal import RetortCore

/// Runs code against tests in a server that offers `run_tests`, as `tools/python-server --tests` does. What the same code
/// came to with the same tests is remembered with the results of tools.
struct TestRunner: Sendable {
  /// What some tests came to.
  struct Found: Hashable, Sendable {
    var passed: Int
    let total: Int
    /// Of the first that failed; empty where none did.
    var report: String
  }

  static let tool = "run_tests"
  /// Characters of what is said of tests.
  static let longestReport = 2000

  private let toolbox: Toolbox
  private let lanes: Lanes
  private let server: String

  /// Errors: ``StageError`` for a program that is not to be started in the sandbox.
  init(_ tool: ToolRef, in workspace: Workspace) throws {
    let server = tool.spec.server
    if let server, case .launch = server.place, !server.isSandboxed {
      throw StageError(
        "tool: expected `sandbox: true` beside `launch:` of '\(server.name)', since it runs what a model wrote, found none",
        at: ["tool"])
    }
    toolbox = try workspace.toolbox([tool])
    self.server = tool.spec.name
    // A server answers one call after the other, and a call's time begins when it is made.
    lanes = Lanes(server?.session == .rollout ? ProcessInfo.processInfo.activeProcessorCount : 1)
  }

  /// What lists of tests came to, each list by itself; none of an empty one.
  ///
  /// - Parameter row: the digest of the row that asks, for what stands for nobody else.
  /// Errors: ``BadRow`` for tests that are none; ``StageError`` for a server that does not offer it; those of tools.
  func run(_ code: String, _ entry: String?, _ lists: [[JSON]], for row: Digest) async throws -> [Found] {
    try await lanes.run { [toolbox, server] in
      let visit = ToolVisit()
      defer { visit.end() }
      var found: [Found] = []
      for (place, tests) in lists.enumerated() where !tests.isEmpty {
        var arguments: JSON.Object = ["code": .string(code), "tests": .array(tests)]
        if let entry { arguments["entry"] = .string(entry) }
        let result = try await toolbox.call(
          AskedTool(name: Self.tool, arguments: JSON.object(arguments).text),
          at: ToolPlace(rollout: row, turn: 1, call: place + 1), in: visit)
        found.append(try Self.found(result, of: tests.count, from: server))
      }
      return found
    }
  }

  private static func found(_ result: ToolResult, of total: Int, from server: String) throws -> Found {
    switch result.fault {
    case nil: break
    // The code took all its time, ended the server, or is too long to be sent: it has passed nothing.
    case .timeout, .unreachable, .badArguments, .sessionLost:
      return Found(passed: 0, total: total, report: result.text)
    case .error: throw BadRow("bad tests", result.text)
    case .unknownTool, .tooManyCalls, .replayDiffers:
      throw StageError(
        "tool: expected a server that offers '\(Self.tool)', as `tools/python-server --tests` does, found '\(server)': "
          + result.text)
    }
    guard let said = try? JSON(parsing: result.text), let passed = said["passed"]?.int,
      said["total"]?.int == Int64(total), (0...Int64(total)).contains(passed)
    else {
      throw StageError(
        "tool: expected {\"passed\": …, \"total\": \(total), …} of '\(Self.tool)', found \(result.text.prefix(200))"
      )
    }
    return Found(passed: Int(passed), total: total, report: said["report"]?.string ?? "")
  }
}
