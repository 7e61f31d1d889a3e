import Testing

@testable import RetortCLI

@Suite struct GCCommandTests {
  @Test func whatNoKeptRunNeeds() async throws {
    let desk = try Desk()
    _ = try await desk.type("run p.yaml")
    try desk.write("Answer shortly: {{question}}", to: "prompts/ask.mustache")
    _ = try await desk.type("run p.yaml")
    try await desk.expectCommand(
      "gc --dry-run", prints: "would forget 0 runs, 0 steps, 0 rows, 0 replies; 0.0 MB freed")
    try await desk.expectCommand(
      "gc --keep-runs 1 --replies --dry-run --json",
      prints: """
        {"runs":1,"steps":6,"rows":3,"replies":3,"bytes":0}
        """)
    try await desk.expectCommand(
      "gc --keep-runs 1 --replies", prints: "forgot 1 runs, 6 steps, 3 rows, 3 replies; 0.0 MB freed")
    try await desk.expectCommand(
      "runs --json",
      prints: """
        [{"run":2,"pipeline":"p","status":"incomplete","started":"2026-01-01 00:00:00","seconds":0.0,"calls":3,"usd":0.000192}]
        """)
  }

  @Test func mistakes() async throws {
    let desk = try Desk()
    try await desk.expectCommand(
      "gc", says: "error: expected a store at '.retort/store.sqlite', found none; name one with --store",
      exits: 2)
    try await desk.expectCommand(
      "gc --keep-runs 0",
      says: """
        Error: expected --keep-runs of at least 1, found 0
        Usage: retort gc [--store <store>] [--keep-runs <keep-runs>] [--dry-run] [--replies] [--unusable] [--json]
          See 'retort gc --help' for more information.
        """, exits: 2)
    try await desk.expectCommand(
      "gc --unusable --replies",
      says: """
        Error: expected either --unusable or --replies, found both
        Usage: retort gc [--store <store>] [--keep-runs <keep-runs>] [--dry-run] [--replies] [--unusable] [--json]
          See 'retort gc --help' for more information.
        """, exits: 2)
  }
}
