import Testing

@testable import RetortCLI

@Suite struct TraceCommandTests {
  @Test func bothWays() async throws {
    let desk = try Desk()
    _ = try await desk.type("run p.yaml")
    try await desk.expectCommand(
      "trace r_d125e5fa4dc5",
      prints: """
        stage      row             source       calls
        questions  r_fd494cfc24c1  questions:0
        answers    r_d125e5fa4dc5  questions:0  c_1
        numbers    r_d125e5fa4dc5  questions:0
        out        r_c8ff8e3794ae  questions:0

        call  stage    model  tokens in  tokens out  USD
        c_1   answers  gpt           12           5  0.0001
        """)
    try await desk.expectCommand(
      "trace r_e29ce424dc97",
      prints: """
        stage      row             source       calls
        questions  r_0603cc9ac817  questions:2
        answers    r_e29ce424dc97  questions:2  c_3
        r_e29ce424dc97 at numbers dropped: reply not matches [0-9]+: reply is "A teacher."

        call  stage    model  tokens in  tokens out  USD
        c_3   answers  gpt           12           5  0.0001
        """)
  }

  @Test func byTheRecordItWasReadFrom() async throws {
    let desk = try Desk(["questions.jsonl": "{\"question\": \"What is 2 + 2?\"}\nnothing\n"])
    _ = try await desk.type("run p.yaml")
    let byName = try await desk.type("trace questions:0")
    #expect(byName == (try await desk.type("trace r_d125e5fa4dc5")))
    try await desk.expectCommand(
      "trace questions:1",
      prints:
        "questions:1 became no row: broken line: questions.jsonl, line 2, column 1: expected 'null', found 'nothing'"
    )
  }

  @Test func forPrograms() async throws {
    let desk = try Desk()
    _ = try await desk.type("run p.yaml --limit 1")
    try await desk.expectCommand(
      "trace r_d125e5fa4dc5 --json",
      prints: """
        [{"stage":"questions","path":"a0.a0","row":"r_fd494cfc24c1","source":"questions:0","calls":0,"prompt_tokens":0,"completion_tokens":0,"usd":0.0,"replies":null,"using":null,"ended":null,"made_by":[]},{"stage":"answers","path":"a0.a0.a0","row":"r_d125e5fa4dc5","source":"questions:0","calls":1,"prompt_tokens":12,"completion_tokens":5,"usd":6.4e-05,"replies":"1","using":null,"ended":null,"made_by":[{"call":"c_1","stage":"answers","model":"gpt","usd":6.4e-05,"seconds":0.0,"prompt_tokens":12,"completion_tokens":5}]},{"stage":"numbers","path":"a0.a0.a0.a0","row":"r_d125e5fa4dc5","source":"questions:0","calls":0,"prompt_tokens":0,"completion_tokens":0,"usd":0.0,"replies":null,"using":null,"ended":null,"made_by":[]},{"stage":"out","path":"a0.a0.a0.a0.a0","row":"r_63e56a71ce90","source":"questions:0","calls":0,"prompt_tokens":0,"completion_tokens":0,"usd":0.0,"replies":null,"using":null,"ended":null,"made_by":[]}]
        """)
  }

  @Test func mistakes() async throws {
    let desk = try Desk()
    _ = try await desk.type("run p.yaml")
    try await desk.expectCommand(
      "trace",
      says: """
        Error: Missing expected argument '<row>'
        Help:  <row>  A row: its identifier (r_…), or the record it was read from (questions:7).
        Usage: retort trace <row> [--store <store>] [--run <run>] [--full] [--json]
          See 'retort trace --help' for more information.
        """, exits: 2)
    try await desk.expectCommand(
      "trace r_0",
      prints: """
        stage      row             source       calls
        questions  r_5a71147e92e5  questions:1
        questions  r_0603cc9ac817  questions:2
        answers    r_09dbc00969f0  questions:1  c_2
        answers    r_e29ce424dc97  questions:2  c_3
        numbers    r_09dbc00969f0  questions:1
        out        r_c8ff8e3794ae  questions:0
        r_e29ce424dc97 at numbers dropped: reply not matches [0-9]+: reply is "A teacher."

        call  stage    model  tokens in  tokens out  USD
        c_2   answers  gpt           12           5  0.0001
        c_3   answers  gpt           12           5  0.0001
        all                          24          10  0.0001
        """)
    try await desk.expectCommand(
      "trace answers",
      says:
        "error: expected a row (r_…, or a record as questions:7), found the stage 'answers'; `retort show answers` has its rows",
      exits: 2)
    try await desk.expectCommand(
      "trace c_1",
      says:
        "error: expected a row (r_…, or a record as questions:7), found a call; `retort show c_1` says which rows it was made for",
      exits: 2)
    try await desk.expectCommand(
      "trace r_d125f",
      says:
        "error: expected a row of the store, found none that begins with 'r_d125f'; the nearest is r_d125e5fa4dc5",
      exits: 2)
    try await desk.expectCommand(
      "trace questions:3",
      says: "error: expected a record of 'questions', which has 0 to 2 in run 1, found 'questions:3'",
      exits: 2)
  }
}
