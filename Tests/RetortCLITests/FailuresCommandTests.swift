import Testing

@testable import RetortCLI

@Suite struct FailuresCommandTests {
  @Test func groupedByStageAndMessage() async throws {
    let desk = try Desk(answer: Desk.refusing("Who are you?", "What is 2 + 2?"))
    _ = try await desk.type("run p.yaml")
    try await desk.expectCommand(
      "failures",
      prints: """
        stage    kind    rows  message                example
        answers  server     2  server (HTTP 500): no  r_0603cc9ac817
        """)
    try await desk.expectCommand(
      "failures numbers", prints: "stage  kind  rows  message  example",
      says: "nothing failed at numbers in run 1")
    try await desk.expectCommand(
      "failures --json",
      prints: """
        [{"stage":"answers","kind":"server","rows":2,"message":"server (HTTP 500): no","example":"r_0603cc9ac817"}]
        """)
  }

  @Test func none() async throws {
    let desk = try Desk()
    _ = try await desk.type("run p.yaml")
    try await desk.expectCommand(
      "failures", prints: "stage  kind  rows  message  example", says: "nothing failed in run 1")
    try await desk.expectCommand(
      "failures --run 7",
      says: "error: expected a run of the store, found none numbered 7; `retort runs` lists them", exits: 2)
    try await desk.expectCommand(
      "failures answer",
      says:
        "error: expected a stage of run 1 (questions, answers, numbers, out), found 'answer' (did you mean 'answers'?)",
      exits: 2)
    try await desk.expectCommand(
      "failures --run one",
      says: """
        Error: The value 'one' is invalid for '--run <run>'
        Help:  --run <run>  The run, by its number. Default: the newest that has what is looked for.
        Usage: retort failures [<stage>] [--store <store>] [--run <run>] [--full] [--json]
          See 'retort failures --help' for more information.
        """, exits: 2)
  }
}
