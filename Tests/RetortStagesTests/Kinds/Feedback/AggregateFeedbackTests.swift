import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

@Suite struct AggregateFeedbackTests {
  @Test func failedAttemptsMakeAPrompt() async throws {
    let rows = [Attempts.one(0, 0, "a long attempt that is wrong"), Attempts.one(1, 1), Attempts.one(2, nil)]
    let stage = try AggregateFeedback(.init(), in: Bench.nowhere)
    let ids = rows.map { RowID.text(Digest(of: $0)) }
    let prompt = """
      \(AggregateFeedback.opening)

      Task:
      Why?

      Answer 1:
      attempt 2
      Feedback: critique 2

      Answer 2:
      a long attempt that is wrong
      Feedback: critique 0

      \(AggregateFeedback.closing)
      """
    #expect(
      try await Bench.answers(of: stage, to: rows) == [
        .make(
          [
            "question": "Why?", "refines": "r_1",
            "feedback_prompt": .string(prompt),
            "feedback_tokens": .int(Int64(TokenEstimate.characters(prompt))),
            "attempts_shown": [.string(ids[2]), .string(ids[0])], "attempts_left_out": [],
            "saw_gold": false,
          ], members: [0, 1, 2])
      ])
  }

  @Test func whatDoesNotFitIsNamed() async throws {
    let rows = [Attempts.one(0, 0), Attempts.one(1, 0, String(repeating: "long ", count: 2000))]
    let answers = try await Bench.answers(
      of: AggregateFeedback(.init(budget: 200), in: Bench.nowhere), to: rows)
    guard case .make(let columns, [0, 1])? = answers.first else {
      Issue.record("\(answers)")
      return
    }
    #expect(columns["attempts_left_out"] == [.string(RowID.text(Digest(of: rows[1])))])
    #expect(
      try await Bench.answers(of: AggregateFeedback(.init(budget: 10), in: Bench.nowhere), to: rows)
        .allSatisfy {
          if case .drop(_, "no attempt fits", _) = $0 { true } else { false }
        })
  }

  /// A solved group needs none, and with tau neither does one that is not hard.
  @Test func whoNeedsNoFeedbackGetsNone() async throws {
    let solved = [Attempts.one(0, 1), Attempts.one(1, 1)]
    #expect(
      try await Bench.answers(of: AggregateFeedback(.init(), in: Bench.nowhere), to: solved)
        == [.consume(0), .consume(1)])
    let half = [Attempts.one(0, 1), Attempts.one(1, 0)]
    #expect(
      try await Bench.answers(of: AggregateFeedback(.init(tau: 0.5), in: Bench.nowhere), to: half)
        == [.consume(0), .consume(1)])
  }

  @Test func whatSawTheAnswerSaysSo() async throws {
    var row = Attempts.one(0, 0).object ?? [:]
    row["saw_gold"] = true
    for (show, expected) in [(AggregateFeedback.Show.critiques, true), (.attemptsOnly, false)] {
      let answers = try await Bench.answers(
        of: AggregateFeedback(.init(show: show), in: Bench.nowhere), to: [.object(row)])
      guard case .make(let columns, _)? = answers.first else {
        Issue.record("\(answers)")
        return
      }
      #expect(columns["saw_gold"] == .bool(expected))
      #expect(columns["feedback_prompt"]?.string?.contains("critique 0") == expected)
    }
  }
}

/// Rows of a group's attempts.
enum Attempts {
  static func one(_ place: Int, _ reward: JSON, _ text: String? = nil) -> JSON {
    [
      "question": "Why?", "group": "r_1", "completion": .string(text ?? "attempt \(place)"),
      "correct": reward.isNull ? nil : .bool(reward == 1), "reward": reward, "logprobs": [-1],
      "critique": .string("critique \(place)"), "saw_gold": false,
    ]
  }
}
