import Foundation
import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

private let model = ModelRef(ModelSpec(alias: "policy", name: "policy"))

@Suite struct ScoreLogprobsTests {
  @Test func addsOneForEachToken() async throws {
    let workspace = Workspace(
      folder: URL(filePath: "/"),
      models: ScriptedProvider(scorer: { completion, messages in
        #expect(messages == [.system("s"), .user("q")])
        return completion.map { TokenLogprob(String($0), -1) }
      }))
    let stage = try ScoreLogprobs(.init(model: model, system: "s"), in: workspace)
    guard case .emit(let outputs) = try await stage.process(Columns(["question": "q", "completion": "ab"]))
    else {
      Issue.record("dropped")
      return
    }
    #expect(outputs == [.init(logprobs: [-1, -1])])
    #expect(
      try await Bench.fates(of: stage, for: [["question": "q", "completion": nil]]) == ["no completion"])
    #expect(stage.adds == ["logprobs"])
    let texts = try ScoreLogprobs(.init(model: model, system: "s", tokenTexts: true), in: workspace)
    guard case .emit(let outputs) = try await texts.process(Columns(["question": "q", "completion": "ab"]))
    else {
      Issue.record("dropped")
      return
    }
    #expect(outputs == [.init(logprobs: [-1, -1], tokenTexts: ["a", "b"])])
    #expect(texts.adds == ["logprobs", "token_texts"])
  }
}
