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

    let lenient = try await project.run(set: ["rounds.play.stages.trusted.with.share=0"])
    #expect(lenient.summary.status == .complete)
    Issue.record(
      "\(try await project.query("SELECT round, topic, passes, n, own_rate, round(reward, 3) AS reward, accepted FROM worth ORDER BY round, question"))"
    )
    Issue.record(
      "\(try await project.query("SELECT round, reason, count(*) AS n FROM dropped d WHERE stage LIKE '%fresh' OR stage LIKE '%by_judge' GROUP BY 1, 2"))"
    )
    Issue.record("\(try project.rows("judge/verl/train.jsonl").map(\.text))")
  }
}
