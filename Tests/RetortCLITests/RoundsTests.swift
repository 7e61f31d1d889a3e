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

  @Test func aPlanCountsAllRoundsAndSaysWhatIsUnknown() async throws {
    let plan = try await desk().type("plan p.yaml")
    #expect(plan.status == 0)
    for line in [
      "out                        0  1      waits for good, revise.accepted",
      "revise[1].revised          0  2      waits for rows upstream",
      "revise[1]                  0  1      waits for round 1",
      "revise[2].revised          0  2      unknown until round 1 has settled",
      "revise[3].refused.last     0  2      unknown until round 2 has settled",
      "rounds: counted as if all of them were played",
    ] {
      #expect(plan.printed.split(separator: "\n").contains { $0 == line }, "\(line)")
    }
  }

  @Test func roundsGoOnUntilNothingIsCarriedOrTheyAreOver() async throws {
    let desk = try desk()
    let run = try await desk.type("run p.yaml")
    #expect(run.status == 0)
    #expect(run.said.contains("calls: 12 made, 0 remembered, 0 failed\n"))
    #expect(!run.said.contains("not played"))
    #expect(try desk.read("out/good.jsonl") == #"{"topic":"rain","draft":"Rain!"}"# + "\n")
    #expect(try desk.read("out/given-up.jsonl") == #"{"topic":"snow","draft":"Snow!!!"}"# + "\n")
    let more = try await desk.type("run p.yaml --set revise.max=6")
    #expect(more.said.contains("revise[4]: the last round: no row is carried\n"))
    #expect(more.said.contains("not played: rounds 5 to 6 of revise\n"))
    #expect(more.said.contains("calls: 2 made, 0 remembered, 0 failed\n"))
    #expect(!more.said.contains("revise[5]"))
    #expect(
      try desk.read("out/good.jsonl")
        == #"{"topic":"rain","draft":"Rain!"}"# + "\n" + #"{"topic":"snow","draft":"Snow!!!!"}"# + "\n")
  }

  @Test func roundsAreShownTogetherOrOneByOne() async throws {
    let desk = try desk()
    _ = try await desk.type("run p.yaml")
    try await desk.expectCommand(
      "show revised --json",
      prints: #"""
        {"row":"r_5a40d20bfd71","source":"topics:0","columns":{"topic":"rain","draft":"Rain!","score":3,"advice":"louder"},"round":1}
        {"row":"r_615c4460b3fa","source":"topics:1","columns":{"topic":"snow","draft":"Snow!","score":1,"advice":"louder"},"round":1}
        {"row":"r_9f89b2f93f0d","source":"topics:1","columns":{"topic":"snow","draft":"Snow!!","score":1,"advice":"louder"},"round":2}
        {"row":"r_4956476c0436","source":"topics:1","columns":{"topic":"snow","draft":"Snow!!!","score":2,"advice":"louder"},"round":3}
        """#, says: "revise[1].revised:\nrevise[2].revised:\nrevise[3].revised:")
    try await desk.expectCommand(
      "show revise.revised --round 2",
      prints: """
        r_9f89b2f93f0d  topics:1
          topic: snow
          draft: Snow!!
          score: 1
          advice: louder
        """)
    try await desk.expectCommand(
      "show revise --round 1",
      prints: """
        r_3b519e5a3c4a  revise[1]:0
          because: 1 row is carried
          carried: {"poor":1}
          met: null
          goes_on: true
        """)
  }

  @Test func whatIsTypedWrongIsSaid() async throws {
    let desk = try desk()
    _ = try await desk.type("run p.yaml --limit 1")
    try await desk.expectCommand(
      "show revised --round 9", says: "error: expected a round of 'revised' (1 to 3), found 9", exits: 2)
    try await desk.expectCommand(
      "show drafts --round 1", says: "error: expected a stage inside rounds with --round, found 'drafts'",
      exits: 2)
    try await desk.expectCommand(
      "run p.yaml --redo revise[2].accepted",
      says:
        "error: expected revise.accepted after --redo, since 'filter' draws no samples and its steps are the same in every "
        + "round, found 'revise[2].accepted'", exits: 2)
    try await desk.expectCommand(
      "run p.yaml --only accept",
      says:
        "error: expected a stage of p (topics, drafts, judged, good, poor, out, given_up, revise.revised, "
        + "revise.judged_again, revise.accepted, revise.refused, revise, revise.refused.last) after --only, found 'accept'",
      exits: 2)
  }

  @Test func aRowIsFollowedThroughAllRounds() async throws {
    let desk = try desk()
    _ = try await desk.type("run p.yaml")
    let why = try await desk.type("why topics:0 accepted")
    // It was accepted in round 1, and so was not among those that the next one took.
    #expect(
      why.printed.split(separator: "\n").filter { !$0.hasPrefix(" ") } == [
        "r_d6ef1df7a89f (topics:0) at revise[1].accepted: done",
        "r_d6ef1df7a89f (topics:0) at revise[1].refused: dropped",
      ])
    let snow = try await desk.type("why topics:1 accepted")
    #expect(
      snow.printed.split(separator: "\n").filter { !$0.hasPrefix("  step") }.joined(separator: "\n") == """
        r_615c4460b3fa (topics:1) at revise[1].accepted: dropped
          score not ≥ 4.0: score is 1
        r_199719c298e2 (topics:1) at revise[2].accepted: dropped
          score not ≥ 4.0: score is 2
        r_8ad653f84b4e (topics:1) at revise[3].accepted: dropped
          score not ≥ 4.0: score is 3
        """)
  }

  @Test func theNameOfRoundsMeansAllTheirStages() async throws {
    let desk = try desk()
    let run = try await desk.type("run p.yaml --only revise")
    #expect(run.said.contains("calls: 12 made, 0 remembered, 0 failed\n"))
    #expect(!run.said.contains("out/good.jsonl"))
    let redo = try await desk.type("run p.yaml --redo revise")
    #expect(redo.said.contains("calls: 8 made, 0 remembered, 0 failed\n"))
  }

  @Test func filesOfRoundsThatAreNoLongerPlayedAreNamed() async throws {
    var files = Self.files
    files["p.yaml"]?.append(
      #"      round_out: { uses: export-jsonl, from: judged_again, with: { file: "out/{round}.jsonl" } }"#
        + "\n")
    let desk = try Desk(files, answer: Self.answer)
    _ = try await desk.type("run p.yaml")
    let less = try await desk.type("run p.yaml --set revise.max=2")
    #expect(
      less.said.contains(
        "revise[3].round_out: revise has 2 rounds now, so out/3.jsonl is still that of run 1\n"))
    #expect(!less.said.contains("out/2.jsonl is still"))
  }
}
