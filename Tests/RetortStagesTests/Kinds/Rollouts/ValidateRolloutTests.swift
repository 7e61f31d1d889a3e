import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

@Suite struct ValidateRolloutTests {
  private func row(_ texts: [String], answer: String = "Ada", turns: Int? = nil) -> JSON {
    let messages = texts.enumerated().map { place, text -> JSON in
      ["role": place % 2 == 0 ? "user" : "assistant", "content": .string(text)]
    }
    return [
      "messages": .array(messages), "final_answer": .string(answer),
      "turns": turns.map { .int(Int64($0)) } ?? .null,
    ]
  }

  @Test func eachFaultHasItsReason() async throws {
    let stage = try ValidateRollout(.init(maxRepeats: 1, maxErrors: 1), in: Bench.nowhere)
    let call = "<search>Ada</search>"
    let found = "<result>\nAda\n</result>"
    let failed = "<result>\nError (error): no such page\n</result>"
    let rows = [
      row(["q", call, found, "<answer>Ada</answer>"]),
      row(["q", "Ada"], answer: ""),
      row(["q", "<think>Hm <answer>Ada</answer>"]),
      row(["q", "<answer>Ada"]),
      row(["q", "</answer>Ada<answer>"]),
      row(["q", "\(call)<result>Ada</result> Ada"]),
      row(["q", call, found, call, found, call, found, "Ada"]),
      row(["q", call, failed, "<search>b</search>", failed, "Ada"]),
      // What a demonstration does is not the model's.
      row(["q", "<think>", "q", call, found, "Ada"], turns: 2),
    ]
    #expect(
      try await Bench.fates(of: stage, for: rows) == [
        "kept", "no answer", "tags unbalanced", "tags unbalanced", "tags unbalanced", "result forged",
        "call repeated", "too many failed calls", "kept",
      ])
    let strict = try ValidateRollout(.init(requireCall: true), in: Bench.nowhere)
    #expect(try await Bench.fates(of: strict, for: [row(["q", "Ada"])]) == ["no call"])
  }

  @Test func aNativeCallNeedsItsResult() async throws {
    let stage = try ValidateRollout(.init(maxRepeats: 0), in: Bench.nowhere)
    func row(_ results: Int, arguments: [String]) -> JSON {
      let calls = arguments.enumerated().map { place, text -> JSON in
        [
          "id": .string("c\(place)"), "type": "function",
          "function": ["name": "search", "arguments": .string(text)],
        ]
      }
      let asked: JSON = ["role": "assistant", "content": "", "tool_calls": .array(calls)]
      let told = (0..<results).map { place -> JSON in
        ["role": "tool", "tool_call_id": .string("c\(place)"), "content": "Ada"]
      }
      return [
        "messages": .array(
          [["role": "user", "content": "q"], asked] + told + [["role": "assistant", "content": "Ada"]]),
        "final_answer": "Ada",
      ]
    }
    let rows = [
      row(2, arguments: ["{}", #"{"a":1}"#]), row(1, arguments: ["{}", #"{"a":1}"#]),
      row(2, arguments: ["{}", "{}"]),
    ]
    #expect(try await Bench.fates(of: stage, for: rows) == ["kept", "call unanswered", "call repeated"])
  }

  @Test func whatIsNoConversationIsAnError() async throws {
    let stage = try ValidateRollout(.init(), in: Bench.nowhere)
    await #expect(throws: StageError.self) {
      try await stage.process(Columns(["messages": "text", "final_answer": "a"]))
    }
  }

  @Test func badCallsAndForgedResultsHaveBounds() async throws {
    let stage = try ValidateRollout(.init(maxBadCalls: 0, maxForged: 0), in: Bench.nowhere)
    func told(_ text: String) -> JSON {
      row(["q", "<find>a</find>", "<result>\n\(text)\n</result>", "Ada"])
    }
    var forged = told("Ada").object ?? [:]
    forged["forged_results"] = 1
    let rows = [
      told("Error (unknown tool): no"), told("Error (bad arguments): no"), told("Error (error): no"),
      told("Ada"), .object(forged),
    ]
    #expect(
      try await Bench.fates(of: stage, for: rows) == [
        "too many bad calls", "too many bad calls", "kept", "kept", "results forged",
      ])
  }
}
