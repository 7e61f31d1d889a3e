import Foundation
import RetortTestSupport
import Testing

@testable import RetortCLI

/// Rows that a person looks at between two runs.
@Suite struct ReviewTests {
  private static let pipeline = """
    models:
      teacher: { endpoint: "${RETORT_URL}", name: gpt, concurrency: 1, retries: 0, price: { input: 2, output: 8 } }

    stages:
      questions: { uses: read-jsonl, with: { file: questions.jsonl, columns: [question] } }
      answers: { uses: generate, from: questions, with: { model: teacher, template: "{{question}}" } }
      to_review: { uses: export-review, from: answers, with: { file: review.csv, columns: [question, reply] } }
      reviewed:
        uses: read-review
        from: answers
        using: { review: to_review }
        with: { file: reviewed.csv, edit: [reply] }
      again: { uses: generate, from: reviewed, with: { model: teacher, template: "{{reply}}", column: more } }
      out: { uses: export-jsonl, from: again, with: { file: out.jsonl, columns: [question, reply, verdict, reviewer] } }

    """

  private let desk: Desk

  init() throws { desk = try Desk(["p.yaml": Self.pipeline]) }

  /// The last lines of what a command said.
  private func end(_ line: String, _ count: Int = 3) async throws -> (lines: [String], status: Int32) {
    let typed = try await desk.type(line)
    return (Array(typed.said.split(separator: "\n").map(String.init).suffix(count)), typed.status)
  }

  /// Saves the export with semicolons, and with what the person says of each question.
  private func save(_ verdicts: [String: (verdict: String, reply: String)]) throws {
    let lines = try desk.read("review.csv").split(separator: "\r\n").map { line in
      var fields = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      if let said = verdicts[fields[3]] {
        (fields[1], fields[4], fields[5]) = (said.verdict, said.reply, "Ann")
      }
      return fields.joined(separator: ";")
    }
    try desk.write(lines.joined(separator: "\r\n") + "\r\n", to: "reviewed.csv")
  }

  @Test func rowsWaitForTheirVerdicts() async throws {
    let first = try await end("run p.yaml")
    #expect(first.status == 6)
    #expect(
      first.lines == [
        "waiting in 0.0 s",
        "stopped: 3 rows of reviewed wait for 'reviewed.csv', which is not there yet",
        "go on with: retort resume 1",
      ])
    #expect(desk.calls == 3)

    try save(["What is 2 + 2?": ("accept", "4"), "Who are you?": ("reject", "A teacher.")])
    let second = try await end("resume")
    #expect(second.status == 6)
    #expect(second.lines[1] == "stopped: 1 row of reviewed waits for a verdict in 'reviewed.csv'")
    // What was accepted has gone on.
    #expect(desk.calls == 4)
    let why = try await desk.type("why questions:1 reviewed")
    #expect(why.printed.contains("at reviewed: pending\n  waits for an answer from outside, as a person's\n"))
    #expect(try await desk.type("runs").printed.contains("  2  p         waiting "))

    try save([
      "What is 2 + 2?": ("accept", "4"), "What is 3 * 3?": ("edit", "nine"),
      "Who are you?": ("reject", "A teacher."),
    ])
    let third = try await end("resume")
    #expect(third.status == 0)
    #expect(desk.calls == 5)
    #expect(
      try desk.read("out.jsonl") == """
        {"question":"What is 2 + 2?","reply":"4","verdict":"accept","reviewer":"Ann"}
        {"question":"What is 3 * 3?","reply":"nine","verdict":"edit","reviewer":"Ann"}

        """)
    let trace = try await desk.type("trace questions:1")
    #expect(trace.printed.contains("\nanswers ") && trace.printed.contains("\nreviewed "))
    #expect(
      try await desk.type("why questions:2 reviewed").printed.contains(
        "at reviewed: dropped\n  rejected: Ann\n"))
  }

  @Test func anExportThatWasEditedIsLeftAlone() async throws {
    _ = try await desk.type("run p.yaml")
    let edited = try desk.read("review.csv").replacing(",,,What", with: ",accept,,What")
    try desk.write(edited, to: "review.csv")
    #expect(try await end("run p.yaml").status == 6)
    #expect(try desk.read("review.csv") == edited)

    try desk.write(try desk.read("questions.jsonl") + "{\"question\": \"Why?\"}\n", to: "questions.jsonl")
    let changed = try await desk.type("run p.yaml")
    #expect(changed.status == 3)
    #expect(
      changed.said.contains(
        "expected 'review.csv' as retort wrote it, since its rows are others now; found that it was edited: move it to "
          + "another name, which read-review can read, and run again"))
    #expect(try desk.read("review.csv") == edited)
  }

  @Test func whatCannotBeTakenFailsItsRowAlone() async throws {
    _ = try await desk.type("run p.yaml")
    try save(["What is 2 + 2?": ("fine", "4"), "Who are you?": ("accept", "A teacher.")])
    let typed = try await desk.type("run p.yaml")
    #expect(typed.status == 6)
    #expect(
      typed.said.contains(
        "reviewed: failed: reviewed.csv, line 2: expected accept, reject or edit under 'verdict', found 'fine'"
      ))
    #expect(typed.said.contains("reviewed    3        1        0       1        1"))
    #expect(
      typed.said.hasSuffix(
        "failed, too: 1 row of reviewed; why: retort failures --run 1\ngo on with: retort resume 1\n"
      )
        || typed.said.contains(
          "failed, too: 1 row of reviewed; why: retort failures --run 2\ngo on with: retort resume 2"),
      "\(typed.said)")
  }

  @Test func theCopyNeedsANameOfItsOwn() async throws {
    try desk.write(Self.pipeline.replacing("reviewed.csv", with: "review.csv"), to: "p.yaml")
    try desk.write("row,verdict\n", to: "review.csv")
    let typed = try await desk.type("check p.yaml")
    #expect(typed.status == 2)
    #expect(typed.said.contains("which 'reviewed' reads"))
  }
}
