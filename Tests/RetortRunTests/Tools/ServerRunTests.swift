import Foundation
import OrderedCollections
import RetortCore
import RetortStages
import RetortStore
import RetortTestSupport
import Testing

@testable import RetortRun

/// Rollouts whose model calls a server that is started.
@Suite struct ServerRunTests {
  private static func file(_ notes: String) -> String {
    """
    models:
      policy: { endpoint: "http://127.0.0.1:9/v1", name: p, retries: 0, price: { input: 1, output: 1 } }
    tools:
      notes: { launch: [\(ToolProgram.path), --log, calls.log\(notes)], session: rollout, effect: pure, only: [add] }
    stages:
      questions: { uses: read-jsonl, with: { file: questions.jsonl } }
      rollouts:
        uses: sample-rollouts
        from: questions
        with: { model: policy, tools: [notes], protocol: short, samples: 2, seed: 1, max_turns: 6 }
      out: { uses: export-jsonl, from: rollouts, with: { file: out/rollouts.jsonl } }

    """
  }

  private func servers(_ project: ToolProject) -> MCPServers {
    MCPServers(
      folder: project.folder, surroundings: ProgramSurroundings(["PATH": "/usr/bin:/bin"]), environment: [:],
      transport: ScriptedTransport { _, _ in throw ModelError(.unreachable, "none") }, redaction: Redaction())
  }

  /// The processes that were called, each with how often.
  private func calls(_ project: ToolProject) throws -> [Int64: Int] {
    let log = project.folder.appending(path: "calls.log")
    guard let text = try? String(contentsOf: log, encoding: .utf8) else { return [:] }
    return try text.split(separator: "\n").reduce(into: [:]) { counts, line in
      counts[try JSON(parsing: String(line)).array?.first?.int ?? 0, default: 0] += 1
    }
  }

  @Test func aFinishedRunAndItsPlanStartNoServer() async throws {
    let project = try ToolProject(Self.file(""))
    let summary = try await project.run(adding: 3, servers: servers(project))
    #expect(summary.status == .complete, "\(summary.stopped ?? "")")
    let made = try calls(project)
    // A session for each rollout at most: rollouts that were told the same share what came of it.
    #expect(made.count <= 4 && made.values.allSatisfy { $0 <= 3 } && made.values.contains(3))
    let exported = try project.exported()
    #expect(try await project.run(adding: 3, servers: NoToolServers()).status == .complete)
    let plan = try await Plan.make(project.pipeline(), store: project.store, options: .init())
    #expect(plan.stages.allSatisfy { $0.todo == 0 })
    #expect(try calls(project) == made)
    #expect(try project.exported() == exported)
  }

  @Test func whatWasCutOffGoesOnWithTheResultsThatWere() async throws {
    let whole = try ToolProject(Self.file(""))
    _ = try await whole.run(adding: 3, servers: servers(whole))
    for most in [1, 4, 7, 9, 12, 14] {
      let project = try ToolProject(Self.file(""))
      let parked = try await project.run(adding: 3, answering: most, servers: servers(project))
      #expect(parked.status != .complete)
      #expect(try await project.run(adding: 3, servers: servers(project)).status == .complete)
      #expect(project.calls == whole.calls, "after \(most)")
      #expect(try project.exported() == whole.exported())
    }
  }

  @Test func aServerThatCannotBeAskedParksTheRun() async throws {
    let project = try ToolProject(Self.file(", --fault, dies"))
    let summary = try await project.run(adding: 3, servers: servers(project))
    #expect(summary.status == .parked)
    #expect(
      summary.stopped?.contains("found none: it ended with status 1; its last words: no such luck") == true)
    #expect(project.calls == 0)
  }
}
