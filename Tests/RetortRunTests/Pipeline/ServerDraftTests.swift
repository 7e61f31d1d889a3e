import Foundation
import RetortCore
import RetortStages
import RetortTestSupport
import Testing

@testable import RetortRun

/// Servers under `tools:`, as a file says them.
@Suite struct ServerDraftTests {
  private func mistakes(_ tools: String) throws -> [String] {
    let folder = try Bench.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data("{}\n".utf8).write(to: folder.appending(path: "rows.jsonl"))
    let file = folder.appending(path: "p.yaml")
    let text = """
      models:
        m: { endpoint: "http://127.0.0.1:9/v1", name: m }
      tools:
      \(tools.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n"))
      stages:
        rows: { uses: read-jsonl, with: { file: rows.jsonl, columns: [question] } }
        out: { uses: sample-rollouts, from: rows, with: { model: m, tools: [t], samples: 1 } }

      """
    try Data(text.utf8).write(to: file)
    do {
      _ = try Pipeline.read(file, catalog: .standard, environment: ["KEY": "k-123456"])
      return []
    } catch let errors as PipelineErrors { return errors.diagnostics.map(\.message) }
  }

  @Test(
    arguments: [
      ("t: { launch: [python3, -c, pass], session: rollout, effect: pure }", nil),
      ("t: { launch: [python3, -c, pass], session: rollout, sandbox: true }", nil),
      (
        "t: { url: \"http://127.0.0.1:9/mcp\", effect: snapshot, key_env: KEY, only: [a], revision: r1, timeout: 5 }",
        nil
      ),
      (
        "t: { launch: [python3, -c, pass], session: rollout }",
        "expected the key 'effect' (pure, snapshot or effect) of a server with a session for each rollout outside the "
          + "sandbox, found none"
      ),
      (
        "t: { url: \"http://127.0.0.1:9/mcp\", sandbox: true }",
        "expected 'launch' with 'sandbox', which is for programs, found 'url'"
      ),
      (
        "t: { launch: [python3, -c, pass], key_env: KEY }",
        "expected 'url' with 'key_env', which is sent to it, found 'launch'"
      ),
      (
        "t: { launch: [python3, -c, pass], url: \"http://127.0.0.1:9\" }",
        "expected either 'launch' or 'url', found both"
      ),
      (
        "t: { launch: [python3, -c, pass], only: [] }",
        "expected at least one name, found none; leave the key out for all"
      ),
      ("t: { launch: [python3, -c, pass], only: [a, a] }", "expected each name once, found 'a' again"),
      ("t: { launch: [python3, -c, pass], timeout: 0 }", "expected seconds above 0, found 0.0"),
      (
        "t: { launch: [python3, -c, pass], only: [a] }\nu: { launch: [python3, -c, pass], only: [a] }",
        "expected tools of different names, found 'a' of 'u' and of 't'"
      ),
      (
        "t: { url: \"ftp://a\" }", "expected an address that starts with http:// or https://, found 'ftp://a'"
      ),
      (
        "t: { timeout: 1 }",
        "expected the key 'uses', a kind of tool (open-document, search), or 'launch' or 'url' for a server, found none"
      ),
    ] as [(String, String?)])
  func saysWhatIsWrong(tools: String, mistake: String?) throws {
    #expect(try mistakes(tools) == (mistake.map { [$0] } ?? []))
  }

  @Test func neitherAddressNorKeyNorTimeIsInTheIdentity() {
    let server = ToolServer(
      name: "t", place: .url("http://a/mcp"), only: ["x"], effect: .pure, revision: "r", keyEnv: "K",
      timeout: 3)
    #expect(server.stepIdentity == ["server": "t", "revision": "r", "only": ["x"]])
    #expect(server.identity == ["server": "t", "revision": "r"])
  }
}
