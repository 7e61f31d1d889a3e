import Foundation
import OrderedCollections
import RetortTestSupport
import Synchronization
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

  /// TWYN-F with member 3 malformed: the judge is asked about its pairs all the same, as the authors do.
  @Test func aMalformedMemberIsJudgedAllTheSame() async throws {
    let wins: [Set<String>: String] = [
      ["a", "b"]: "a", ["a", "d"]: "d", ["b", "c"]: "c", ["b", "d"]: "d",
    ]
    let asked = Mutex<Set<Set<String>>>([])
    let workspace = Workspace(
      folder: URL(filePath: "/"),
      models: ScriptedProvider(chat: { request in
        let lines = request.messages[0].content.split(separator: "\n").map(String.init)
        let answers = lines.indices.filter { lines[$0].hasPrefix("Answer ") }.map { lines[$0 + 1] }
        _ = asked.withLock { $0.insert(Set(answers)) }
        guard let winner = wins[Set(answers)] else { return ChatReply(text: "tie") }
        return ChatReply(text: winner == answers[0] ? "A" : "B")
      }))
    func rows(_ malformed: Set<String>) -> [JSON] {
      [("a", 120), ("b", 80), ("c", 300), ("d", 200)].map { answer, length in
        [
          "group": 1, "question": "?", "answer": .string(answer),
          "reasoning": .string(String(repeating: "w", count: length)),
          "finish_reason": malformed.contains(answer) ? "length" : "stop",
        ]
      }
    }
    func scores(_ malformed: Set<String>) async throws -> [Double] {
      let stage = try CompareLengthQuality(.init(mode: .fuzzy, model: Self.model), in: workspace)
      let found = try await GroupAnswers(stage, rows(malformed)).column("twyn_score")
      return (0..<4).compactMap { found[$0] }
    }
    #expect(try await scores([]) == [1, -15, 3, 11])
    #expect(try await scores(["d"]) == [1, -15, 3, -300])
    #expect(try await scores(["b", "d"]) == [1, -300, 3, -300])
    // Of two malformed members nothing counts, and nothing is asked.
    asked.withLock { $0 = [] }
    #expect(try await scores(["a", "b", "c", "d"]) == [-300, -300, -300, -300])
    #expect(try await scores(["a", "b", "c"]) == [-300, -300, -300, 11])
    #expect(asked.withLock { $0 } == [["a", "d"], ["b", "d"], ["c", "d"]])
    // No pair is made of one.
    asked.withLock { $0 = [] }
    let pairing = try PairLengthQuality(.init(mode: .fuzzy, model: Self.model), in: workspace)
    let texts = rows(["d"]).map {
      JSON.object(($0.object ?? [:]).merging(["completion": $0["answer"] ?? ""]) { $1 })
    }
    #expect(try await GroupAnswers(pairing, texts).made.count == 3)
    #expect(asked.withLock { $0 } == [["a", "b"], ["a", "c"], ["b", "c"]])
  }

  @Test func whatIsOverALimitIsMalformed() async throws {
    let workspace = Workspace(
      folder: URL(filePath: "/"), models: ScriptedProvider(chat: { _ in ChatReply(text: "tie") }))
    func row(_ reasoning: Int, _ answer: Int) -> JSON {
      [
        "group": 1, "question": "?", "reasoning": .string(String(repeating: "r", count: reasoning)),
        "answer": .string(String(repeating: "a", count: answer)),
      ]
    }
    // Four characters are a token: 8 of them are two, 9 are three.
    let rows = [row(8, 4), row(9, 4), row(8, 5), row(0, 4)]
    var config = LengthQualityConfig(mode: .fuzzy, model: Self.model)
    func scores(_ config: LengthQualityConfig) async throws -> [Double?] {
      let found = try await GroupAnswers(CompareLengthQuality(config, in: workspace), rows).column(
        "twyn_score")
      return rows.indices.map { found[$0] }
    }
    // Without a thought, what was said is its length: 4 here.
    #expect(try await scores(config) == [0, -3, 0, -300])
    config.reasoningLimit = 2
    #expect(try await scores(config) == [0, -300, 0, -300])
    config.answerLimit = 1
    #expect(try await scores(config) == [0, -300, -300, -300])
    for (reasoning, answer, mode) in [
      (0, nil, LengthQualityConfig.Mode.fuzzy), (nil, -1, .fuzzy), (5, nil, .verifiable),
    ] as [(Int?, Int?, LengthQualityConfig.Mode)] {
      var bad = LengthQualityConfig(mode: mode, model: mode == .fuzzy ? Self.model : nil)
      (bad.reasoningLimit, bad.answerLimit) = (reasoning, answer)
      #expect(throws: StageError.self) { try CompareLengthQuality(bad, in: workspace) }
    }
  }
}
