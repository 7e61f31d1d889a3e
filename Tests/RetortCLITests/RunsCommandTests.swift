import Testing

@testable import RetortCLI

@Suite struct RunsCommandTests {
  @Test func theNewestFirst() async throws {
    let desk = try Desk()
    _ = try await desk.type("run p.yaml")
    _ = try await desk.type("run p.yaml --max-tokens 10 --redo answers")
    try await desk.expectCommand(
      "runs",
      prints: """
        run  pipeline  status    started              seconds  calls  usd
          2  p         budget    2026-01-01 00:00:00      0.0      0       0.0
          1  p         complete  2026-01-01 00:00:00      0.0      3  0.000192
        """)
    try await desk.expectCommand(
      "runs --limit 1 --json",
      prints: """
        [{"run":2,"pipeline":"p","status":"budget","started":"2026-01-01 00:00:00","seconds":0.0,"calls":0,"usd":0.0}]
        """)
  }

  @Test func anotherStore() async throws {
    let desk = try Desk()
    _ = try await desk.type("run p.yaml --only questions --store other.sqlite")
    try await desk.expectCommand(
      "runs",
      prints: """
        run  pipeline  status    started              seconds  calls  usd
          1  p         complete  2026-01-01 00:00:00      0.0      0  0.0
        """, with: ["RETORT_STORE": "other.sqlite"])
  }

  @Test func mistakes() async throws {
    let desk = try Desk(["notes.txt": "This is no store, and long enough to be looked into.\n"])
    try await desk.expectCommand(
      "runs", says: "error: expected a store at '.retort/store.sqlite', found none; name one with --store",
      exits: 2)
    try await desk.expectCommand(
      "runs --store notes.txt",
      says: """
        error: expected a store at 'notes.txt', found a file that is no SQLite database; move it away, or name another store with --store
        """, exits: 1)
    try await desk.expectCommand(
      "runs --store notes.txt/store",
      says: """
        error: expected a store at 'notes.txt/store', found that it cannot be used (Not a directory)
        """, exits: 2)
  }
}
