import Testing

@testable import RetortCLI

@Suite struct PlanCommandTests {
  @Test func beforeAndAfterARun() async throws {
    let desk = try Desk()
    try await desk.expectCommand(
      "plan p.yaml",
      prints: """
        stage      done  to do  why
        questions     0  1      never run
        answers       0  ?      waits for rows upstream
        numbers       0  ?      waits for rows upstream
        out           0  ?      waits for numbers

        stage    calls  tokens in  tokens out  USD            by
        answers  3–6    15–121     0–6144      0.0000–0.0494  assumed
        total    3–6    15–121     0–6144      0.0000–0.0494
        assumed: 1 or 2 calls a row and sample, replies of 0 to max_tokens (or 1024)
        longest: teacher 15 s–30 s, 1 at a time, 5.0 s a call (assumed)
        """)
    _ = try await desk.type("run p.yaml")
    try await desk.expectCommand(
      "plan p.yaml",
      prints: """
        stage      done  to do  why
        questions     1  0      done
        answers       3  0      done
        numbers       3  0      done
        out           2  0      done

        no calls to make
        """)
    try desk.write("Answer shortly: {{question}}", to: "prompts/ask.mustache")
    try await desk.expectCommand(
      "plan p.yaml --max-usd 0.0001",
      prints: """
        stage      done  to do  why
        questions     1  0      done
        answers       0  3      changed: with.prompt
        numbers       0  ?      waits for rows upstream
        out           0  ?      waits for numbers

        stage    calls  tokens in  tokens out  USD     by
        answers  3      36         15          0.0002  3 steps
        total    3      36         15          0.0002
        longest: teacher 0 s, 1 at a time, 0.0 s a call
        more than --max-usd 0.0001: the run will stop before its end
        """)
    #expect(desk.calls == 3)
  }

  @Test func forPrograms() async throws {
    let desk = try Desk()
    _ = try await desk.type("run p.yaml")
    try await desk.expectCommand(
      "plan p.yaml --json",
      prints: """
        {"stages":[{"stage":"questions","done":1,"todo":0,"waits":false,"rows":3,"reason":"done","passed_over":0},{"stage":"answers","done":3,"todo":0,"waits":false,"rows":3,"reason":"done","passed_over":0},{"stage":"numbers","done":3,"todo":0,"waits":false,"rows":2,"reason":"done","passed_over":0},{"stage":"out","done":2,"todo":0,"waits":false,"rows":1,"reason":"done","passed_over":0}],"forecast":{"stages":[],"total":{"calls":{"low":0.0,"high":0.0},"usd":{"low":0.0,"high":0.0},"prompt_tokens":{"low":0.0,"high":0.0},"completion_tokens":{"low":0.0,"high":0.0}},"poles":[]}}
        """)
  }

  @Test func mistakes() async throws {
    let desk = try Desk()
    try await desk.expectCommand(
      "plan",
      says: """
        Error: Missing expected argument '<file>'
        Help:  <file>  The pipeline file.
        Usage: retort plan <file> [--limit <limit>] [--sample <sample>] [--seed <seed>] [--only <only>] [--redo <redo> ...] [--set <set> ...] [--max-usd <max-usd>] [--max-tokens <max-tokens>] [--retry-refused] [--store <store>] [--json]
          See 'retort plan --help' for more information.
        """, exits: 2)
    try await desk.expectCommand(
      "plan q.yaml", says: "q.yaml:1:1: expected a readable pipeline file, found none", exits: 2)
    try await desk.expectCommand(
      "plan p.yaml --redo answer",
      says: """
        error: expected a stage of p (questions, answers, numbers, out) after --redo, found 'answer'
        """, exits: 2)
    try await desk.expectCommand(
      "plan p.yaml --limits 3",
      says: """
        Error: Unknown option '--limits'. Did you mean '--limit'?
        Usage: retort plan <file> [--limit <limit>] [--sample <sample>] [--seed <seed>] [--only <only>] [--redo <redo> ...] [--set <set> ...] [--max-usd <max-usd>] [--max-tokens <max-tokens>] [--retry-refused] [--store <store>] [--json]
          See 'retort plan --help' for more information.
        """, exits: 2)
  }
}
