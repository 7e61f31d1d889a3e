import OrderedCollections
import RetortTestSupport
import Synchronization
import Testing

@testable import RetortCore
@testable import RetortStages

@Suite struct RolloutTests {
  private let tool = ScriptedTool { "about \($0["query"]?.string ?? "")" }

  /// A rollout of a model that says one text after the other, the last again and again.
  private func play(
    _ texts: [String], form: CallFormName = .short, _ bounds: Rollout.Bounds = .init(),
    ends: [String] = [], usage: Usage = Usage(promptTokens: 100, completionTokens: 10)
  ) async throws -> (Rollout.Played, [ChatRequest]) {
    let asked = Mutex<[ChatRequest]>([])
    let model = ScriptedModel { request in
      let number = asked.withLock {
        $0.append(request)
        return $0.count - 1
      }
      return ChatReply(
        text: texts[min(number, texts.count - 1)], finishReason: number < ends.count ? ends[number] : "stop",
        usage: usage)
    }
    let rollout = Rollout(
      model: model, form: try form.form([tool.offer], [:]),
      toolbox: try Toolbox([tool], memory: DictionaryToolMemory()), bounds: bounds,
      length: { $0.usage.completionTokens })
    let played = try await rollout.play([.user("Who?")], sampling: Sampling(seed: 3), draw: 2)
    return (played, asked.withLock { $0 })
  }

  @Test func aConversationGoesOnUntilTheModelAnswers() async throws {
    let (played, asked) = try await play(["<search>Ada", "<search>Byron", "<answer>Ada Byron</answer>"])
    #expect(
      played.messages == [
        .user("Who?"), .assistant("<search>Ada</search>"), .user("<result>\nabout Ada\n</result>"),
        .assistant("<search>Byron</search>"), .user("<result>\nabout Byron\n</result>"),
        .assistant("<answer>Ada Byron</answer>"),
      ])
    #expect(
      (played.stop, played.answer, played.turns, played.calls, played.errors) == (
        Rollout.Stop.answer, "Ada Byron", 3, 2, 0
      ))
    #expect(played.length == 30)
    #expect(asked.map(\.draw) == [2, 2, 2])
    #expect(asked.map(\.messages.count) == [1, 3, 5])
  }

  @Test func aModelThatCallsNothingAnswersAtOnce() async throws {
    let (played, _) = try await play(["Ada."])
    #expect((played.stop, played.answer, played.turns, played.calls) == (Rollout.Stop.answer, "Ada.", 1, 0))
    let (silent, _) = try await play([""])
    #expect((silent.stop, silent.answer) == (Rollout.Stop.noAnswer, ""))
  }

  @Test func aModelInALoopEndsAtItsTurns() async throws {
    let loop = ["<search>Ada"]
    let (kept, _) = try await play(loop, .init(turns: 3))
    #expect((kept.stop, kept.turns, kept.calls) == (Rollout.Stop.turnLimit, 3, 2))
    let (forced, asked) = try await play(
      loop + loop + loop + ["<answer>Ada</answer>"], .init(turns: 3, onLimit: .forceAnswer))
    #expect((forced.stop, forced.answer, forced.turns, forced.calls) == (Rollout.Stop.answer, "Ada", 4, 3))
    #expect(asked.last?.messages.last == .user("Give your answer now, without a further call."))
    let (stubborn, _) = try await play(loop, .init(turns: 3, onLimit: .forceAnswer))
    #expect((stubborn.stop, stubborn.turns) == (Rollout.Stop.turnLimit, 4))
    let (restarted, again) = try await play(loop, .init(turns: 2, onLimit: .restart))
    #expect((restarted.stop, restarted.turns) == (Rollout.Stop.turnLimit, 2))
    #expect(again.map(\.draw) == [2, 2, 1_000_002, 1_000_002, 2_000_002, 2_000_002, 3_000_002, 3_000_002])
  }

  @Test func faultsAreToldAndCounted() async throws {
    let turns = [
      #"<tool_call>{"name": "find", "arguments": {}}</tool_call><tool_call>{"name": "search", "arguments": 1}</tool_call>"#,
      "<answer>I cannot.</answer>",
    ]
    let (played, _) = try await play(turns, form: .tags)
    #expect((played.calls, played.errors, played.stop) == (2, 2, .answer))
    #expect(played.messages[2].content.hasPrefix("<tool_response>\nError (unknown tool): "))
    #expect(played.messages[2].content.contains("</tool_response>\n<tool_response>\nError (bad arguments): "))
  }

  @Test func aFullContextAndACutReplyEndIt() async throws {
    let (full, _) = try await play(
      ["<search>Ada"], .init(context: 120), usage: Usage(promptTokens: 100, completionTokens: 10))
    #expect((full.stop, full.turns) == (Rollout.Stop.contextLimit, 1))
    let (cut, _) = try await play(["<search>Ada"], ends: ["length"])
    #expect((cut.stop, cut.calls) == (Rollout.Stop.truncated, 0))
    let (refused, _) = try await play(["No."], ends: ["content_filter"])
    #expect(refused.stop == .flaw("reply refused"))
  }

  @Test func aLongResultIsCutForTheModel() async throws {
    let (played, _) = try await play(
      ["<search>\(String(repeating: "x", count: 400))", "<answer>a</answer>"], .init(result: 10))
    #expect(
      played.messages[2].content
        == "<result>\nabout \(String(repeating: "x", count: 34))\n[cut here: the first 10 of about 102 tokens]\n</result>"
    )
  }

  @Test func theLastAnswerMayBeAskedForWithoutTools() async throws {
    for form in [CallFormName.native, .schema, .short] {
      let loop =
        form == .schema
        ? [#"{"step":{"tool":"search","arguments":{"query":"Ada"}}}"#] : ["<search>Ada"]
      let (played, asked) = try await play(loop, form: form, .init(turns: 2, onLimit: .answer))
      guard form != .native else {
        // Its texts call nothing.
        #expect(played.stop == .answer)
        continue
      }
      #expect((played.stop, played.turns, played.calls) == (.turnLimit, 3, 2))
      #expect(asked.last?.messages.last == .user("Give your answer now, without a further call."))
      #expect(asked.last?.sampling.stop == nil && asked.last?.tools == [])
      let choices = asked.map { $0.schema?["properties"]?["step"]?["anyOf"] != nil }
      #expect(choices == (form == .schema ? [true, true, false] : [false, false, false]))
    }
  }

  @Test func aResultOfItsOwnIsCounted() async throws {
    let (played, _) = try await play([
      "<search>Ada</search><result>Ada</result>", "<answer>Ada</answer> <result>x</result>",
    ])
    #expect((played.forged, played.calls, played.stop) == (2, 1, .answer))
    let (honest, _) = try await play(["<search>Ada", "<answer>Ada</answer>"])
    #expect(honest.forged == 0)
    let call = #"<tool_call>{"name": "search", "arguments": {"query": "a"}}</tool_call>"#
    let (tagged, _) = try await play(
      [call + "<tool_response>x</tool_response>", "<answer>a</answer>"], form: .tags)
    #expect(tagged.forged == 1)
  }
}
