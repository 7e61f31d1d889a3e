import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

/// From a group's attempts to a group with a refinement in it.
@Suite struct FeedbackTests {
  private func attempt(_ place: Int, _ reward: JSON, _ text: String? = nil) -> JSON {
    [
      "question": "Why?", "group": "r_1", "completion": .string(text ?? "attempt \(place)"),
      "correct": reward.isNull ? nil : .bool(reward == 1), "reward": reward, "logprobs": [-1],
      "critique": .string("critique \(place)"), "saw_gold": false,
    ]
  }

  // MARK: Critiques

  @Test(
    arguments: [
      (true, "The answer is right."), (false, "The answer is wrong."),
      (nil, "No answer could be read from it."),
    ] as [(JSON, String)])
  func aVerdictInWords(correct: JSON, words: String) async throws {
    let row = Columns(["correct": correct, "reference": "42"])
    #expect(
      try await Critique(.init(), in: Bench.nowhere).process(row)
        == .emit([.init(critique: words, sawGold: false)]))
    #expect(
      try await Critique(.init(by: .gold), in: Bench.nowhere).process(row)
        == .emit([.init(critique: words + " The right answer is: 42", sawGold: true)]))
  }

  @Test func aReportNamesTheRuleThatFails() async throws {
    let report: JSON = [
      ["constraint": "Use no comma.", "holds": false, "found": "a comma"],
      ["constraint": "Use 2 to 3 words.", "holds": true, "found": ""],
    ]
    let stage = try Critique(.init(by: .report), in: Bench.nowhere)
    #expect(
      try await stage.process(Columns(["constraint_report": report]))
        == .emit([
          .init(
            critique:
              "1 of 2 constraints hold.\n- broken: Use no comma. Found: a comma\n- kept: Use 2 to 3 words.",
            sawGold: false)
        ]))
    #expect(
      try await stage.process(Columns(["constraint_report": []]))
        == .drop(
          reason: "no report", detail: "expected a report of verify-answer in 'constraint_report', found a list"
        ))
  }

  @Test func keysOfACritiqueGoTogether() {
    #expect(throws: StageError.self) { try Critique(.init(by: .judge), in: Bench.nowhere) }
  }

  // MARK: A prompt of what failed

  @Test func failedAttemptsMakeAPrompt() async throws {
    let rows = [attempt(0, 0, "a long attempt that is wrong"), attempt(1, 1), attempt(2, nil)]
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
    let rows = [attempt(0, 0), attempt(1, 0, String(repeating: "long ", count: 2000))]
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
    let solved = [attempt(0, 1), attempt(1, 1)]
    #expect(
      try await Bench.answers(of: AggregateFeedback(.init(), in: Bench.nowhere), to: solved)
        == [.consume(0), .consume(1)])
    let half = [attempt(0, 1), attempt(1, 0)]
    #expect(
      try await Bench.answers(of: AggregateFeedback(.init(tau: 0.5), in: Bench.nowhere), to: half)
        == [.consume(0), .consume(1)])
  }

  @Test func whatSawTheAnswerSaysSo() async throws {
    var row = attempt(0, 0).object ?? [:]
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

  // MARK: Refinements

  @Test(
    arguments: [
      ("It rains.", nil), ("My Previous Attempt was wrong.", "mentions attempts"),
      ("this is the text of an attempt, long enough to count", "copy of an attempt"), ("short", nil),
    ] as [(String, String?)])
  func aRefinementStandsAlone(text: String, reason: String?) async throws {
    let seen = "Answer 1:\nthis is the text of an attempt, long enough to count\nshort"
    let outcome = try await ValidateRefinement(.init(), in: Bench.nowhere).process(
      Columns(["completion": .string(text), "feedback_prompt": .string(seen)]))
    if case .drop(let found, _) = outcome { #expect(found == reason) } else { #expect(reason == nil) }
  }

  private func refinement(_ place: Int, _ reward: JSON) -> JSON {
    [
      "question": "Why?", "group": "r_2", "refines": "r_1", "completion": .string("refined \(place)"),
      "correct": .bool(reward == 1), "reward": reward,
    ]
  }

  @Test func aRightRefinementReplacesAWrongAttempt() async throws {
    let rows = [attempt(0, 0), attempt(1, 0), refinement(0, 0), refinement(1, 1)]
    let stage = try InjectRefinement(.init(seed: 4), in: Bench.nowhere)
    let answers = try await Bench.answers(of: stage, to: rows)
    let made = answers.compactMap { answer -> (JSON.Object, [Int])? in
      if case .make(let columns, let members) = answer { (columns, members) } else { nil }
    }
    #expect(made.count == 4)
    let injected = try #require(made.first { $0.0["golf_injected"] == true })
    #expect(injected.0["completion"] == "refined 1")
    #expect(injected.0["correct"] == true)
    #expect(injected.0["group"] == "r_1")
    // The text that they belong to is gone.
    #expect(injected.0["logprobs"] == .null)
    #expect(injected.1.last == 3)
    #expect(made.map { $0.0["golf_role"] } == ["generation", "generation", "refinement", "refinement"])
    #expect(Set(made.prefix(2).map { $0.0["golf_advantage"] }) == [0.5, -0.5])
    #expect(made.suffix(2).map { $0.0["golf_advantage"] } == [-0.5, 0.5])
    #expect(made.allSatisfy { $0.0["golf_hard"] == true })
    #expect(try await Bench.answers(of: stage, to: rows) == answers)
  }

  @Test func whatRefinesASolvedGroupIsWorthNothing() async throws {
    let rows = [attempt(0, 1), attempt(1, 1), refinement(0, 1), refinement(1, 0)]
    let answers = try await Bench.answers(of: InjectRefinement(.init(), in: Bench.nowhere), to: rows)
    let rewards = answers.map { answer -> JSON? in
      if case .make(let columns, _) = answer { columns["golf_reward"] } else { nil }
    }
    #expect(rewards == [.double(1), .double(1), .double(0), .double(0)])
  }

  @Test func refinementsWithoutTheirGroupAreDropped() async throws {
    let answers = try await Bench.answers(
      of: InjectRefinement(.init(), in: Bench.nowhere), to: [refinement(0, 1)])
    #expect(
      answers == [
        .drop(
          0, reason: "no group to refine",
          detail: "expected the attempts of group \"r_1\" in the set too, found none")
      ])
  }
}
