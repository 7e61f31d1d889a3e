import Testing

@testable import RetortCLI

@Suite struct WhyCommandTests {
  @Test func doneDroppedAndNotYet() async throws {
    let desk = try Desk(answer: Desk.refusing("What is 3 * 3?"))
    _ = try await desk.type("run p.yaml")
    try await desk.expectCommand(
      "why r_fd494cfc24c1 answers",
      prints: """
        r_fd494cfc24c1 (questions:0) at answers: done
          became r_d125e5fa4dc5
          step 1, made in run 1
        """)
    try await desk.expectCommand(
      "why r_e29ce424dc97 numbers",
      prints: """
        r_e29ce424dc97 (questions:2) at numbers: dropped
          reply not matches [0-9]+: reply is "A teacher."
          step 1, made in run 1
        """)
    try await desk.expectCommand(
      "why r_5a71147e92e5 answers",
      prints: """
        r_5a71147e92e5 (questions:1) at answers: failed
          server (HTTP 500): no
        retort resume 1 tries what failed, but for what was refused for good, and does what is pending
        """)
    try await desk.expectCommand(
      "why r_d125e5fa4dc5 out",
      prints: """
        r_d125e5fa4dc5 (questions:0) at out: pending
          waits for 1 failed row of answers
        retort resume 1 tries what failed, but for what was refused for good, and does what is pending
        """)
  }

  @Test func ofTheRecordThatItWasReadFrom() async throws {
    let desk = try Desk(["questions.jsonl": "{\"question\": \"Who are you?\"}\nnothing\n"])
    _ = try await desk.type("run p.yaml")
    let byName = try await desk.type("why questions:0 numbers")
    #expect(byName == (try await desk.type("why r_0603cc9ac817 numbers")))
    #expect(byName.printed.hasPrefix("r_e29ce424dc97 (questions:0) at numbers: dropped\n"))
    try await desk.expectCommand(
      "why questions:1 numbers",
      prints: """
        questions:1 at questions: dropped
          broken line: questions.jsonl, line 2, column 1: expected 'null', found 'nothing'
        """)
  }

  @Test func whatChangedSinceTheRun() async throws {
    let desk = try Desk()
    _ = try await desk.type("run p.yaml")
    try desk.write("Answer shortly: {{question}}", to: "prompts/ask.mustache")
    try await desk.expectCommand(
      "why r_fd494cfc24c1 answers",
      prints: """
        r_fd494cfc24c1 (questions:0) at answers: done
          became r_d125e5fa4dc5
          step 1, made in run 1
        changed since run 1:
          answers.with.prompt: "{{question}}" → "Answer shortly: {{question}}"
        the next run makes the step again
        """)
    try await desk.expectCommand(
      "why r_fd494cfc24c1 answers --json",
      prints: """
        {"run":1,"stage":"answers","answers":[{"row":"r_fd494cfc24c1","source":"questions:0","stage":"answers","outcome":"done","detail":"became r_d125e5fa4dc5","step":2,"made_in":1}],"changed":[{"path":"answers.with.prompt","old":"{{question}}","new":"Answer shortly: {{question}}"}]}
        """)
  }

  @Test func mistakes() async throws {
    let desk = try Desk()
    _ = try await desk.type("run p.yaml")
    try await desk.expectCommand(
      "why r_fd494cfc24c1",
      says: """
        Error: Missing expected argument '<stage>'
        Help:  <stage>  A stage's name.
        Usage: retort why <row> <stage> [--store <store>] [--run <run>] [--full] [--json]
          See 'retort why --help' for more information.
        """, exits: 2)
    try await desk.expectCommand(
      "why r_0 answers",
      prints: """
        r_5a71147e92e5 (questions:1) at answers: done
          became r_09dbc00969f0
          step 1, made in run 1
        r_0603cc9ac817 (questions:2) at answers: done
          became r_e29ce424dc97
          step 1, made in run 1
        """)
    try await desk.expectCommand(
      "why r_fd494cfc24c1 answer",
      says:
        "error: expected a stage of run 1 (questions, answers, numbers, out), found 'answer' (did you mean 'answers'?)",
      exits: 2)
    try await desk.expectCommand(
      "why r_fd494cfc24c1 answers --run 7",
      says: "error: expected a run of the store, found none numbered 7; `retort runs` lists them",
      exits: 2)
    try await desk.expectCommand(
      "why c_1 answers",
      says:
        "error: expected a row (r_…, or a record as questions:7), found a call; `retort show c_1` says which rows it was made for",
      exits: 2)
  }
}
