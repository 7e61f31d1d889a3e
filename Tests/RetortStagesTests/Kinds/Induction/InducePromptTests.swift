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
}
