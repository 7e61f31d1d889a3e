import Foundation
import OrderedCollections
import RetortStages
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortRun

/// The shipped pipeline of Agentic Self-Learning.
@Suite struct SelfPlayTests {
  /// Its gates are those of the paper.
  @Test func theGateOfThePaper() async throws {
    let pipeline = try SelfPlayProject().pipeline()
    func filter(_ stage: String, only column: String? = nil) throws -> Filter {
      var conditions = try #require(pipeline[stage]).configured.config["where"]?.array ?? []
      if let column { conditions = conditions.filter { $0["column"]?.string == column } }
      return try Filter(
        JSON.object(["where": .array(conditions)]).decode(Filter.Config.self), in: Bench.nowhere)
    }
    let (probed, saved) = (
      try filter("play[1].gate"), try filter("play[1].accepted", only: "question")
    )
    for golden in try Self.golden("asl_gate") {
      let row: JSON = [
        "question": golden["input"]?["question"] ?? .null, "solution": golden["input"]?["answer"] ?? .null,
      ]
      let isProbed = try await Bench.fates(of: probed, for: [row]) == ["kept"]
      let isSaved = try await Bench.fates(of: saved, for: [row]) == ["kept"]
      #expect(.bool(isProbed) == golden["expected"]?["probed"], "\(golden.text)")
      #expect(.bool(isProbed && isSaved) == golden["expected"]?["saved"], "\(golden.text)")
    }
  }

  private static func golden(_ name: String) throws -> [JSON] {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "../../golden-self-learning.json")
    let list = try JSON(parsing: String(contentsOf: file, encoding: .utf8))[name]?.array ?? []
    try #require(!list.isEmpty, "\(name)")
    return list
  }

  /// Checked on known answers in each round, it is found out in the one in which it begins to lie.
  @Test func aJudgeThatLiesStopsTheRounds() async throws {
    let project = try SelfPlayProject(liesFrom: 2)
    let played = try await project.run()
    #expect(played.summary.status == .incomplete)
    #expect(
      played.failures == [
        "play[2].trusted: expected correct = true of at least 0.7 of the rows, found it of 0 of 20 (0.0)"
      ])
    #expect(try await project.query("SELECT count(*) AS n FROM written WHERE round = 2") == [["n": 0]])
    #expect(try project.rows("round-1/questions.jsonl").isEmpty == false)
    // What the first round made stands, and nothing is asked again.
    let again = try await project.run()
    #expect(again.calls == 0)
    #expect(again.failures == played.failures)

    try await expectRounds(of: project)
  }

  /// With the check turned off, the second round is played to its end.
  private func expectRounds(of project: SelfPlayProject) async throws {
    let lenient = try await project.run(set: ["rounds.play.stages.trusted.with.share=0"])
    #expect(lenient.summary.status == .complete)
    let worth = try await project.query(
      "SELECT round, topic, passes, own_rate, round(reward, 3) AS reward, accepted FROM worth ORDER BY round, topic"
    )
    let round = { (number: Int64) -> [JSON.Object] in
      [
        ("Drift (river)", 1, 0.637), ("Ingmar Szabo", 3, 0), ("Sorga (river)", 0, 0),
        ("The Clockmaker's Debt", 1, 0.637),
      ]
      .map { (topic: String, passes: Int64, reward: Double) in
        [
          "round": .int(number), "topic": .string(topic), "passes": .int(passes), "own_rate": 1.0,
          "reward": .double(reward), "accepted": .int(reward > 0 ? 1 : 0),
        ]
      }
    }
    #expect(worth == round(1) + round(2))
    #expect(
      try await project.query(
        "SELECT stage, reason, count(*) AS n FROM dropped WHERE stage LIKE '%.fresh' AND run = 3 GROUP BY 1, 2"
      )
        == [
          ["stage": "play[1].fresh", "reason": "duplicate", "n": 4],
          ["stage": "play[2].fresh", "reason": "known already", "n": 4],
        ])
    #expect(
      try await project.query("SELECT round, accuracy FROM accuracy ORDER BY round") == [
        ["round": 1, "accuracy": 1.0], ["round": 2, "accuracy": 0.0],
      ])
    // One right and one wrong answer of each question that has both, and in round 2 the known ones.
    #expect(
      try await project.query(
        "SELECT round, label_origin AS origin, label, count(*) AS n FROM judge_rows GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
      )
        == [
          ["round": 1, "origin": "judge", "label": "correct", "n": 2],
          ["round": 1, "origin": "judge", "label": "wrong", "n": 2],
          ["round": 2, "origin": "gold", "label": "correct", "n": 10],
          ["round": 2, "origin": "gold", "label": "wrong", "n": 10],
          ["round": 2, "origin": "judge", "label": "correct", "n": 2],
          ["round": 2, "origin": "judge", "label": "wrong", "n": 2],
        ])
    #expect(
      try await project.query(
        "SELECT substr(brief, instr(brief, 'another')) AS brief FROM next WHERE topic LIKE 'I%' OR topic LIKE 'S%' ORDER BY round, topic"
      )
        == [
          ["brief": "another question: about something else, and harder. Its answer is one name."],
          ["brief": "another question: about something else, and easier. Its answer is one name."],
          ["brief": "another question: harder, with one page more to look up. Its answer is one name."],
          ["brief": "another question: easier, with one page less to look up. Its answer is one name."],
        ])
    for (name, count) in [("writer", 12), ("policy", 4), ("judge", 28)] {
      #expect(try project.rows("\(name)/tools-train.jsonl").count == count, "\(name)")
    }
  }
}
