import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

@Suite struct RewardRolloutTests {
  private func row(_ correct: JSON, calls: Int, text: String = "<answer>a</answer>") -> Columns {
    var messages: [JSON] = [["role": "user", "content": "q"]]
    for _ in 0..<calls {
      messages.append(["role": "assistant", "content": "<search>a</search>"])
      messages.append(["role": "user", "content": "<result>\na\n</result>"])
    }
    messages.append(["role": "assistant", "content": .string(text)])
    return Columns(["messages": .array(messages), "final_answer": "a", "correct": correct])
  }

  private func reward(_ config: RewardRollout.Config, _ row: Columns) async throws -> RewardRollout.Output? {
    guard case .emit(let outputs) = try await RewardRollout(config, in: Bench.nowhere).process(row) else {
      return nil
    }
    return outputs.first
  }

  /// 0.8 accuracy + 0.2 format + 1.2 for a tool where the answer is right.
  @Test func theFormOfDeepEyes() async throws {
    let config = RewardRollout.Config(
      accuracyWeight: 0.8, formatWeight: 0.2, formatValues: [-1, 0], toolWeight: 1.2)
    #expect(
      try await reward(config, row(true, calls: 1))
        == .init(reward: 2, rewardAccuracy: 1, rewardFormat: 0, rewardTool: 1))
    #expect(try await reward(config, row(true, calls: 0))?.reward == 0.8)
    #expect(try await reward(config, row(false, calls: 1))?.reward == 0)
    #expect(try await reward(config, row(false, calls: 0, text: "<answer>a"))?.reward == -0.2)
  }

  /// 0.8 accuracy, a tenth less with a call, + 0.2 format.
  @Test func theFormOfDeepEyesV2() async throws {
    let config = RewardRollout.Config(accuracyWeight: 0.8, formatWeight: 0.2, callPenalty: 0.1)
    #expect(try await reward(config, row(true, calls: 1))?.reward == 0.8 * 0.9 + 0.2)
    #expect(try await reward(config, row(true, calls: 0))?.reward == 0.8 + 0.2)
  }

  @Test func whatIsUnknownHasNotPassed() async throws {
    #expect(try await reward(.init(), row(.null, calls: 0))?.reward == 0)
    #expect(try await reward(.init(), row(0.25, calls: 0))?.reward == 0.25)
    #expect(try await reward(.init(), row("yes", calls: 0)) == nil)
    let always = RewardRollout.Config(toolWeight: 1, toolWhen: .always)
    #expect(try await reward(always, row(false, calls: 1))?.reward == 1)
  }

  @Test func keysAreChecked() {
    for config in [RewardRollout.Config(formatValues: [1]), .init(callPenalty: 2)] {
      #expect(throws: StageError.self) { try RewardRollout(config, in: Bench.nowhere) }
    }
  }
}
