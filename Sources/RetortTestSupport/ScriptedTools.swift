package import RetortCore
internal import Synchronization

/// A tool whose answers come from a closure; it counts its calls.
package final class ScriptedTool: Tool {
  package let offer: ToolOffer
  package let identity: JSON
  package let effect: ToolEffect
  package let timeout: Double
  private let count = Mutex(0)
  private let script: @Sendable (JSON.Object) async throws -> ToolAnswer

  /// - Parameter parameters: by default one required text, `query`.
  package convenience init(
    _ name: String = "search", effect: ToolEffect = .pure, timeout: Double = 30,
    parameters: JSON = [
      "type": "object", "properties": ["query": ["type": "string"]], "required": ["query"],
      "additionalProperties": false,
    ], _ script: @escaping @Sendable (JSON.Object) async throws -> String
  ) {
    self.init(
      name, effect: effect, timeout: timeout, parameters: parameters,
      answering: { ToolAnswer(try await script($0)) })
  }

  /// One that answers images too.
  package init(
    _ name: String, effect: ToolEffect = .pure, timeout: Double = 30, parameters: JSON,
    answering script: @escaping @Sendable (JSON.Object) async throws -> ToolAnswer
  ) {
    offer = ToolOffer(name: name, description: "Looks things up.", parameters: parameters)
    identity = ["test": .string(name)]
    self.effect = effect
    self.timeout = timeout
    self.script = script
  }

  package var calls: Int { count.withLock { $0 } }

  package func answer(_ arguments: JSON.Object) async throws -> ToolAnswer {
    count.withLock { $0 += 1 }
    return try await script(arguments)
  }

  /// As a file would have declared it.
  package var reference: ToolRef {
    ToolRef(
      ToolSpec(ToolDeclaration(name: offer.name), kind: .scripted, corpus: nil, config: [:]) { _, _ in self })
  }
}

extension ToolEntry {
  fileprivate static let scripted = ToolEntry(NoTool.self)
}

private struct NoTool: ToolKind {
  struct Config: Codable, Sendable {}
  static let name = "scripted"
  static let version = 1
  static let summary = "Answer from a test."
  static let keys: [String: String] = [:]
  let offer = ToolOffer(name: "", description: "", parameters: ["type": "object"])
  let identity = JSON.null
  let effect = ToolEffect.pure
  let timeout = 1.0

  init(_ config: Config, as declaration: ToolDeclaration, in workshop: Workshop) {}
  func answer(_ arguments: JSON.Object) async throws -> ToolAnswer { ToolAnswer("") }
}

/// Results kept in a dictionary, numbered from 1.
package final class DictionaryToolMemory: ToolMemory {
  private let state = Mutex<(results: [Digest: ToolResult], calls: [ToolCall])>(([:], []))

  package init() {}

  /// What was remembered, in order.
  package var calls: [ToolCall] { state.withLock { $0.calls } }

  /// What the calls came to, in order.
  package var results: [ToolResult] {
    state.withLock { state in state.calls.compactMap { state.results[$0.key] } }
  }

  package func recall(_ keys: [Digest]) async throws -> ToolResult? {
    state.withLock { state in
      for key in keys { if let result = state.results[key] { return result } }
      return nil
    }
  }

  package func remember(_ call: ToolCall, _ result: ToolResult) async throws -> Int64 {
    state.withLock {
      if let known = $0.results[call.key] { return known.number }
      var kept = result
      kept.number = Int64($0.calls.count + 1)
      $0.results[call.key] = kept
      $0.calls.append(call)
      return kept.number
    }
  }
}
