import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

@Suite struct InjectRefinementTests {
  private func refinement(_ place: Int, _ reward: JSON) -> JSON {
    [
      "question": "Why?", "group": "r_2", "refines": "r_1", "completion": .string("refined \(place)"),
      "correct": .bool(reward == 1), "reward": reward,
    ]
  }

  @Test func aRightRefinementReplacesAWrongAttempt() async throws {
    let rows = [Attempts.one(0, 0), Attempts.one(1, 0), refinement(0, 0), refinement(1, 1)]
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
    let rows = [Attempts.one(0, 1), Attempts.one(1, 1), refinement(0, 1), refinement(1, 0)]
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
