import Foundation
import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

/// What a set stage answered, by row.
private struct Answers {
  var kept: [Int: JSON.Object] = [:]
  var dropped: [Int: String] = [:]
  var made: [JSON.Object] = []
  var members: [[Int]] = []
  var consumed: [Int] = []

  init<S: SetStage>(_ stage: S, _ rows: [JSON]) async throws {
    for answer in try await Bench.answers(of: stage, to: rows) {
      switch answer {
      case .keep(let row, let columns): kept[row] = columns
      case .drop(let row, let reason, _): dropped[row] = reason
      case .make(let columns, let rows):
        made.append(columns)
        members.append(rows)
      case .consume(let row): consumed.append(row)
      case .reject, .fan: Issue.record("unexpected: \(answer)")
      }
    }
  }

  func column(_ name: String) -> [Int: Double] { kept.compactMapValues { $0[name]?.number } }
}

private let bad: [JSON] = [
  ["group": "b", "correct": true, "reward": nil, "length": 5],
  ["group": "b", "correct": nil, "reward": "NaN", "length": 5],
  ["group": "b", "correct": 0.5, "reward": .double(.infinity), "length": 5],
  ["group": "b", "correct": true, "reward": .double(.nan), "length": 0],
  ["group": "b", "correct": true, "reward": 1, "length": 0],
  ["group": "b", "correct": true, "reward": 1],
  ["correct": true, "reward": 1, "length": 5],
  ["group": "alone", "correct": true, "reward": 1, "length": 5],
  ["group": "m", "question": "x", "correct": true, "reward": 1, "length": 5],
  ["group": "m", "question": "y", "correct": true, "reward": 1, "length": 5],
]

private let fates = [
  "bad length", "bad length", "no group", "group of one", "mixed group", "mixed group",
]

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
    let answers = try await Answers(stage, Self.rows)
    #expect(answers.column("twyn_score") == [0: 23, 2: 20, 3: -40, 5: 20, 1: 21, 4: -20])
    let advantage = try #require(answers.column("twyn_advantage")[0])
    #expect(abs(advantage - 0.74093383) < 1e-6)
    let bare = try CompareLengthQuality(.init(alpha: 5, beta: 2, anchors: false), in: Bench.nowhere)
    #expect(try await Answers(bare, Self.rows).column("twyn_score")[0] == 9)
  }

  @Test func namesWhatItCannotScore() async throws {
    let stage = try CompareLengthQuality(.init(), in: Bench.nowhere)
    let answers = try await Answers(stage, bad + Self.rows)
    #expect(answers.kept.count == Self.rows.count)
    let expected =
      ["group of one", "answer unreadable", "bad correct", "bad length"] + fates
    #expect((0..<bad.count).map { answers.dropped[$0] } == expected)
  }

  @Test func takesRewardsAboveAThreshold() async throws {
    let stage = try CompareLengthQuality(.init(threshold: 0.5), in: Bench.nowhere)
    #expect(stage.reads.filter(\.required).map(\.name) == ["reward", "length", "group"])
    let answers = try await Answers(
      stage, [["group": 1, "reward": 0.5, "length": 3], ["group": 1, "reward": 0.4, "length": 3]])
    #expect(answers.column("twyn_score") == [0: 21, 1: -20])
  }

  @Test func makesPairsOfWhatTheyShare() async throws {
    let stage = try PairLengthQuality(.init(), in: Bench.nowhere)
    func row(_ text: String, _ correct: Bool, _ length: Int64) -> JSON {
      [
        "group": "g", "question": "q", "completion": .string(text), "correct": .bool(correct),
        "length": .int(length),
      ]
    }
    let answers = try await Answers(
      stage, [row("long", true, 9), row("wrong", false, 1), row("short", true, 3)])
    #expect(
      answers.made == [
        [
          "group": "g", "question": "q", "chosen": "long", "rejected": "wrong", "pair_weight": 10.0,
          "pair_relation": "better",
        ],
        [
          "group": "g", "question": "q", "correct": true, "chosen": "short", "rejected": "long",
          "pair_weight": 1.0, "pair_relation": "shorter",
        ],
        [
          "group": "g", "question": "q", "chosen": "short", "rejected": "wrong", "pair_weight": 10.0,
          "pair_relation": "better",
        ],
      ])
    #expect(answers.members == [[0, 1], [0, 2], [1, 2]])
    let useless = try await Answers(stage, [row("x", false, 9), row("y", false, 1)])
    #expect(useless.consumed == [0, 1] && useless.made.isEmpty)
    let textless = try await Answers(stage, [["group": 1, "correct": true, "length": 1]])
    #expect(textless.dropped == [0: "no completion"])
  }

  @Test func completionsThatWhiteSpaceAloneTellsApartAreNoPair() async throws {
    let stage = try PairLengthQuality(.init(), in: Bench.nowhere)
    func row(_ text: String, _ correct: Bool, _ length: Int64) -> JSON {
      ["group": "g", "completion": .string(text), "correct": .bool(correct), "length": .int(length)]
    }
    let answers = try await Answers(stage, [row("B", true, 1), row("B \n", true, 2), row("C", false, 1)])
    #expect(answers.members == [[0, 2], [1, 2]])
    let alone = try await Answers(stage, [row("B", true, 1), row("B\n", true, 2)])
    #expect(alone.made.isEmpty && alone.dropped == [0: "equal pair", 1: "equal pair"])
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
    let answers = try await Answers(stage, rows)
    // q and r: the shorter has 1; z wins both, against q also by length.
    #expect(answers.column("twyn_score") == [0: -1 - 6, 1: 1 - 5, 2: 6 + 5])
    let cut =
      rows + [
        ["group": 1, "question": "?", "reasoning": "1", "answer": "zz", "finish_reason": "length"]
      ]
    #expect(try await Answers(stage, cut).column("twyn_score")[3] == -300)
    #expect(throws: StageError.self) { try CompareLengthQuality(.init(mode: .fuzzy), in: workspace) }
  }
}

@Suite struct GroupingTests {
  /// What `per:` gives a stage is one group after another; a whole set has them in any order.
  @Test func groupsGiveTheSameAloneAndInterleaved() async throws {
    var random = SplitMix64(seed: 11)
    var rows: [JSON] = []
    for _ in 0..<60 {
      rows.append([
        "group": .int(Int64(random.below(5))), "correct": .bool(random.below(2) == 0),
        "reward": .double(Double(random.below(11)) / 10), "length": .int(Int64(1 + random.below(50))),
        "logprobs": [.double(-Double(random.below(30)) / 10)], "behaviour_logprobs": [-1.5],
        "advantage": .double(Double(random.below(3)) - 1),
      ])
    }
    try await compare(CompareLengthQuality(.init(), in: Bench.nowhere), rows)
    try await compare(RescaleGroupReward(.init(), in: Bench.nowhere), rows)
    try await compare(WeightImportance(.init(), in: Bench.nowhere), rows)
  }

  private func compare<S: SetStage>(_ stage: S, _ rows: [JSON]) async throws {
    let whole = try await Answers(stage, rows).kept
    #expect(whole.count == rows.count)
    for group in 0..<5 {
      let members = rows.indices.filter { rows[$0]["group"] == .int(Int64(group)) }
      let alone = try await Answers(stage, members.map { rows[$0] }).kept
      #expect(members.enumerated().allSatisfy { alone[$0.offset] == whole[$0.element] })
    }
  }
}

@Suite struct RescaleGroupRewardTests {
  private static let rows: [JSON] = [
    ["group": "a", "reward": 1, "length": 1000], ["group": "b", "reward": 1, "length": 5],
    ["group": "a", "reward": 1, "length": 2000], ["group": "a", "reward": 0, "length": 3000],
    ["group": "b", "reward": true, "length": 5], ["group": "a", "reward": 1, "length": 6000],
  ]

  @Test func rescalesInterleavedGroups() async throws {
    var config = RescaleGroupReward.Config()
    config.advantage = .mean
    let stage = try RescaleGroupReward(config, in: Bench.nowhere)
    let answers = try await Answers(stage, Self.rows)
    let expected = [0.32015523, 0.23892646, -0.58074567, 0.02166397]
    for (row, value) in zip([0, 2, 3, 5], expected) {
      #expect(abs((answers.column("gr3_advantage")[row] ?? 9) - value) < 1e-6)
      #expect(answers.kept[row]?["gr3_condition"] == true)
      #expect(answers.kept[row]?["gr3_all_max"] == false)
    }
    #expect(answers.kept[1]?["gr3_all_max"] == true)
    #expect(answers.kept[1]?["gr3_advantage"] == 0.0)
    #expect(answers.kept[0].map { Array($0.keys) } == stage.adds)
  }

  @Test func namesWhatItCannotScore() async throws {
    let stage = try RescaleGroupReward(.init(), in: Bench.nowhere)
    let answers = try await Answers(stage, bad + Self.rows)
    #expect(answers.kept.count == Self.rows.count)
    let expected = ["answer unreadable", "bad reward", "bad reward", "bad reward"] + fates
    #expect((0..<bad.count).map { answers.dropped[$0] } == expected)
  }

  @Test func refusesNegativeRewardsOrMapsThem() async throws {
    let rows: [JSON] = [
      ["group": "a", "reward": 1, "length": 5], ["group": "a", "reward": -1, "length": 5],
    ]
    let refusal = await #expect(throws: StageError.self) {
      try await Answers(RescaleGroupReward(.init(), in: Bench.nowhere), rows)
    }
    #expect(
      refusal?.description.contains("found -1.0 in group 'a' (row 1 of the set); say map: sigmoid") == true)
    var mapped = RescaleGroupReward.Config(alpha: 1)
    mapped.map = .minmax
    let minmax = try await Answers(RescaleGroupReward(mapped, in: Bench.nowhere), rows)
    #expect(minmax.column("gr3_reward") == [0: 0.5, 1: 0])
    mapped.map = .sigmoid
    let sigmoid = try await Answers(RescaleGroupReward(mapped, in: Bench.nowhere), rows)
    #expect(abs((sigmoid.column("gr3_reward")[0] ?? 0) - 0.7310585786300049 / 2) < 1e-12)
  }

  @Test func calibratesAndShowsTheTable() async throws {
    // Mostly right answers of uneven lengths: at 1 a best one of mean length loses, at 0.33 it does not.
    let lengths: [Int64] = [100, 200, 300, 400, 500, 600, 3000, 3000]
    let rows: [JSON] = lengths.enumerated().map {
      ["group": "z", "reward": $0.offset < 7 ? 1 : 0, "length": .int($0.element)]
    }
    let config = RescaleGroupReward.Config(alpha: "calibrate", candidates: [1, 0.33], target: 1)
    let answers = try await Answers(RescaleGroupReward(config, in: Bench.nowhere), rows + Self.rows)
    #expect(abs((answers.column("gr3_scale")[8] ?? 0) - 0.9009009) < 1e-6)
    let shown = try await Answers(
      CalibrateGroupReward(.init(candidates: [1, 0.33], target: 1), in: Bench.nowhere), rows)
    #expect(
      shown.made == [
        ["alpha": 0.33, "groups": 1, "satisfied": 1, "rate": 1.0, "chosen": true, "met": true],
        ["alpha": 1.0, "groups": 1, "satisfied": 0, "rate": 0.0, "chosen": false, "met": false],
      ])
    let workspace = Workspace(
      folder: URL(filePath: "/"), models: ScriptedProvider(),
      sets: ["calibration": Bench.rows(shown.made.map { .object($0) })])
    let told = try await Answers(RescaleGroupReward(.init(alpha: "calibrate"), in: workspace), Self.rows)
    #expect(abs((told.column("gr3_scale")[0] ?? 0) - 0.9009009) < 1e-6)
    #expect(throws: StageError.self) { try RescaleGroupReward(.init(), in: workspace) }
    #expect(shown.members == [Array(0..<8), Array(0..<8)])
    await #expect(throws: StageError.self) {
      try await Answers(RescaleGroupReward(config, in: Bench.nowhere), [Self.rows[1], Self.rows[4]])
    }
    for config in [
      RescaleGroupReward.Config(alpha: 0), .init(alpha: "auto"), .init(candidates: [1]),
      .init(alpha: "calibrate", target: 2),
    ] {
      #expect(throws: StageError.self) { try RescaleGroupReward(config, in: Bench.nowhere) }
    }
  }
}

@Suite struct WeightImportanceTests {
  private static func row(_ group: String, _ now: JSON, _ then: JSON, _ advantage: JSON = 1.2) -> JSON {
    ["group": .string(group), "logprobs": now, "behaviour_logprobs": then, "advantage": advantage]
  }

  @Test func weighsRowsAndJudgesBatches() async throws {
    let rows = [
      Self.row("a", [-1.0, -0.9, -0.4], [-1.1, -1.2, -0.5]), Self.row("b", [-40, -1], [-1, -1], -0.8),
      Self.row("a", [-1.0, -0.9, -0.4], [-1.1, -1.2, -0.5], -0.8), Self.row("b", [-1], [-1]),
    ]
    let answers = try await Answers(WeightImportance(.init(), in: Bench.nowhere), rows)
    #expect(abs((answers.column("vespo_weight")[0] ?? 0) - 0.38822748) < 1e-6)
    #expect(abs((answers.column("vespo_weight")[2] ?? 0) - 1.22453044) < 1e-6)
    #expect(abs((answers.column("log_ratio")[0] ?? 0) - 0.5) < 1e-12)
    #expect(abs((answers.column("ratio")[0] ?? 0) - 1.64872127) < 1e-6)
    #expect(answers.column("log_ratio")[1] == -20)
    #expect(answers.column("vespo_clamped") == [0: 0, 1: 0.5, 2: 0, 3: 0.5])
    #expect(answers.kept[0]?["vespo_staleness"] == "fresh")
    #expect(abs((answers.column("vespo_ess")[0] ?? 0) - 2) < 1e-12)
    let whole = try await Answers(WeightImportance(.init(batch: "set"), in: Bench.nowhere), rows)
    #expect(Set(whole.column("vespo_clamped").values) == [0.25])
    let twos = try await Answers(WeightImportance(.init(batch: 2), in: Bench.nowhere), rows)
    #expect(twos.column("vespo_clamped") == [0: 0.5, 1: 0.5, 2: 0, 3: 0])
    #expect(throws: StageError.self) { try WeightImportance(.init(batch: 0), in: Bench.nowhere) }
  }

  @Test func namesWhatItCannotWeigh() async throws {
    let rows = [
      Self.row("a", [-1], [-1, -2]), Self.row("a", [], []), Self.row("a", nil, [-1]),
      Self.row("a", [nil], [-1]), Self.row("a", [.double(-.infinity)], [-1]), Self.row("a", [0.5], [-1]),
      Self.row("a", [-1], [-1], nil),
      ["logprobs": [-1], "behaviour_logprobs": [-1], "advantage": 1, "mask": [1, 1]],
    ]
    let answers = try await Answers(WeightImportance(.init(), in: Bench.nowhere), rows)
    #expect(
      rows.indices.map { answers.dropped[$0] } == [
        "logprobs differ in length", "no logprobs", "no logprobs", "bad logprobs", "bad logprobs",
        "bad logprobs", "bad advantage", "bad mask",
      ])
  }
}
