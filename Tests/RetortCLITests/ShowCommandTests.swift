import Testing

@testable import RetortCLI

@Suite struct ShowCommandTests {
  @Test func rowsOfAStage() async throws {
    let desk = try Desk()
    _ = try await desk.type("run p.yaml")
    try await desk.expectCommand(
      "show answers",
      prints: """
        r_d125e5fa4dc5
          question: What is 2 + 2?
          reply: 4
        r_09dbc00969f0
          question: What is 3 * 3?
          reply: 9
        r_e29ce424dc97
          question: Who are you?
          reply: A teacher.
        """)
    try await desk.expectCommand(
      "show answers --limit 1",
      prints: """
        r_d125e5fa4dc5
          question: What is 2 + 2?
          reply: 4
        """, says: "there are more; see them with --limit")
    try await desk.expectCommand(
      "show numbers --json",
      prints: """
        {"row":"r_d125e5fa4dc5","columns":{"question":"What is 2 + 2?","reply":"4"}}
        {"row":"r_09dbc00969f0","columns":{"question":"What is 3 * 3?","reply":"9"}}
        """)
  }

  @Test func oneRow() async throws {
    let desk = try Desk()
    _ = try await desk.type("run p.yaml")
    try await desk.expectCommand(
      "show r_e29ce424dc97",
      prints: """
        r_e29ce424dc97
          question: Who are you?
          reply: A teacher.
        """)
  }

  @Test func ordersToTheTerminalAreNotPassedOn() async throws {
    let desk = try Desk(answer: { _ in Desk.reply("\u{1B}[2Jgone\r") })
    _ = try await desk.type("run p.yaml --limit 1")
    try await desk.expectCommand(
      "show answers",
      prints: """
        r_3fd924fc202a
          question: What is 2 + 2?
          reply: �[2Jgone�
        """)
  }

  @Test func mistakes() async throws {
    let desk = try Desk()
    try await desk.expectCommand(
      "show answers",
      says: "error: expected a store at '.retort/store.sqlite', found none; name one with --store", exits: 2)
    _ = try await desk.type("run p.yaml")
    try await desk.expectCommand(
      "show",
      says: """
        Error: Missing expected argument '<target>'
        Help:  <target>  A stage's name, or a row's identifier (r_…).
        Usage: retort show <target> [--store <store>] [--run <run>] [--json] [--limit <limit>]
          See 'retort show --help' for more information.
        """, exits: 2)
    try await desk.expectCommand(
      "show answer", says: "error: expected a stage or a row with rows to show, found none for 'answer'",
      exits: 2)
    try await desk.expectCommand(
      "show r_0",
      prints: """
        r_0603cc9ac817
          question: Who are you?
        r_09dbc00969f0
          question: What is 3 * 3?
          reply: 9
        """)
    try await desk.expectCommand(
      "show answers --run 7",
      says: "error: expected a stage or a row with rows to show, found none for 'answers'", exits: 2)
    try await desk.expectCommand(
      "show answers --limit 0",
      says: """
        Error: expected --limit of at least 1, found 0
        Usage: retort show <target> [--store <store>] [--run <run>] [--json] [--limit <limit>]
          See 'retort show --help' for more information.
        """, exits: 2)
  }
}
