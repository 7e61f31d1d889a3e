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

  /// The papers' format is that of the text: a call of a tool that nobody offered is answered with its fault and the
  /// rollout goes on. Whoever wants such calls to count says so.
  @Test func badCallsAreIllFormedWhereTheyAreBounded() async throws {
    func row(_ fault: ToolFault.Kind) -> Columns {
      Columns([
        "messages": [
          ["role": "user", "content": "q"],
          ["role": "assistant", "content": "<find>a</find>"],
          ["role": "user", "content": .string("<result>\n\(ToolFault(fault, "no"))\n</result>")],
          ["role": "assistant", "content": "<answer>a</answer>"],
        ], "final_answer": "a", "correct": true,
      ])
    }
    let plain = RewardRollout.Config(formatWeight: 1, toolWeight: 1)
    let strict = RewardRollout.Config(formatWeight: 1, maxBadCalls: 0, toolWeight: 1)
    for kind in [ToolFault.Kind.unknownTool, .badArguments] {
      #expect(
        try await reward(plain, row(kind))
          == .init(reward: 2, rewardAccuracy: 1, rewardFormat: 1, rewardTool: 0))
      #expect(
        try await reward(strict, row(kind))
          == .init(reward: 1, rewardAccuracy: 1, rewardFormat: 0, rewardTool: 0))
    }
    #expect(try await reward(strict, row(.timeout))?.rewardFormat == 1)
  }

  @Test func keysAreChecked() {
    let wrong: [RewardRollout.Config] = [
      .init(maxBadCalls: -1), .init(maxBadCalls: 0, form: .first),
      .init(formatValues: [1]), .init(callPenalty: 2), .init(task: .maths),
      .init(toolWeight: 1, form: .first),
      .init(form: .first, task: .search), .init(form: .second, task: .maths, taskColumn: "kind"),
    ]
    for config in wrong {
      #expect(throws: StageError.self) { try RewardRollout(config, in: Bench.nowhere) }
    }
  }

  /// An image that a tool gave back is what the first version pays for; a search is what the second one taxes.
  @Test func aPapersFormReadsAConversation() async throws {
    let zoom: JSON = ["function": ["name": "image_zoom_in_tool", "arguments": "{}"]]
    let search: JSON = ["function": ["name": "search", "arguments": "{}"]]
    let image: JSON = ["type": "image", "image": ["image": "sha256:00"]]
    func row(_ call: JSON, _ results: [JSON], kind: String = "perception") -> Columns {
      let messages: [JSON] =
        [
          ["role": "user", "content": [["type": "text", "text": "q"], image]],
          ["role": "assistant", "content": "", "reasoning_content": "look", "tool_calls": [call]],
        ] + results + [["role": "assistant", "content": "<think>so</think><answer>a</answer>"]]
      return Columns([
        "messages": .array(messages), "final_answer": "a", "correct": true, "kind": .string(kind),
      ])
    }
    let seen: [JSON] = [["role": "tool", "content": "done"], ["role": "user", "content": [image]]]
    let told: [JSON] = [["role": "tool", "content": "[1] a"]]
    #expect(
      try await reward(.init(form: .first), row(zoom, seen))
        == .init(reward: 2, rewardAccuracy: 1, rewardFormat: 0, rewardTool: 1))
    #expect(
      try await reward(.init(form: .first), row(search, told))
        == .init(reward: 0.8, rewardAccuracy: 1, rewardFormat: 0, rewardTool: 0))
    let second = RewardRollout.Config(form: .second, taskColumn: "kind")
    #expect(
      try await reward(second, row(search, told, kind: "search"))
        == .init(reward: 0.8 * 0.9 + 0.2, rewardAccuracy: 1, rewardFormat: 1, rewardTool: -1))
    #expect(
      try await reward(second, row(zoom, seen, kind: "search"))
        == .init(reward: 1, rewardAccuracy: 1, rewardFormat: 1, rewardTool: 0))
    #expect(try await reward(second, row(search, told, kind: "charts")) == nil)
  }
}
