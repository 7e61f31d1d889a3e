import Testing

@testable import RetortCLI

@Suite struct DiffCommandTests {
  @Test func anotherPrompt() async throws {
    let desk = try Desk()
    _ = try await desk.type("run p.yaml")
    try desk.write("Answer shortly: {{question}}", to: "prompts/ask.mustache")
    _ = try await desk.type("run p.yaml")
    try await desk.expectCommand(
      "diff 1 2",
      prints: """
        configuration:
          stages.answers.with.prompt: "{{question}}" → "Answer shortly: {{question}}"
        the change of answers redid (rows of run 2): answers 3 of 3, numbers 2 of 3
        stage      in     emitted  dropped  failed  pending
        questions  3      3        0        0       0
        answers    3      3        0        0       0
        numbers    3      2 → 0    1 → 3    0       0
        out        2 → 0  2 → 0    0        0       0
        answers: 2 with other values, 0 only in 1, 0 only in 2
          questions:0  r_d125e5fa4dc5 → r_1070f4b4218e: reply
          questions:1  r_09dbc00969f0 → r_cdff3b772528: reply
        numbers: 0 with other values, 2 only in 1, 0 only in 2
          questions:0  r_d125e5fa4dc5 → none
          questions:1  r_09dbc00969f0 → none
        out: 0 with other values, 1 only in 1, 0 only in 2
          questions:0  r_c8ff8e3794ae → none
        run  status      calls  remembered  tokens in  tokens out  USD
          1  complete        3           0         36          15  0.000192
          2  incomplete      3           0         36          15  0.000192
        """)
    try await desk.expectCommand(
      "diff 1 2 --limit 0 --json",
      prints: """
        {"old":{"run":1,"status":"complete","calls":{"made":3,"remembered":0,"failed":0,"usd":0.000192,"unpriced":0,"prompt_tokens":36,"completion_tokens":15,"estimated_tokens":0}},"new":{"run":2,"status":"incomplete","calls":{"made":3,"remembered":0,"failed":0,"usd":0.000192,"unpriced":0,"prompt_tokens":36,"completion_tokens":15,"estimated_tokens":0}},"changed":[{"path":"stages.answers.with.prompt","old":"{{question}}","new":"Answer shortly: {{question}}"}],"redone":[{"by":"answers","stages":[{"stage":"answers","rows":3,"of":3},{"stage":"numbers","rows":2,"of":3}]}],"stages":[{"stage":"questions","old":{"in":3,"emitted":3,"dropped":0,"failed":0,"pending":0,"reused":0,"rows":3,"left_out":0},"new":{"in":3,"emitted":3,"dropped":0,"failed":0,"pending":0,"reused":3,"rows":3,"left_out":0},"other":0,"examples":[],"only_old":0,"only_new":0},{"stage":"answers","old":{"in":3,"emitted":3,"dropped":0,"failed":0,"pending":0,"reused":0,"rows":3,"left_out":0},"new":{"in":3,"emitted":3,"dropped":0,"failed":0,"pending":0,"reused":0,"rows":3,"left_out":0},"other":2,"examples":[],"only_old":0,"only_new":0},{"stage":"numbers","old":{"in":3,"emitted":2,"dropped":1,"failed":0,"pending":0,"reused":0,"rows":2,"left_out":0},"new":{"in":3,"emitted":0,"dropped":3,"failed":0,"pending":0,"reused":1,"rows":0,"left_out":0},"other":0,"examples":[],"only_old":2,"only_new":0},{"stage":"out","old":{"in":2,"emitted":2,"dropped":0,"failed":0,"pending":0,"reused":0,"rows":1,"left_out":0},"new":{"in":0,"emitted":0,"dropped":0,"failed":0,"pending":0,"reused":0,"rows":0,"left_out":0},"other":0,"examples":[],"only_old":1,"only_new":0}]}
        """)
  }

  @Test func linesOfAPromptAndAModelThatDiffer() async throws {
    let prompt = "You are a teacher.\nThink.\nBe kind.\nBe brief.\n\nQuestion: {{question}}\n"
    let desk = try Desk(["prompts/ask.mustache": prompt])
    _ = try await desk.type("run p.yaml")
    try desk.write(
      prompt.replacing("Think.", with: "Think twice.").replacing("Question: ", with: "Q: "),
      to: "prompts/ask.mustache")
    try desk.write(try desk.read("p.yaml").replacing("name: gpt,", with: "name: gpt-2,"), to: "p.yaml")
    _ = try await desk.type("run p.yaml")
    let lines = try await desk.type("diff 1 2").printed.split(separator: "\n").prefix(18)
    #expect(
      lines.joined(separator: "\n") == """
        configuration:
          models.teacher.name: "gpt" → "gpt-2"
          stages.answers.with.model.name: "gpt" → "gpt-2"
          stages.answers.with.prompt:
            --- run 1
            +++ run 2
            @@ -1,6 +1,6 @@
             You are a teacher.
            -Think.
            +Think twice.
             Be kind.
             Be brief.
             \("")
            -Question: {{question}}
            +Q: {{question}}
        the change of answers redid (rows of run 2): answers 3 of 3
        stage      in  emitted  dropped  failed  pending
        questions  3   3        0        0       0
        """)
  }

  @Test func nothingElse() async throws {
    let desk = try Desk()
    _ = try await desk.type("run p.yaml")
    _ = try await desk.type("run p.yaml")
    try await desk.expectCommand(
      "diff 1 2",
      prints: """
        stage      in  emitted  dropped  failed  pending
        questions  3   3        0        0       0
        answers    3   3        0        0       0
        numbers    3   2        1        0       0
        out        2   2        0        0       0
        run  status    calls  remembered  tokens in  tokens out  USD
          1  complete      3           0         36          15  0.000192
          2  complete      0           0          0           0       0.0
        """)
  }

  @Test func mistakes() async throws {
    let desk = try Desk()
    _ = try await desk.type("run p.yaml --only questions")
    try await desk.expectCommand(
      "diff 1",
      says: """
        Error: Missing expected argument '<new>'
        Help:  <new>  The later run.
        Usage: retort diff <old> <new> [--store <store>] [--limit <limit>] [--full] [--json]
          See 'retort diff --help' for more information.
        """, exits: 2)
    try await desk.expectCommand(
      "diff 1 2", says: "error: expected a run, found none numbered 2; `retort runs` lists them", exits: 2)
    try await desk.expectCommand(
      "diff 1 1 --limit -1",
      says: """
        Error: Missing value for '--limit <limit>'
        Help:  --limit <limit>  How many differing rows of each stage are shown.
        Usage: retort diff <old> <new> [--store <store>] [--limit <limit>] [--full] [--json]
          See 'retort diff --help' for more information.
        """, exits: 2)
  }
}
