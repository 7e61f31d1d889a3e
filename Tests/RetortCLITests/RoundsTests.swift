import Foundation
import RetortTestSupport
import Testing

@testable import RetortCLI

/// Rounds as they are seen on a terminal: the recipe of docs/cookbook.md, with an endpoint that judges by rule.
@Suite struct RoundsTests {
  private static let files = [
    "p.yaml": """
    models:
      writer: { endpoint: "${RETORT_URL}", name: gpt, concurrency: 1, retries: 0, price: { input: 2, output: 8 } }
      judge: { endpoint: "${RETORT_URL}", name: gpt-judge, concurrency: 1, retries: 0, price: { input: 2, output: 8 } }

    stages:
      topics: { uses: read-jsonl, with: { file: topics.jsonl, columns: [topic] } }
      drafts: { uses: generate, from: topics, with: { model: writer, template: "Write about {{topic}}.", column: draft } }
      judged:
        uses: generate
        from: drafts
        with:
          model: judge
          prompt: prompts/judge.mustache
          schema: &verdict
            type: object
            properties: { score: { type: integer }, advice: { type: string } }
            required: [score, advice]
      good: { uses: filter, from: judged, with: { where: [{ column: score, min: 4 }] } }
      poor: { uses: filter, from: judged, with: { where: [{ column: score, below: 4 }] } }
      out: { uses: export-jsonl, from: [good, revise.accepted], with: { file: out/good.jsonl, columns: [topic, draft] } }
      given_up: { uses: export-jsonl, from: revise.refused.last, with: { file: out/given-up.jsonl, columns: [topic, draft] } }

    rounds:
      revise:
        max: 3
        carry: { poor: refused }
        stages:
          revised:
            uses: generate
            from: poor
            replace: true
            with: { model: writer, template: "Improve: {{draft}} ({{advice}})", column: draft }
          judged_again:
            uses: generate
            from: revised
            replace: true
            with: { model: judge, prompt: prompts/judge.mustache, schema: *verdict }
          accepted: { uses: filter, from: judged_again, with: { where: [{ column: score, min: 4 }] } }
          refused: { uses: filter, from: judged_again, with: { where: [{ column: score, below: 4 }] } }

    """,
    "prompts/judge.mustache": "Judge: {{draft}}",
    "topics.jsonl": """
    {"topic": "rain"}
    {"topic": "snow"}

    """,
  ]

  /// Each improvement adds an exclamation mark; rain is good with one, snow with four.
  private static func answer(_ prompt: String) -> StubAnswer {
    if prompt.hasPrefix("Write") { return Desk.reply(prompt.hasSuffix("rain.") ? "Rain" : "Snow") }
    let text = String(prompt.drop { $0 != " " }.dropFirst().prefix { $0 != " " })
    if prompt.hasPrefix("Improve") { return Desk.reply(text + "!") }
    let score = 3 + text.count { $0 == "!" } - (text.hasPrefix("Snow") ? 3 : 0)
    return Desk.reply("{\"score\": \(max(1, score)), \"advice\": \"louder\"}")
  }

  private func desk() throws -> Desk { try Desk(Self.files, answer: Self.answer) }

  @Test func aPlanPricesTheMostRoundsAndSaysWhatIsUnknown() async throws {
    try await desk().expectCommand("plan p.yaml", prints: "")
  }

  @Test func aRunTellsWhichRoundWasTheLast() async throws {
    let desk = try desk()
    try await desk.expectCommand("run p.yaml", says: "")
    #expect(try desk.read("out/good.jsonl") == #"{"topic":"rain","draft":"Rain!"}"# + "\n")
    #expect(try desk.read("out/given-up.jsonl") == #"{"topic":"snow","draft":"Snow!!!"}"# + "\n")
    try await desk.expectCommand("plan p.yaml --set revise.max=2", prints: "")
  }

  @Test func roundsAreShownTogetherOrOneByOne() async throws {
    let desk = try desk()
    _ = try await desk.type("run p.yaml")
    try await desk.expectCommand("show revised --json", prints: "")
    try await desk.expectCommand("show revise.revised --round 2", prints: "")
    try await desk.expectCommand("show revise", prints: "")
    try await desk.expectCommand("show revised --round 9", says: "", exits: 2)
    try await desk.expectCommand("show drafts --round 1", says: "", exits: 2)
    try await desk.expectCommand("run p.yaml --redo 'revise[2].accepted'", says: "", exits: 2)
    try await desk.expectCommand("run p.yaml --only accept", says: "", exits: 2)
  }
}
