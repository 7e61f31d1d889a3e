import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

@Suite struct MeasurePlateauTests {
  private func answers(_ window: Int, _ scores: [JSON]) async throws -> [SetAnswer] {
    try await Bench.answers(
      of: MeasurePlateau(.init(column: "score", window: window), in: Bench.nowhere),
      to: scores.map { ["score": $0] })
  }

  @Test func theRuleOfThePaper() async throws {
    for golden in try GoldenSelfLearning.cases("asl_plateau") {
      let window = Int(try #require(golden["input"]?["window"]?.int))
      // Theirs begin with the latest.
      let scores = try #require(golden["input"]?["scores"]?.array)
      guard case .make(let row, _) = try await answers(window, scores.reversed()).first else {
        Issue.record("\(golden.text)")
        continue
      }
      let expected = golden["expected"]
      #expect(row["scores"] == .int(Int64(scores.count)))
      #expect(GoldenSelfLearning.isNear(row["long_gain"], expected?["long"]), "\(golden.text)")
      #expect(GoldenSelfLearning.isNear(row["short_gain"], expected?["short"]), "\(golden.text)")
      #expect(row["plateau"] == expected?["advance"], "\(golden.text)")
    }
  }

  @Test func rowsWithoutAScoreDoNotCount() async throws {
    #expect(
      try await answers(4, [0.5, nil]) == [
        .drop(1, reason: "no score", detail: "score: expected a number, found null"),
        .make(["scores": 1, "long_gain": nil, "short_gain": nil, "plateau": false], members: [0]),
      ])
    #expect(try await answers(4, []) == [])
    #expect(throws: StageError("window: expected 4 scores or more, found 3")) {
      try MeasurePlateau(.init(column: "score", window: 3), in: Bench.nowhere)
    }
  }
}
