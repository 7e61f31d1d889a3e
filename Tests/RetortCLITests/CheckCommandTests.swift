import Testing

@testable import RetortCLI

@Suite struct CheckCommandTests {
  @Test func aFileWithoutMistakes() async throws {
    let desk = try Desk()
    try await desk.expectCommand(
      "check p.yaml",
      prints: """
        p.yaml: 4 stages, 1 model, no mistake found
        note: p.yaml:2:24: the environment variable RETORT_URL goes into models.teacher.endpoint
        """)
    #expect(desk.calls == 0)
  }

  @Test func everyMistakeAtOnce() async throws {
    let desk = try Desk([
      "p.yaml": """
      stages:
        questions: { uses: read-jsonl, with: { file: question.jsonl } }
        answers: { uses: generat, from: questions }
        numbers: { uses: filter, from: answers, with: { were: [] } }

      """
    ])
    try await desk.expectCommand(
      "check p.yaml",
      says: """
        p.yaml:2:48: expected a readable file, found none at 'question.jsonl' (question.jsonl)
        p.yaml:3:20: expected a stage kind (see 'retort stages'), found 'generat' (did you mean 'generate'?)
        p.yaml:4:49: expected the key 'where', found none
        p.yaml:4:51: expected one of the keys 'where', found 'were' (did you mean 'where'?)
        """, exits: 2)
    try await desk.expectCommand(
      "check q.yaml", says: "q.yaml:1:1: expected a readable pipeline file, found none", exits: 2)
    try await desk.expectCommand(
      "check p.yaml --set",
      says: """
        Error: Missing value for '--set <set>'
        Help:  --set <set>  Set a key of the file: stages.rationale.with.samples=8.
        Usage: retort check <file> [--set <set> ...] [--store <store>] [--exports] [--endpoints]
          See 'retort check --help' for more information.
        """, exits: 2)
  }

  @Test func whatTheExportsWrote() async throws {
    let desk = try Desk()
    _ = try await desk.type("run p.yaml")
    try await desk.expectCommand(
      "check p.yaml --exports",
      prints: """
        p.yaml: 4 stages, 1 model, no mistake found
        note: p.yaml:2:24: the environment variable RETORT_URL goes into models.teacher.endpoint
        out: 2 rows, as out/answers.jsonl.manifest.json says
        """)
    try desk.write("{}\n", to: "out/answers.jsonl")
    try await desk.expectCommand(
      "check p.yaml --exports",
      prints: """
        p.yaml: 4 stages, 1 model, no mistake found
        note: p.yaml:2:24: the environment variable RETORT_URL goes into models.teacher.endpoint
        """,
      says: """
        error: out: expected 'out/answers.jsonl' with the SHA-256 d4b8d2135c17f95be9f3cc1c1816118b30da04b935664b699222f5bd3838090f, found ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356 (3 bytes); `retort run` writes it again
        """, exits: 1)
  }
}
