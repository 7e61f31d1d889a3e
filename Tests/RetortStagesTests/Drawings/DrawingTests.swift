import OrderedCollections
import RetortCore
import Testing

@testable import RetortStages

@Suite struct DrawingTests {
  private func pictures(_ kind: String, _ rows: [JSON], config: JSON = .null) throws -> [Picture] {
    let drawing = try #require(Catalog.standard[kind]?.drawing(config))
    return drawing.pictures(rows.map { Columns($0.object ?? [:]) })
  }

  private func row(_ group: String, _ length: Int, _ correct: Bool, _ more: JSON.Object) -> JSON {
    let shared: JSON.Object = [
      "group": .string(group), "length": .int(Int64(length)), "correct": .bool(correct),
    ]
    return .object(shared.merging(more) { _, new in new })
  }

  @Test func everyDrawingBearsAnything() throws {
    let odd: [JSON] = [
      .null, true, 0, -1, 1e300, "text", "", .array([]), .array([.null, "x", 3]), [:], ["Verification": 1],
      .array([["Verification": "TRUE"], .array([])]),
    ]
    for kind in Catalog.standard.kinds {
      guard let drawing = kind.drawing(.null) else { continue }
      #expect(drawing.pictures([]).allSatisfy { $0.isEmpty || $0.title.isEmpty == false })
      for value in odd {
        let row = Columns(JSON.Object(uniqueKeysWithValues: drawing.columns.map { ($0, value) }))
        for rows in [[row], [row, row, Columns()]] {
          for picture in drawing.pictures(rows) { #expect(!picture.caption.contains("nan")) }
        }
      }
    }
  }

  @Test func drawingsLookAtColumnsThatTheirKindKnows() {
    for kind in Catalog.standard.kinds {
      guard let drawing = kind.drawing(.null), let adds = kind.adds else { continue }
      #expect(!Set(drawing.columns).isDisjoint(with: adds), "\(kind.name)")
    }
  }

  @Test func theShortestRightResponseIsSoughtInEachGroup() throws {
    let rows = [
      row("a", 5, true, ["twyn_score": 9, "twyn_advantage": 1]),
      row("a", 9, true, ["twyn_score": 4, "twyn_advantage": 0]),
      row("a", 1, false, ["twyn_score": -5, "twyn_advantage": -1]),
      row("b", 5, true, ["twyn_score": 1, "twyn_advantage": 1]),
      row("b", 9, true, ["twyn_score": 2, "twyn_advantage": 0]),
      row("alone", 9, true, ["twyn_score": 2, "twyn_advantage": 0]),
    ]
    let found = try pictures("compare-length-quality", rows)
    #expect(
      found[0]
        == Picture(
          "Length against score, group by group",
          .panels(
            [
              .init(
                "a",
                [.init("right", [.init(5, 9), .init(9, 4)], .good), .init("wrong", [.init(1, -5)], .bad)]),
              .init("b", [.init("right", [.init(5, 1), .init(9, 2)], .good)]),
            ], x: "length (tokens)", y: "TWYN score"),
          caption:
            "The shortest right response has the highest score in 1 of 2 groups that have right ones of unequal "
            + "length. A wrong one is above a right one in 0 of 1 mixed group."))
    guard case .points(let clouds, _, _) = found[1].form else { return #expect(Bool(false)) }
    #expect(clouds.map(\.name) == ["right", "wrong"])
    #expect(clouds.map(\.points.count) == [4, 1])
  }

  @Test func gr3TellsAlphaByItsFactors() throws {
    let rows = [
      row(
        "a", 10, true, ["gr3_scale": 0.6, "gr3_advantage": 1, "gr3_condition": true, "gr3_all_max": false]),
      row(
        "a", 30, false,
        ["gr3_scale": .double(1 / 2.0), "gr3_advantage": -1, "gr3_condition": true, "gr3_all_max": false]),
    ]
    let found = try pictures("rescale-group-reward", rows)
    #expect(
      found[0].caption
        == "A best response of mean length would not lose in 1 of 1 group; in 0 all rewards are equal, and length alone "
        + "tells.")
    #expect(found[2].caption.hasPrefix("α = 1.33: a response of mean length keeps 42.9 % of its reward"))
  }

  @Test func theChosenAlphaStandsOut() throws {
    let found = try pictures(
      "calibrate-group-reward",
      [
        ["alpha": 0.1, "groups": 4, "satisfied": 4, "rate": 1, "chosen": true, "met": true],
        ["alpha": 2, "groups": 4, "satisfied": 1, "rate": 0.25, "chosen": false, "met": false],
      ])
    #expect(
      found == [
        Picture(
          "Groups in which a best response of mean length would not lose, by α",
          .bars(
            [
              .init("α = 0.1", 100, note: "4 of 4, chosen", .good),
              .init("α = 2", 25, note: "1 of 4", .plain),
            ], x: "% of the groups whose rewards differ"),
          caption: "Chosen: α = 0.1, the largest that reaches the target.")
      ])
  }

  @Test func weightsAreShownBesideWhatOthersMakeOfTheRatio() throws {
    let rows: [JSON] = [
      [
        "log_ratio": 0, "vespo_weight": 1, "vespo_staleness": "fresh", "logprobs": .array([-1, -1]), "adv": 1,
      ],
      [
        "log_ratio": 2, "vespo_weight": 0, "vespo_staleness": "fresh", "logprobs": .array([-1, -1]),
        "adv": -1,
      ],
    ]
    let found = try pictures("weight-importance", rows, config: ["advantage": "adv"])
    guard case .bars(let bars, _) = found[2].form else { return #expect(Bool(false)) }
    #expect(bars.map(\.name) == ["raw W", "clipped", "length-normalised", "VESPO"])
    #expect(bars.map(\.note)[1...] == ["1.98 of 2", "1.65 of 2", "1 of 2"])
    #expect(found[1].caption.contains("(1 above 3 are not drawn)"))
    #expect(found[0].caption.hasSuffix("1 of 2 responses have less than half of that."))
  }

  @Test func calibrationIsOfPairsWithLabelsInOneGroup() throws {
    func row(_ group: String, _ mean: Double, _ correct: JSON) -> JSON {
      ["group": .string(group), "reward_mean": .double(mean), "reward_sigma": 0.5, "correct": correct]
    }
    let found = try pictures(
      "predict-reward",
      [row("a", 3, true), row("a", 0, false), row("b", 0, true), row("b", 3, false), row("b", 1, .null)])
    #expect(
      found[1].caption.hasPrefix(
        "Of 2 pairs of a right and a wrong response of one group the right one has the higher reward in 1."))
    #expect(try pictures("predict-reward", [row("a", 3, .null), row("a", 0, .null)]).count == 1)
  }

  @Test func inductionShowsEachCandidateWithWhatSpeaksForIt() throws {
    let found = try pictures(
      "induce-prompt",
      [
        [
          "instruction": "Do it.", "choice": 1, "scores": .array([0.25, 0.5]),
          "trial_scores": .array([0.1, 0.75]),
          "response_probabilities": .array([0.5, 0.5]), "trial_agrees": true, "preference_source": "votes",
        ]
      ])
    #expect(
      found == [
        Picture(
          "Candidates for the instruction",
          .bars(
            [
              .init("candidate 1", 0.25, note: "S 0.25, P 0.5, trial F1 0.1"),
              .init("candidate 2", 0.5, note: "S 0.5, P 0.5, trial F1 0.75, chosen", .good),
            ], x: "score S, which the choice goes by"),
          caption:
            "In the trial on held-out examples no candidate did better than the chosen one. Preferences are from "
            + "votes."),
        Picture("The chosen instruction", .text("Do it.")),
      ])
  }

  @Test func stepsAreCountedAndJudged() throws {
    let found = try pictures(
      "infer-structure",
      [
        [
          "question_parsing": .array(["a", "b"]),
          "cot_parsing": .array([
            ["Verification": "true"], ["Verification": "False"], ["Verification": "perhaps"],
          ]),
        ]
      ])
    #expect(
      found.map(\.form) == [
        .histogram([.init("questions", [2])], x: "conditions"),
        .histogram([.init("chains", [3])], x: "steps"),
        .bars(
          [.init("entailed", 1, .good), .init("not entailed", 1, .bad), .init("other words", 1, .faint)],
          x: "steps"),
      ])
  }

  @Test func theBestOfNIsDrawnForEachProxy() throws {
    func point(_ proxy: String, _ n: Int64, _ verified: JSON, _ reward: Double, _ best: Double) -> JSON {
      [
        "proxy": .string(proxy), "n": .int(n), "verified": verified, "proxy_reward": .double(reward),
        "best": .double(best),
      ]
    }
    let found = try pictures(
      "measure-best-of-n",
      [
        point("mu", 1, 0.2, 0, 0.2), point("mu", 4, 0.1, 2, 0.9), point("mu", 2, 0.3, 1, 0.5),
        point("mu - u", 1, 0.2, 0, 0.2), point("mu - u", 2, 0.4, 0.5, 0.5), point("mu - u", 4, .null, 0, 0),
      ])
    #expect(
      found == [
        Picture(
          "What the best of n is worth by the verifier",
          .points(
            [
              .init("by mu", [.init(0, 0.2), .init(1, 0.3), .init(2, 0.1)], .plain, isLine: true),
              .init("by mu - u", [.init(0, 0.2), .init(1, 0.4)], .good, isLine: true),
              .init(
                "the best there is", [.init(0, 0.2), .init(1, 0.5), .init(2, 0.9)], .faint, isLine: true),
            ], x: "log2 of n (0: one response, 6: 64)", y: "verified"),
          caption:
            "A curve that turns down has over-optimised its proxy. Highest: mu: 0.3 at n = 2, 0.1 at n = 4; "
            + "mu - u: 0.4 at n = 2."),
        Picture(
          "The verifier against the proxy that chose",
          .points(
            [
              .init("by mu", [.init(0, 0.2), .init(1, 0.3), .init(2, 0.1)], .plain, isLine: true),
              .init("by mu - u", [.init(0, 0.2), .init(0.5, 0.4)], .good, isLine: true),
            ], x: "reward by the proxy itself", y: "verified"),
          caption: "To the right the proxy is more pleased, upwards the verifier; each line begins at n = 1."),
      ])
  }

  @Test func aStructureOfOnesOwnIsDrawnByItsLists() throws {
    let config: JSON = [
      "structure": [
        "lists": [
          "complaints": [:],
          "found": [
            "many": "findings", "fields": ["finding": [:], "urgency": ["values": ["soon", "now"]]],
          ],
        ]
      ]
    ]
    let rows: [JSON] = [
      ["complaints": ["a", "b"], "found": [["urgency": "now"], ["urgency": "now"], ["urgency": .null]]],
      ["complaints": [], "found": [["urgency": "soon"]]],
    ]
    let expected = [
      Picture(
        "Number of complaints", .histogram([.init("rows", [2, 0])], x: "complaints"), caption: "Median 1."),
      Picture(
        "Number of findings", .histogram([.init("rows", [3, 1])], x: "findings"), caption: "Median 2."),
      Picture(
        "urgency of findings", .bars([.init("now", 2), .init("none", 1), .init("soon", 1)], x: "findings")),
    ]
    for kind in ["parse-question", "parse-rationale", "infer-structure"] {
      #expect(try pictures(kind, rows, config: config) == expected)
    }
    let scores: [JSON] = [
      ["complaints_f1": 1.0, "found_finding_f1": 0.5], ["complaints_f1": 0.5, "found_urgency_f1": 1.0],
    ]
    #expect(
      try pictures("score-structure", scores, config: config) == [
        Picture(
          "F1 of predicted lists and their fields",
          .bars(
            [.init("complaints", 0.75), .init("found_finding", 0.5), .init("found_urgency", 1)],
            x: "mean F1 over all gold rows"))
      ])
  }

  @Test func whatWasCountedByTwoColumnsIsATable() throws {
    let rows: [JSON] = [
      ["msd": 10, "tool": "search", "count": 3], ["msd": 2, "tool": .null, "count": 1],
      ["msd": 2, "tool": "search", "count": 1200],
    ]
    #expect(
      try pictures("count", rows, config: ["by": ["msd", "tool"]])
        == [
          Picture(
            "Rows by msd and tool",
            .table(
              ["msd \\ tool", "search", "null", "all"],
              [["2", "1\u{202F}200", "1", "1\u{202F}201"], ["10", "3", "0", "3"]]))
        ])
    #expect(
      try pictures("count", rows, config: ["by": ["msd"]])
        == [Picture("Rows by msd", .bars([.init("2", 1201), .init("10", 3)], x: "rows"))])
    #expect(Catalog.standard["count"]?.drawing(["by": ["a", "b", "c"]]) == nil)
  }
}
