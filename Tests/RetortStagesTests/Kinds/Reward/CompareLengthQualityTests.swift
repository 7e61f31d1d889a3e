import Foundation
import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

@Suite struct CompareLengthQualityTests {
  private static let model = ModelRef(ModelSpec(alias: "judge", name: "judge"))
  private static let rows: [JSON] = [
    ["group": "a", "correct": true, "length": 100], ["group": 7, "correct": 1, "length": 10],
    ["group": "a", "correct": true, "length": 200], ["group": "a", "correct": false, "length": 50],
    ["group": 7.0, "correct": 0, "length": 10.0], ["group": "a", "correct": true, "length": 200],
  ]

  @Test func scoresInterleavedGroups() async throws {
    let stage = try CompareLengthQuality(.init(), in: Bench.nowhere)
    #expect(stage.adds == ["twyn_score", "twyn_advantage"])
    let answers = try await GroupAnswers(stage, Self.rows)
    #expect(answers.column("twyn_score") == [0: 23, 2: 20, 3: -40, 5: 20, 1: 21, 4: -20])
    let advantage = try #require(answers.column("twyn_advantage")[0])
    #expect(abs(advantage - 0.74093383) < 1e-6)
    let bare = try CompareLengthQuality(.init(alpha: 5, beta: 2, anchors: false), in: Bench.nowhere)
    #expect(try await GroupAnswers(bare, Self.rows).column("twyn_score")[0] == 9)
  }

  @Test func namesWhatItCannotScore() async throws {
    let stage = try CompareLengthQuality(.init(), in: Bench.nowhere)
    let answers = try await GroupAnswers(stage, badRollouts + Self.rows)
    #expect(answers.kept.count == Self.rows.count)
    let expected =
      ["group of one", "answer unreadable", "bad correct", "bad length"] + badRolloutFates
    #expect((0..<badRollouts.count).map { answers.dropped[$0] } == expected)
  }

  @Test func takesRewardsAboveAThreshold() async throws {
    let stage = try CompareLengthQuality(.init(threshold: 0.5), in: Bench.nowhere)
    #expect(stage.reads.filter(\.required).map(\.name) == ["reward", "length", "group"])
    let answers = try await GroupAnswers(
      stage, [["group": 1, "reward": 0.5, "length": 3], ["group": 1, "reward": 0.4, "length": 3]])
    #expect(answers.column("twyn_score") == [0: 21, 1: -20])
  }

  @Test func asksAJudgeInBothOrders() async throws {
    // The judge prefers later letters; of q and r it prefers whichever comes first, so that is a tie.
    let workspace = Workspace(
      folder: URL(filePath: "/"),
      models: ScriptedProvider(chat: { request in
        let lines = request.messages[0].content.split(separator: "\n")
        let answers = lines.indices.filter { lines[$0].hasPrefix("Answer ") }.map { lines[$0 + 1] }
        if Set(answers) == ["q", "r"] { return ChatReply(text: "A") }
        return ChatReply(text: answers[0] > answers[1] ? " A." : "B")
      }))
    let stage = try CompareLengthQuality(.init(mode: .fuzzy, model: Self.model), in: workspace)
    let rows: [JSON] = [
      ["group": 1, "question": "?", "reasoning": "12345", "answer": "q"],
      ["group": 1, "question": "?", "reasoning": "123", "answer": "r"],
      ["group": 1, "question": "?", "reasoning": "1234", "answer": "z"],
    ]
    let answers = try await GroupAnswers(stage, rows)
    // q and r: the shorter has 1; z wins both, against q also by length.
    #expect(answers.column("twyn_score") == [0: -1 - 6, 1: 1 - 5, 2: 6 + 5])
    let cut =
      rows + [
        ["group": 1, "question": "?", "reasoning": "1", "answer": "zz", "finish_reason": "length"]
      ]
    #expect(try await GroupAnswers(stage, cut).column("twyn_score")[3] == -300)
    #expect(throws: StageError.self) { try CompareLengthQuality(.init(mode: .fuzzy), in: workspace) }
  }
}
