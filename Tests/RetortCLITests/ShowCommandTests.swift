import RetortCore
import RetortTestSupport
import Testing

@testable import RetortCLI

@Suite struct ShowCommandTests {
  @Test func rowsOfAStage() async throws {
    let desk = try Desk()
    _ = try await desk.type("run p.yaml")
    try await desk.expectCommand(
      "show answers",
      prints: """
        r_d125e5fa4dc5  questions:0
          question: What is 2 + 2?
          reply: 4
        r_09dbc00969f0  questions:1
          question: What is 3 * 3?
          reply: 9
        r_e29ce424dc97  questions:2
          question: Who are you?
          reply: A teacher.
        """)
    try await desk.expectCommand(
      "show answers --limit 1",
      prints: """
        r_d125e5fa4dc5  questions:0
          question: What is 2 + 2?
          reply: 4
        """, says: "there are more; see them with --limit")
    try await desk.expectCommand(
      "show numbers --json",
      prints: """
        {"row":"r_d125e5fa4dc5","source":"questions:0","columns":{"question":"What is 2 + 2?","reply":"4"}}
        {"row":"r_09dbc00969f0","source":"questions:1","columns":{"question":"What is 3 * 3?","reply":"9"}}
        """)
  }

  @Test func aStageWithoutRowsSaysWhereTheyAre() async throws {
    let desk = try Desk(["prompts/ask.mustache": "Say nothing of {{question}}"])
    _ = try await desk.type("run p.yaml")
    try await desk.expectCommand(
      "show numbers",
      says: "numbers has no row in run 1: 3 in, 3 dropped; see `retort show --dropped numbers`")
    _ = try await desk.type("run p.yaml --only questions")
    try await desk.expectCommand("show answers", says: "answers has no row in run 2: 3 in, 3 pending")
  }

  @Test func oneRow() async throws {
    let desk = try Desk()
    _ = try await desk.type("run p.yaml")
    try await desk.expectCommand(
      "show r_e29ce424dc97",
      prints: """
        r_e29ce424dc97  questions:2  run 1: answers
        dropped by numbers: reply not matches [0-9]+: reply is "A teacher."
          question: Who are you?
          reply: A teacher.
        """)
    try await desk.expectCommand(
      "show r_e29c --json",
      prints: """
        {"row":"r_e29ce424dc97","source":"questions:2","run":1,"stages":["answers"],"ended":[{"stage":"numbers","outcome":"dropped","reason":"reply not matches [0-9]+: reply is \\"A teacher.\\""}],"columns":{"question":"Who are you?","reply":"A teacher."}}
        """)
    try await desk.expectCommand(
      "show questions:1",
      prints: """
        r_5a71147e92e5  questions:1  run 1: questions
          question: What is 3 * 3?
        """)
  }

  @Test func whatAStageDropped() async throws {
    let desk = try Desk([
      "questions.jsonl": """
      {"question": "What is 2 + 2?"}
      nothing
      {"question": "Who are you?"}
      {"question": "What are you?"}

      """
    ])
    _ = try await desk.type("run p.yaml")
    let second = """
      r_a4123f0246d3  questions:3
      dropped by numbers: reply not matches [0-9]+: reply is "A teacher."
        question: What are you?
        reply: A teacher.
      """
    let first = """
      r_e29ce424dc97  questions:2
      dropped by numbers: reply not matches [0-9]+: reply is "A teacher."
        question: Who are you?
        reply: A teacher.
      """
    try await desk.expectCommand("show --dropped numbers", prints: first + "\n" + second)
    try await desk.expectCommand(
      "show numbers --dropped --limit 1", prints: first,
      says: "1 of 2 dropped are shown; see more with --limit 2")
    let record = """
      questions:1
      dropped by questions: broken line: questions.jsonl, line 2, column 1: expected 'null', found 'nothing'
      """
    try await desk.expectCommand("show --dropped questions", prints: record)
    try await desk.expectCommand("show questions:1", prints: record)
    try await desk.expectCommand("show --dropped", prints: [record, first, second].joined(separator: "\n"))
    try await desk.expectCommand(
      "show --dropped numbers --limit 1 --json",
      prints: """
        {"stage":"numbers","row":"r_e29ce424dc97","source":"questions:2","sample":null,"reason":"reply not matches [0-9]+","detail":"reply is \\"A teacher.\\"","calls":[],"columns":{"question":"Who are you?","reply":"A teacher."}}
        """, says: "1 of 2 dropped are shown; see more with --limit 2")
    try await desk.expectCommand("show --dropped answers", says: "nothing dropped at answers in run 1")
  }

  @Test func samplesLeftOutAndFailuresTurnedIntoDrops() async throws {
    let pipeline = Desk.project["p.yaml"]?
      .replacing(
        "prompt: prompts/ask.mustache }", with: "prompt: prompts/ask.mustache, samples: 2 }, on_failure: drop"
      )
    let desk = try Desk(["p.yaml": pipeline ?? ""]) { prompt in
      prompt == "Who are you?" ? .json(#"{"error":{"message":"no"}}"#, status: 500) : Desk.reply(prompt)
    }
    _ = try await desk.type("run p.yaml")
    try await desk.expectCommand(
      "show --dropped answers",
      prints: """
        r_0603cc9ac817  questions:2
        dropped by answers: failed: server: server (HTTP 500): no
          question: Who are you?
        """)
  }

  @Test func whatFailedAtAStage() async throws {
    let desk = try Desk(answer: Desk.refusing("Who are you?"))
    _ = try await desk.type("run p.yaml")
    let row = """
      r_0603cc9ac817  questions:2
      failed at answers: server (HTTP 500): no
        question: Who are you?
      """
    try await desk.expectCommand("show --failed answers", prints: row)
    try await desk.expectCommand("show --failed", prints: row)
    try await desk.expectCommand(
      "show --failed answers --json",
      prints: """
        {"stage":"answers","row":"r_0603cc9ac817","source":"questions:2","kind":"server","message":"server (HTTP 500): no","calls":[],"columns":{"question":"Who are you?"}}
        """)
    try await desk.expectCommand(
      "show r_0603cc9ac817",
      prints: """
        r_0603cc9ac817  questions:2  run 1: questions
        failed at answers: server: server (HTTP 500): no
          question: Who are you?
        """)
    try await desk.expectCommand("show --failed numbers", says: "nothing failed at numbers in run 1")
    _ = try await desk.type("run p.yaml")
    try await desk.expectCommand("show --failed --run 1", prints: row)
  }

  @Test func aCall() async throws {
    let desk = try Desk()
    _ = try await desk.type("run p.yaml")
    let text = try await desk.type("show c_2").printed.replacing(
      /\d\.\d s, 1 attempt/, with: "0.0 s, 1 attempt")
    #expect(
      text == """
        c_2  gpt  12 tokens in, 5 out, USD 0.0001, 0.0 s, 1 attempt
        asked by answers in run 1, 2026-01-01 00:00:00 UTC
        used by answers: r_5a71147e92e5 (questions:1) in run 1
        parameters
        {"model":"gpt"}
        prompt
          user: What is 3 * 3?
        reply
        9
        raw reply
        {"model":"gpt","choices":[{"message":{"role":"assistant","content":"9"},"finish_reason":"stop"}],"usage":{"prompt_tokens":12,"completion_tokens":5}}

        """)
    let json = try await desk.type("show c_2 --json").printed.replacing(/"step":\d+/, with: "\"step\":1")
    #expect(
      json == """
        {"call":"c_2","model":"gpt","run":1,"stage":"answers","at":"2026-01-01 00:00:00","prompt_tokens":12,"completion_tokens":5,"cached_tokens":0,"usd":6.4e-05,"seconds":0.0,"attempts":1,"used_by":[{"stage":"answers","step":1,"run":1,"row":"r_5a71147e92e5","source":"questions:1","rows":1,"failure":null}],"parameters":{"model":"gpt"},"prompt":[{"role":"user","content":"What is 3 * 3?"}],"reply":"{\\"model\\":\\"gpt\\",\\"choices\\":[{\\"message\\":{\\"role\\":\\"assistant\\",\\"content\\":\\"9\\"},\\"finish_reason\\":\\"stop\\"}],\\"usage\\":{\\"prompt_tokens\\":12,\\"completion_tokens\\":5}}"}

        """)
  }

  @Test func ordersToTheTerminalAreNotPassedOn() async throws {
    let desk = try Desk(answer: { _ in Desk.reply("\u{1B}[2Jgone\r\u{202E}") })
    _ = try await desk.type("run p.yaml --limit 1")
    let typed = try await desk.type("show answers")
    #expect(typed.printed.hasSuffix("\n  reply: �[2Jgone��\n"))
  }

  /// Each pipeline of a store is found by the names of its stages.
  @Test func stagesOfSeveralPipelines() async throws {
    let desk = try Desk([
      "q.yaml":
        "stages: { texts: { uses: read-jsonl, with: { file: questions.jsonl, columns: [question] } } }",
      "s.yaml":
        "stages: { questions: { uses: read-jsonl, with: { file: more.jsonl, columns: [question] } } }",
      "more.jsonl": "{\"question\": \"Why?\"}\n",
    ])
    for file in ["p", "q", "s"] { _ = try await desk.type("run \(file).yaml") }
    try await desk.expectCommand(
      "show texts --limit 1 --json",
      prints: """
        {"row":"r_fd494cfc24c1","source":"texts:0","columns":{"question":"What is 2 + 2?"}}
        """,
      says: """
        shown: 'texts' of run 2 (q), the newest run that has it
        there are more; see them with --limit
        """)
    try await desk.expectCommand(
      "show questions",
      prints: """
        r_ed81e36eccf3  questions:0
          question: Why?
        """, says: "shown: 'questions' of run 3 (s); other pipelines have it too: --run 1 (p)")
    try await desk.expectCommand(
      "show questions --run 1 --limit 1 --json",
      prints: """
        {"row":"r_fd494cfc24c1","source":"questions:0","columns":{"question":"What is 2 + 2?"}}
        """, says: "there are more; see them with --limit")
    #expect(try await desk.type("why questions:2 numbers").printed.contains("at numbers: dropped"))
    #expect(try await desk.type("show --dropped numbers").printed.hasPrefix("r_e29ce424dc97  questions:2\n"))
    #expect(try await desk.type("trace r_d125").printed.contains("c_1   answers"))
    #expect(try await desk.type("failures numbers").said.hasSuffix("nothing failed at numbers in run 1\n"))
  }

  /// A stage comes first; the row and the call have other spellings.
  @Test func aStageNamedLikeACall() async throws {
    let desk = try Desk([
      "p.yaml": (Desk.project["p.yaml"] ?? "").replacing("answers", with: "c_1").replacing(
        "numbers", with: "r_d125")
    ])
    _ = try await desk.type("run p.yaml")
    #expect(try await desk.type("show c_1 --limit 1").printed.hasPrefix("r_d125e5fa4dc5  questions:0\n"))
    #expect(try await desk.type("show c_01").printed.hasPrefix("c_1  gpt  12 tokens in"))
    #expect(try await desk.type("show r_d125 --limit 1").printed.hasPrefix("r_d125e5fa4dc5  questions:0\n"))
    #expect(
      try await desk.type("show r_d125e").printed.hasPrefix(
        "r_d125e5fa4dc5  questions:0  run 1: c_1, r_d125\n"))
  }

  @Test func mistakes() async throws {
    let desk = try Desk()
    try await desk.expectCommand(
      "show answers",
      says: "error: expected a store at '.retort/store.sqlite', found none; name one with --store", exits: 2)
    _ = try await desk.type("run p.yaml")
    let usage = """
      Usage: retort show [<target>] [--dropped] [--failed] [--round <round>] [--store <store>] [--run <run>] [--full] [--json] [--limit <limit>]
        See 'retort show --help' for more information.
      """
    try await desk.expectCommand(
      "show",
      says:
        "Error: expected a stage, a row (r_…, or a record as questions:7) or a call (c_… or t_…), found none\n"
        + usage,
      exits: 2)
    try await desk.expectCommand(
      "show answers --dropped --failed",
      says: "Error: expected either --dropped or --failed, found both\n" + usage,
      exits: 2)
    try await desk.expectCommand(
      "show answers --limit 0", says: "Error: expected --limit of at least 1, found 0\n" + usage, exits: 2)
    try await desk.expectCommand(
      "show answer",
      says:
        "error: expected a stage of run 1 (questions, answers, numbers, out), a row (r_…, or a record as questions:7) or a call (c_… or t_…), found 'answer' (did you mean 'answers'?)",
      exits: 2)
    try await desk.expectCommand(
      "show --dropped r_d125e5fa4dc5",
      says: "error: expected a stage of run 1 (questions, answers, numbers, out), found 'r_d125e5fa4dc5'",
      exits: 2)
    try await desk.expectCommand(
      "show r_0",
      prints: """
        r_0603cc9ac817  questions:2  run 1: questions
          question: Who are you?
        r_09dbc00969f0  questions:1  run 1: answers, numbers
          question: What is 3 * 3?
          reply: 9
        """)
    try await desk.expectCommand(
      "show answers --run 7",
      says: "error: expected a run of the store, found none numbered 7; `retort runs` lists them", exits: 2)
    try await desk.expectCommand(
      "show question:1",
      says:
        "error: expected a record of a reader of run 1 (questions), found one of 'question' (did you mean 'questions'?)",
      exits: 2)
    try await desk.expectCommand(
      "show answers:1",
      says:
        "error: expected a record of a reader of run 1 (questions), found one of 'answers', which reads no records",
      exits: 2)
    try await desk.expectCommand(
      "show c_9", says: "error: expected a call of the store, which has c_1 to c_3, found none named c_9",
      exits: 2)
    _ = try await desk.type("run p.yaml --limit 1")
    try await desk.expectCommand(
      "show r_09dbc --run 2",
      says: "error: expected a row of run 2, found 'r_09dbc' in run 1 alone; see it with --run 1", exits: 2)
  }
}
