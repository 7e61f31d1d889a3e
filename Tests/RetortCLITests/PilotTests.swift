import Testing

@testable import RetortCLI

@Suite struct PilotTests {
  /// Examples reach the export through `using:` alone; the scale comes from the rows themselves.
  private static let files = [
    "p.yaml": """
    models:
      teacher: { endpoint: "${RETORT_URL}", name: gpt, concurrency: 1, retries: 0, price: { input: 2, output: 8 } }
    stages:
      rows: { uses: read-jsonl, with: { file: rows.jsonl, columns: [question, reward, length, group] } }
      examples: { uses: read-jsonl, with: { file: rows.jsonl, columns: [reward, length, group] } }
      scale: { uses: calibrate-group-reward, from: examples }
      answers: { uses: generate, from: rows, with: { model: teacher, template: "{{question}}" } }
      scaled:
        uses: rescale-group-reward
        from: answers
        using: { calibration: scale }
        with: { alpha: calibrate }
      out: { uses: export-jsonl, from: scaled, with: { file: out/p.jsonl } }
    """,
    "rows.jsonl": (0..<40).map {
      "{\"question\": \"Q\($0)?\", \"reward\": \(Double($0 % 5) / 4), \"length\": \(10 + $0 % 7), \"group\": \"g\($0 / 4)\"}\n"
    }.joined(),
  ]

  @Test func theWholeRunPaysForTheRestAlone() async throws {
    let desk = try Desk(Self.files)
    #expect(try await desk.type("run p.yaml --sample 10 --seed 3").status == 0)
    #expect(desk.calls == 10)
    let plan = try await desk.type("plan p.yaml").printed.replacing(#/ +/#, with: " ")
    #expect(plan.contains("answers 10 30 30 new rows"), "\(plan)")
    #expect(plan.contains("scale 40 0 done"), "\(plan)")
    #expect(try await desk.type("run p.yaml").status == 0)
    #expect(desk.calls == 40)
  }

  @Test func aResumeKeepsTheSample() async throws {
    let desk = try Desk(Self.files)
    _ = try await desk.type("run p.yaml --sample 4 --seed 3")
    _ = try await desk.type("resume")
    #expect(desk.calls == 4)
    _ = try await desk.type("run p.yaml --sample 6 --seed 3")
    #expect(desk.calls == 6)
  }

  @Test func aSetThatAPilotCutsIsNamed() async throws {
    let file = (Self.files["p.yaml"] ?? "").replacing("from: examples", with: "from: answers")
    let desk = try Desk(["p.yaml": file, "rows.jsonl": Self.files["rows.jsonl"] ?? ""])
    let said = """
      --limit cuts rows, which also reaches exports through using: (scale): the whole run makes these sets, and what uses them, anew

      """
    #expect(try await desk.type("plan p.yaml --limit 8").said == said)
    #expect(try await desk.type("run p.yaml --limit 8").said.hasPrefix(said))
    #expect(
      try await desk.type("plan p.yaml --limit 8 --only examples").said
        == "--limit cuts no source here: none leads to an export by from: alone\n")
  }

  @Test func aGrownSourceOfAFinishedJobIsTwoNewRows() async throws {
    let desk = try Desk()
    _ = try await desk.type("run p.yaml")
    try desk.write(
      try desk.read("questions.jsonl") + "{\"question\": \"What is 1?\"}\n{\"question\": \"Why?\"}\n",
      to: "questions.jsonl")
    let plan = try await desk.type("plan p.yaml").printed.replacing(#/ +/#, with: " ")
    #expect(plan.contains("answers 3 2 2 new rows"), "\(plan)")
    #expect(plan.contains("numbers 3 ~2 waits for rows upstream"), "\(plan)")
  }

  /// `high` and `fine` share their steps: what one of them keeps does not tell what the other will.
  @Test func equalStagesAreMeasuredApart() async throws {
    let row = { (number: Int, reward: Int) in "{\"question\": \"Q\(number)?\", \"reward\": \(reward)}\n" }
    let desk = try Desk([
      "p.yaml": """
      models:
        teacher: { endpoint: "${RETORT_URL}", name: gpt, concurrency: 1, retries: 0 }
      stages:
        good: { uses: read-jsonl, with: { file: good.jsonl, columns: [question, reward] } }
        fine: { uses: filter, from: good, with: { where: [{ column: reward, min: 1 }] } }
        rows: { uses: read-jsonl, with: { file: rows.jsonl, columns: [question, reward] } }
        asked: { uses: generate, from: rows, with: { model: teacher, template: "{{question}}" } }
        high: { uses: filter, from: asked, with: { where: [{ column: reward, min: 1 }] } }
        again: { uses: generate, from: high, as: { reply: more }, with: { model: teacher, template: "{{reply}}" } }
        out: { uses: export-jsonl, from: again, with: { file: out/a.jsonl } }
        kept: { uses: export-jsonl, from: fine, with: { file: out/b.jsonl } }
      """,
      "good.jsonl": (0..<20).map { row($0, 1) }.joined(), "rows.jsonl": (0..<200).map { row($0, 0) }.joined(),
    ])
    _ = try await desk.type("run p.yaml --limit 20")
    let plan = try await desk.type("plan p.yaml").printed.replacing(#/ +/#, with: " ")
    #expect(plan.contains(#/\nagain 0 ~[0-9] waits for rows upstream\n/#), "\(plan)")
  }

  @Test func whatAChangeRedoesIsNotDone() async throws {
    let desk = try Desk([
      "p.yaml": """
      models:
        teacher: { endpoint: "${RETORT_URL}", name: gpt, concurrency: 1, retries: 0 }
      stages:
        questions: { uses: read-jsonl, with: { file: questions.jsonl, columns: [question] } }
        answers: { uses: generate, from: questions, with: { model: teacher, prompt: prompts/ask.mustache } }
        once: { uses: deduplicate, from: answers, with: { column: question } }
        more: { uses: generate, from: once, as: { reply: more }, with: { model: teacher, template: "{{question}}" } }
      """
    ])
    let plan = { try await desk.type("plan p.yaml").printed.replacing(#/ +/#, with: " ") }
    _ = try await desk.type("run p.yaml")
    try desk.write(try desk.read("questions.jsonl") + "{\"question\": \"Why?\"}\n", to: "questions.jsonl")
    let grown = try await plan()
    #expect(grown.contains(#/\nmore 3 ~?1 waits for rows upstream\n/#), "\(grown)")
    try desk.write("{\"question\": \"Who?\"}\n", to: "questions.jsonl")
    let replaced = try await plan()
    #expect(replaced.contains(#/\nmore 0 ~?1 waits for rows upstream\n/#), "\(replaced)")
    try desk.write("Answer shortly: {{question}}", to: "prompts/ask.mustache")
    let changed = try await plan()
    #expect(changed.contains(#/\nmore 0 ~?1 waits for rows upstream\n/#), "\(changed)")
  }

  @Test func localStagesAreForeseen() async throws {
    let desk = try Desk([
      "q.yaml": """
      models:
        teacher: { endpoint: "${RETORT_URL}", name: gpt, concurrency: 1, retries: 0 }
      stages:
        questions: { uses: read-jsonl, with: { file: questions.jsonl, columns: [question] } }
        sums: { uses: filter, from: questions, with: { where: [{ column: question, matches: "[0-9]" }] } }
        once: { uses: deduplicate, from: sums, with: { column: question } }
        answers: { uses: generate, from: once, with: { model: teacher, template: "{{question}}" } }
      """
    ])
    let plan = try await desk.type("plan q.yaml").printed.replacing(#/ +/#, with: " ")
    #expect(plan.contains("answers 0 2 never run"), "\(plan)")
    #expect(plan.contains("calls 2\n"), "\(plan)")
    #expect(desk.calls == 0)
  }
}
