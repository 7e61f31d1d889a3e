import Foundation
import Testing

@testable import RetortCLI

@Suite struct ResumeCommandTests {
  @Test func whatFailedIsTriedAgain() async throws {
    let desk = try Desk(answer: Desk.refusing("Who are you?", times: 1))
    _ = try await desk.type("run p.yaml")
    try await desk.expectCommand(
      "resume",
      says: """
        nothing changed since run 1
        run 2
        questions: 3 done, kept 3
        answers: 3/3 done, kept 3
        numbers: 3/3 done, kept 2, dropped 1
        out: 2/2 done, kept 2
        stage      in  emitted  dropped  failed  pending  reused  rows
        questions   3        3        0       0        0       3     3
        answers     3        3        0       0        0       2     3
        numbers     3        2        1       0        0       2     2
        out         2        2        0       0        0       0     1
        in = emitted (kept) + dropped + failed + pending; rows: what came out of them
        numbers dropped: reply not matches [0-9]+ 1
        calls: 1 made, 0 remembered, 0 failed
        tokens: 12 prompt, 5 completion; USD 0.0001
        wrote out/answers.jsonl (2 rows)
        complete in 0.0 s
        """)
    #expect(desk.calls == 4)
  }

  @Test func whatChangedIsTold() async throws {
    let desk = try Desk()
    _ = try await desk.type("run p.yaml --only questions")
    try desk.write("Answer shortly: {{question}}", to: "prompts/ask.mustache")
    try await desk.expectCommand(
      "resume 1",
      says: """
        changed since run 1:
          stages.answers.with.prompt: "{{question}}" → "Answer shortly: {{question}}"
        run 2
        questions: 3 done, kept 3
        stage      in  emitted  dropped  failed  pending  reused  rows
        questions   3        3        0       0        0       3     3
        in = emitted (kept) + dropped + failed + pending; rows: what came out of them
        calls: 0 made, 0 remembered, 0 failed
        tokens: 0 prompt, 0 completion; USD 0.0000
        complete in 0.0 s
        """)
  }

  @Test func theBudgetMayBeRaised() async throws {
    let desk = try Desk()
    _ = try await desk.type("run p.yaml --max-tokens 20")
    try await desk.expectCommand(
      "resume --max-tokens 5000",
      says: """
        nothing changed since run 1
        run 2
        questions: 3 done, kept 3
        answers: 3/3 done, kept 3
        numbers: 3/3 done, kept 2, dropped 1
        out: 2/2 done, kept 2
        stage      in  emitted  dropped  failed  pending  reused  rows
        questions   3        3        0       0        0       3     3
        answers     3        3        0       0        0       0     3
        numbers     3        2        1       0        0       0     2
        out         2        2        0       0        0       0     1
        in = emitted (kept) + dropped + failed + pending; rows: what came out of them
        numbers dropped: reply not matches [0-9]+ 1
        calls: 3 made, 0 remembered, 0 failed
        tokens: 36 prompt, 15 completion; USD 0.0002
        wrote out/answers.jsonl (2 rows)
        complete in 0.0 s
        """)
  }

  @Test func mistakes() async throws {
    let desk = try Desk()
    try await desk.expectCommand(
      "resume", says: "error: expected a store at '.retort/store.sqlite', found none; name one with --store",
      exits: 2)
    _ = try await desk.type("run p.yaml")
    try await desk.expectCommand(
      "resume 9", says: "error: expected a run to resume, found none numbered 9", exits: 2)
    try await desk.expectCommand(
      "resume p.yaml",
      says: """
        Error: The value 'p.yaml' is invalid for '<run>'
        Help:  <run>  The run's number. Default: the newest that is unfinished.
        Usage: retort resume [<run>] [--max-usd <max-usd>] [--max-tokens <max-tokens>] [--retry-refused] [--store <store>] [--yes] [--json]
          See 'retort resume --help' for more information.
        """, exits: 2)
    try await desk.expectCommand(
      "resume --max-usd -1",
      says: """
        Error: Missing value for '--max-usd <max-usd>'
        Help:  --max-usd <max-usd>  Another budget in USD, for the run and all its resumes.
        Usage: retort resume [<run>] [--max-usd <max-usd>] [--max-tokens <max-tokens>] [--retry-refused] [--store <store>] [--yes] [--json]
          See 'retort resume --help' for more information.
        """, exits: 2)
    try FileManager.default.removeItem(at: desk.folder.appending(path: "p.yaml"))
    try await desk.expectCommand(
      "resume 1", says: "p.yaml:1:1: expected a readable pipeline file, found none", exits: 2)
  }

  @Test func nothingIsUnfinished() async throws {
    let desk = try Desk()
    _ = try await desk.type("run p.yaml")
    try await desk.expectCommand(
      "resume",
      says: """
        run 1 of p is complete
        nothing to go on with; `retort run FILE` does what is new
        """)
    try await desk.expectCommand(
      "runs --json --limit 1",
      prints: """
        [{"run":1,"pipeline":"p","status":"complete","started":"2026-01-01 00:00:00","seconds":0.0,"calls":3,"usd":0.000192}]
        """)
  }

  /// The finished run of the other pipeline is not taken, however new.
  @Test func anOlderRunOfAnotherPipelineIsUnfinished() async throws {
    let other =
      "stages: { texts: { uses: read-jsonl, with: { file: questions.jsonl, columns: [question] } } }"
    let desk = try Desk(["q.yaml": other], answer: Desk.refusing("Who are you?", times: 1))
    _ = try await desk.type("run p.yaml")
    _ = try await desk.type("run q.yaml")
    let said = try await desk.type("resume").said
    #expect(
      said.hasPrefix(
        """
        run 2 of q is complete
        going on with run 1 of p, unfinished (incomplete)
        nothing changed since run 1
        run 3

        """))
    #expect(said.hasSuffix("complete in 0.0 s\n"))
    #expect(desk.calls == 4)
    try await desk.expectCommand(
      "resume",
      says: """
        run 3 of p is complete
        nothing to go on with; `retort run FILE` does what is new
        """)
  }

  @Test func aRunWhoseFileIsGone() async throws {
    let desk = try Desk(answer: Desk.refusing("Who are you?"))
    try desk.write(try desk.read("p.yaml"), to: "q.yaml")
    _ = try await desk.type("run p.yaml")
    _ = try await desk.type("run q.yaml")
    try FileManager.default.removeItem(at: desk.folder.appending(path: "q.yaml"))
    let said = try await desk.type("resume").said
    #expect(
      said.hasPrefix(
        """
        run 2 of q is unfinished (incomplete), and its file is gone: q.yaml
        going on with run 1 of p, unfinished (incomplete)

        """))
    try FileManager.default.removeItem(at: desk.folder.appending(path: "p.yaml"))
    try await desk.expectCommand(
      "resume",
      says: """
        error: run 3 of p is unfinished (incomplete), and its file is gone: p.yaml
        run 2 of q is unfinished (incomplete), and its file is gone: q.yaml
        nothing to go on with; `retort run FILE` does what is new
        """, exits: 2)
  }
}
