import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

@Suite struct InducePromptTests {
  private static let model = ModelRef(ModelSpec(alias: "teacher", name: "t"))
  private static let examples = (1...3).map { number in
    Row(["question": .string("q\(number)"), "question_parsing": ["cold rain", "warm sun"]])
  }

  private func run(
    logprobs: Bool, refuses: Bool = false, candidates: Int = 2, heldOut: Int = 1
  ) async throws -> (output: JSON.Object, members: [Int]) {
    let models = ScriptedProvider(chat: { request in
      let asked = request.messages.last?.content ?? ""
      if asked.hasSuffix("Which one, A or B?") {
        // The second candidate is the better one, wherever it stands.
        let second = asked.hasPrefix("Instruction A:\ncandidate 1")
        guard logprobs else {
          if request.topLogprobs != nil {
            throw ModelError(refuses ? .refused : .unsupported, "no logprobs here")
          }
          return ChatReply(text: second ? "A" : "B")
        }
        let best = TokenLogprob.Alternative(second ? "A" : " B", log(0.75))
        let worst = TokenLogprob.Alternative(second ? "B" : "A", log(0.25))
        return ChatReply(
          text: second ? "A" : "B", logprobs: [TokenLogprob(best.token, best.logprob, top: [best, worst])])
      }
      if request.messages[0].content.hasPrefix("candidate") {
        let good = request.messages[0].content.hasPrefix("candidate 1")
        #expect(asked == "q3")
        return ChatReply(text: good ? #"{"question_parsing": ["warm sun", "cold rain"]}"# : "none")
      }
      if refuses, request.topLogprobs != nil {
        throw ModelError(.refused, status: 400, "logprobs is not supported")
      }
      return ChatReply(
        text: "candidate \(request.draw)", logprobs: logprobs ? [TokenLogprob("x", log(0.5))] : [])
    })
    let stage = try InducePrompt(
      .init(model: Self.model, candidates: candidates, heldOut: heldOut),
      in: Workspace(folder: URL(filePath: "/"), models: models))
    let list = try await Bench.answers(of: stage, to: Self.examples.map(\.json))
    #expect(list.count == 1)
    guard case .make(let output, let members)? = list.first else { return ([:], []) }
    return (output, members)
  }

  @Test func choosesWhatTheModelPrefers() async throws {
    let (output, members) = try await run(logprobs: true)
    #expect(members == [0, 1, 2])
    #expect(output["instruction"] == "candidate 1")
    #expect(output["choice"] == 1)
    #expect(output["response_source"] == "logprobs")
    #expect(output["preference_source"] == "logprobs")
    let scores = output["scores"]?.array?.compactMap(\.number) ?? []
    #expect(scores.map { ($0 * 1000).rounded() } == [375, 625])
    #expect(output["trial_scores"] == [0.0, 1.0])
    #expect(output["trial_agrees"] == true)
  }

  @Test func countsVotesWithoutLogprobs() async throws {
    let (output, _) = try await run(logprobs: false, heldOut: 0)
    #expect(output["choice"] == 1)
    #expect(output["response_source"] == "none")
    #expect(output["preference_source"] == "votes")
    #expect(output["preference"] == [[0.5, 0.0], [1.0, 0.5]])
    #expect(output["trial_agrees"] == .null)
  }

  @Test func anEndpointThatRefusesLogprobsIsAskedWithoutThem() async throws {
    let (output, _) = try await run(logprobs: false, refuses: true)
    #expect(output["choice"] == 1)
    #expect(output["candidates"] == ["candidate 0", "candidate 1"])
    #expect(output["response_probabilities"] == [0.0, 0.0])
    #expect(output["response_source"] == "refused")
    #expect(output["preference_source"] == "votes")
  }

  private func induce(
    _ config: InducePrompt.Config, on rows: [JSON],
    _ reply: @escaping @Sendable (_ system: String, _ user: String, _ draw: Int) -> String,
    scorer: @escaping @Sendable (String, [ChatMessage]) -> [TokenLogprob] = { _, _ in [] }
  ) async throws -> JSON.Object {
    let models = ScriptedProvider(
      chat: { request in
        let (system, user) = (request.messages[0].content, request.messages.last?.content ?? "")
        guard !user.hasSuffix("Which one, A or B?") else {
          let best = TokenLogprob.Alternative("A", log(0.5))
          return ChatReply(
            text: "A", logprobs: [TokenLogprob("A", log(0.5), top: [best, .init("B", log(0.5))])])
        }
        return ChatReply(text: reply(system, user, request.draw))
      }, scorer: { scorer($0, $1) })
    let stage = try InducePrompt(config, in: Workspace(folder: URL(filePath: "/"), models: models))
    let list = try await Bench.answers(of: stage, to: rows)
    guard case .make(let output, _)? = list.first else { return [:] }
    return output
  }

  @Test func rotatingShowsEveryExampleToSomeCandidate() async throws {
    let rows: [JSON] = (1...24).map { ["question": .string("q\($0)."), "question_parsing": ["c"]] }
    let output = try await induce(
      .init(model: Self.model, candidates: 5, heldOut: 0, examples: .rotate), on: rows
    ) { _, user, draw in
      let shown = (1...24).filter { user.contains("q\($0).") }
      return "candidate \(draw) saw \(shown.map(String.init).joined(separator: " "))"
    }
    #expect(
      output["candidates"] == [
        "candidate 0 saw 1 2 3 4 5", "candidate 1 saw 6 7 8 9 10", "candidate 2 saw 11 12 13 14 15",
        "candidate 3 saw 16 17 18 19 20", "candidate 4 saw 1 21 22 23 24",
      ])
    #expect(output["examples_seen"] == 24)
  }

  @Test func proseIsShownAndTriedAsProse() async throws {
    let rows: [JSON] = (1...3).map {
      ["question": .string("q\($0)"), "answer": "a", "cot": "Ann is fast."]
    }
    let output = try await induce(
      .init(
        model: Self.model, candidates: 2, heldOut: 1, inputs: ["question", "answer"], outputs: ["cot"],
        selection: .mixed), on: rows
    ) { system, user, draw in
      guard system.hasPrefix("candidate") else {
        #expect(user.hasPrefix("Input:\nquestion:\nq1\n\nanswer:\na\nOutput:\nAnn is fast.\n\nInput:"))
        return "candidate \(draw)"
      }
      #expect(system == "candidate 0" || system == "candidate 1")
      #expect(user == "question:\nq3\n\nanswer:\na")
      return system == "candidate 1" ? "Ann is fast." : "Bob"
    }
    #expect(output["trial_scores"] == [0.0, 1.0])
    #expect(output["choice"] == 1)
    #expect(output["mixed_scores"] == [0.125, 0.625])
  }

  @Test func theLikelihoodOfGoldOutputsMayDecide() async throws {
    let rows: [JSON] = (1...3).map { ["question": .string("q\($0)"), "question_parsing": ["c"]] }
    let output = try await induce(
      .init(
        model: Self.model, candidates: 2, heldOut: 1, selection: .mixed, likelihood: Self.model), on: rows,
      { system, _, draw in system.hasPrefix("candidate") ? "none" : "candidate \(draw)" },
      scorer: { completion, messages in
        #expect(completion == #"{"question_parsing":["c"]}"#)
        #expect(messages.last == .user("q3"))
        return [TokenLogprob("c", log(messages[0].content.hasPrefix("candidate 1") ? 0.9 : 0.1))]
      })
    let likelihoods = output["likelihoods"]?.array?.compactMap(\.number) ?? []
    #expect(likelihoods.map { ($0 * 1000).rounded() } == [100, 900])
    #expect(output["choice"] == 1)
  }

  @Test func keysThatCannotGoTogetherAreRefused() {
    func refusal(_ config: InducePrompt.Config) -> String? {
      do {
        _ = try InducePrompt(config, in: Workspace(folder: URL(filePath: "/"), models: ScriptedProvider()))
        return nil
      } catch { return "\(error)" }
    }
    #expect(
      refusal(.init(model: Self.model, heldOut: 0, selection: .mixed))
        == "held_out: expected at least 1 for selection: mixed, found 0")
    #expect(
      refusal(.init(model: Self.model, inputs: [])) == "inputs: expected at least one column, found none")
  }
}
