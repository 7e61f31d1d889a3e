import Foundation
import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

private let model = ModelRef(ModelSpec(alias: "policy", name: "policy"))

@Suite struct SampleRolloutsTests {
  private func stage(
    _ config: SampleRollouts.Config, _ reply: @escaping @Sendable (ChatRequest) throws -> ChatReply
  ) throws -> SampleRollouts {
    try SampleRollouts(
      config, in: Workspace(folder: URL(filePath: "/"), models: ScriptedProvider(chat: { try reply($0) })))
  }

  @Test func drawsAGroupOfEachQuestion() async throws {
    let stage = try stage(.init(model: model, samples: 2, logprobs: true, system: "Think.")) { request in
      #expect(request.messages == [.system("Think."), .user("q")])
      #expect(request.topLogprobs == 0)
      return ChatReply(
        text: "r\(request.draw)</think>Answer: B", finishReason: request.draw == 0 ? "stop" : "length",
        logprobs: [TokenLogprob("r", -0.5), TokenLogprob("x", -1)],
        usage: Usage(completionTokens: request.draw == 0 ? 7 : 0))
    }
    let question: JSON.Object = ["question": "q", "id": 1]
    guard case .emit(let outputs) = try await stage.process(Columns(question)) else {
      Issue.record("dropped")
      return
    }
    let group = RowID.text(Digest(of: .object(question)))
    #expect(
      outputs == [
        .init(
          completion: "r0</think>Answer: B", reasoning: "r0", answer: "B", length: 7, lengthSource: .usage,
          finishReason: "stop", group: group, logprobs: [-0.5, -1]),
        .init(
          completion: "r1</think>Answer: B", reasoning: "r1", answer: "B", length: 2, lengthSource: .logprobs,
          finishReason: "length", group: group, logprobs: [-0.5, -1]),
      ])
    #expect(
      stage.adds == [
        "completion", "reasoning", "answer", "length", "length_source", "finish_reason", "group", "logprobs",
      ])
  }

  @Test func addsTheTokensTextsWhereAsked() async throws {
    let stage = try stage(.init(model: model, samples: 1, logprobs: true, tokenTexts: true)) { _ in
      ChatReply(text: "rx", logprobs: [TokenLogprob("r", -0.5), TokenLogprob("x", -1)])
    }
    guard case .emit(let outputs) = try await stage.process(Columns(["question": "q"])) else {
      Issue.record("dropped")
      return
    }
    #expect(outputs.map(\.tokenTexts) == [["r", "x"]])
    #expect(stage.adds?.suffix(2) == ["logprobs", "token_texts"])
    #expect(throws: StageError.self) {
      try self.stage(.init(model: model, tokenTexts: true)) { _ in ChatReply(text: "") }
    }
  }

  @Test func saysWhenItHadToEstimateALength() async throws {
    let stage = try stage(.init(model: model, samples: 1)) { request in
      #expect(request.topLogprobs == nil)
      return ChatReply(text: "12345678", reasoning: "1234")
    }
    guard case .emit(let outputs) = try await stage.process(Columns(["question": "q"])) else {
      Issue.record("dropped")
      return
    }
    #expect(outputs.map(\.length) == [3])
    #expect(outputs.map(\.lengthSource) == [.estimate])
    #expect(stage.adds?.contains("logprobs") == false)
    #expect(try outputs.map { Array(try JSON(encoding: $0).object?.keys ?? []) } == [stage.adds])
  }

  @Test func refusesRepliesWithoutTheLogprobsItAskedFor() async throws {
    let stage = try stage(.init(model: model, logprobs: true)) { _ in ChatReply(text: "a") }
    await #expect(throws: ModelError.self) { try await stage.process(Columns(["question": "q"])) }
  }
}
