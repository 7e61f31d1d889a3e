import Testing

@testable import RetortCLI

@Suite struct PlanCommandTests {
  @Test func beforeAndAfterARun() async throws {
    let desk = try Desk()
    let before = try await desk.type("plan p.yaml").printed
    #expect(
      before.hasPrefix(
        """
        stage      done  to do  why
        questions     0  1      never run
        answers       0  3      never run
        numbers       0  ~2     waits for rows upstream
        out           0  1      waits for numbers

        """), "\(before)")
    #expect(before.contains("\ncalls       3\n"), "\(before)")
    #expect(
      before.contains("\nassumed: nothing was measured yet; a pilot tells more: --limit 20\n"), "\(before)")
    #expect(desk.calls == 0)
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
    let after = try await desk.type("plan p.yaml --max-usd 0.00001").printed
    #expect(
      after.hasPrefix(
        """
        stage      done  to do  why
        questions     1  0      done
        answers       0  3      changed: with.prompt
        numbers       0  ~3     waits for rows upstream
        out           0  1      waits for numbers

        """), "\(after)")
    #expect(after.contains("\ncalls       3\n"), "\(after)")
    #expect(after.contains("  3 older steps\n"), "\(after)")
    #expect(
      after.hasSuffix("\nmore than --max-usd 0.0000: the run will stop before its end\n"), "\(after)")
    #expect(desk.calls == 3)
  }

  /// A set that is taken group by group, before a run and after it.
  @Test func groups() async throws {
    let desk = try Desk()
    try desk.write(
      """
      stages:
        questions: { uses: read-jsonl, with: { file: questions.jsonl } }
        asked: { uses: filter, from: questions, with: { where: [{ column: question, not: "" }] } }
        distinct: { uses: deduplicate, from: asked, per: questions, with: { column: question } }

      """, to: "groups.yaml")
    try desk.write("{\"question\":\"One?\"}\n{\"question\":\"Two?\"}\n", to: "questions.jsonl")
    let rows = { (done: Bool) in
      """
      stage      done  to do  why
      questions     \(done ? "1  0      done" : "0  1      never run")
      asked         \(done ? "2  0      done" : "0  2      never run")
      distinct      \(done ? "2  0      done" : "0  2      never run")

      no calls to make
      """
    }
    try await desk.expectCommand("plan groups.yaml", prints: rows(false))
    _ = try await desk.type("run groups.yaml")
    try await desk.expectCommand("plan groups.yaml", prints: rows(true))
  }

  @Test func forPrograms() async throws {
    let desk = try Desk()
    _ = try await desk.type("run p.yaml")
    try await desk.expectCommand(
      "plan p.yaml --json",
      prints: """
        {"stages":[{"stage":"questions","done":1,"todo":0,"foreseen":0,"waits":false,"rows":3,"reason":"done","passed_over":0},{"stage":"answers","done":3,"todo":0,"foreseen":0,"waits":false,"rows":3,"reason":"done","passed_over":0},{"stage":"numbers","done":3,"todo":0,"foreseen":0,"waits":false,"rows":2,"reason":"done","passed_over":0},{"stage":"out","done":2,"todo":0,"foreseen":0,"waits":false,"rows":1,"reason":"done","passed_over":0}],"forecast":{"stages":[],"total":{"calls":{"expected":0.0,"low":0.0,"high":0.0},"usd":{"expected":0.0,"low":0.0,"high":0.0},"prompt_tokens":{"expected":0.0,"low":0.0,"high":0.0},"completion_tokens":{"expected":0.0,"low":0.0,"high":0.0}},"seconds":{"expected":0.0,"low":0.0,"high":0.0},"poles":[]}}
        """)
  }

  @Test func mistakes() async throws {
    let desk = try Desk()
    try await desk.expectCommand(
      "plan",
      says: """
        Error: Missing expected argument '<file>'
        Help:  <file>  The pipeline file.
        Usage: retort plan [<options>] <file>
          See 'retort plan --help' for more information.
        """, exits: 2)
    try await desk.expectCommand(
      "plan q.yaml", says: "q.yaml:1:1: expected a readable pipeline file, found none", exits: 2)
    try await desk.expectCommand(
      "plan p.yaml --redo answer",
      says: """
        error: expected a stage of p (questions, answers, numbers, out) after --redo, found 'answer' (did you mean 'answers'?)
        """, exits: 2)
    try await desk.expectCommand(
      "plan p.yaml --limits 3",
      says: """
        Error: Unknown option '--limits'. Did you mean '--limit'?
        Usage: retort plan [<options>] <file>
          See 'retort plan --help' for more information.
        """, exits: 2)
  }
}
