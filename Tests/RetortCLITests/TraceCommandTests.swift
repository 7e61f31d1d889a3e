import Testing

@testable import RetortCLI

@Suite struct TraceCommandTests {
  @Test func bothWays() async throws {
    let desk = try Desk()
    _ = try await desk.type("run p.yaml")
    try await desk.expectCommand(
      "trace r_d125e5fa4dc5",
      prints: """
        stage      path            row             calls  prompt_tokens  completion_tokens  usd      replies
        questions  a0.a0           r_fd494cfc24c1      0              0                  0      0.0
        answers    a0.a0.a0        r_d125e5fa4dc5      1             12                  5  6.4e-05  1
        numbers    a0.a0.a0.a0     r_d125e5fa4dc5      0              0                  0      0.0
        out        a0.a0.a0.a0.a0  r_c8ff8e3794ae      0              0                  0      0.0
        """)
    try await desk.expectCommand(
      "trace r_e29ce424dc97",
      prints: """
        stage      path      row             calls  prompt_tokens  completion_tokens  usd      replies
        questions  a0.a2     r_0603cc9ac817      0              0                  0      0.0
        answers    a0.a2.a0  r_e29ce424dc97      1             12                  5  6.4e-05  3
        r_e29ce424dc97 at numbers dropped: reply not matches [0-9]+: reply is "A teacher."
        """)
  }

  @Test func forPrograms() async throws {
    let desk = try Desk()
    _ = try await desk.type("run p.yaml --limit 1")
    try await desk.expectCommand(
      "trace r_d125e5fa4dc5 --json",
      prints: """
        [{"stage":"questions","path":"a0.a0","row":"r_fd494cfc24c1","calls":0,"prompt_tokens":0,"completion_tokens":0,"usd":0.0,"replies":null,"using":null,"ended":null},{"stage":"answers","path":"a0.a0.a0","row":"r_d125e5fa4dc5","calls":1,"prompt_tokens":12,"completion_tokens":5,"usd":6.4e-05,"replies":"1","using":null,"ended":null},{"stage":"numbers","path":"a0.a0.a0.a0","row":"r_d125e5fa4dc5","calls":0,"prompt_tokens":0,"completion_tokens":0,"usd":0.0,"replies":null,"using":null,"ended":null},{"stage":"out","path":"a0.a0.a0.a0.a0","row":"r_63e56a71ce90","calls":0,"prompt_tokens":0,"completion_tokens":0,"usd":0.0,"replies":null,"using":null,"ended":null}]
        """)
  }

  @Test func mistakes() async throws {
    let desk = try Desk()
    _ = try await desk.type("run p.yaml")
    try await desk.expectCommand(
      "trace",
      says: """
        Error: Missing expected argument '<row>'
        Help:  <row>  A row's identifier (r_…).
        Usage: retort trace <row> [--store <store>] [--run <run>] [--json]
          See 'retort trace --help' for more information.
        """, exits: 2)
    try await desk.expectCommand(
      "trace r_0",
      prints: """
        stage      path            row             calls  prompt_tokens  completion_tokens  usd      replies
        questions  a0.a1           r_5a71147e92e5      0              0                  0      0.0
        questions  a0.a2           r_0603cc9ac817      0              0                  0      0.0
        answers    a0.a1.a0        r_09dbc00969f0      1             12                  5  6.4e-05  2
        answers    a0.a2.a0        r_e29ce424dc97      1             12                  5  6.4e-05  3
        numbers    a0.a1.a0.a0     r_09dbc00969f0      0              0                  0      0.0
        out        a0.a0.a0.a0.a0  r_c8ff8e3794ae      0              0                  0      0.0
        r_e29ce424dc97 at numbers dropped: reply not matches [0-9]+: reply is "A teacher."
        """)
    try await desk.expectCommand(
      "trace answers", says: "error: expected a row of the run, found none for 'answers'", exits: 2)
  }
}
