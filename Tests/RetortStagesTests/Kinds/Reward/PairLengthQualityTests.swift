import Foundation
import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

@Suite struct PairLengthQualityTests {
  @Test func makesPairsOfWhatTheyShare() async throws {
    let stage = try PairLengthQuality(.init(), in: Bench.nowhere)
    func row(_ text: String, _ correct: Bool, _ length: Int64) -> JSON {
      [
        "group": "g", "question": "q", "completion": .string(text), "correct": .bool(correct),
        "length": .int(length),
      ]
    }
    let answers = try await GroupAnswers(
      stage, [row("long", true, 9), row("wrong", false, 1), row("short", true, 3)])
    #expect(
      answers.made == [
        [
          "group": "g", "question": "q", "chosen": "long", "rejected": "wrong", "pair_weight": 10.0,
          "pair_relation": "better",
        ],
        [
          "group": "g", "question": "q", "correct": true, "chosen": "short", "rejected": "long",
          "pair_weight": 1.0, "pair_relation": "shorter",
        ],
        [
          "group": "g", "question": "q", "chosen": "short", "rejected": "wrong", "pair_weight": 10.0,
          "pair_relation": "better",
        ],
      ])
    #expect(answers.members == [[0, 1], [0, 2], [1, 2]])
    let useless = try await GroupAnswers(stage, [row("x", false, 9), row("y", false, 1)])
    #expect(useless.consumed == [0, 1] && useless.made.isEmpty)
    let textless = try await GroupAnswers(stage, [["group": 1, "correct": true, "length": 1]])
    #expect(textless.dropped == [0: "no completion"])
  }

  @Test func completionsThatWhiteSpaceAloneTellsApartAreNoPair() async throws {
    let stage = try PairLengthQuality(.init(), in: Bench.nowhere)
    func row(_ text: String, _ correct: Bool, _ length: Int64) -> JSON {
      ["group": "g", "completion": .string(text), "correct": .bool(correct), "length": .int(length)]
    }
    let answers = try await GroupAnswers(
      stage, [row("B", true, 1), row("B \n", true, 2), row("C", false, 1)])
    #expect(answers.members == [[0, 2], [1, 2]])
    let alone = try await GroupAnswers(stage, [row("B", true, 1), row("B\n", true, 2)])
    #expect(alone.made.isEmpty && alone.dropped == [0: "equal pair", 1: "equal pair"])
  }

  @Test func rolloutsWithToolsArePairedByTheirConversations() async throws {
    let stage = try PairLengthQuality(.init(), in: Bench.nowhere)
    func messages(_ id: String, _ answer: String) -> JSON {
      [
        ["role": "user", "content": "q"],
        [
          "role": "assistant", "content": "",
          "tool_calls": [["id": .string(id), "function": ["name": "search"]]],
        ],
        ["role": "tool", "tool_call_id": .string(id), "content": "r"],
        ["role": "assistant", "content": .string(answer)],
      ]
    }
    func row(_ id: String, _ answer: String, _ correct: Bool, _ length: Int64) -> JSON {
      [
        "group": "g", "messages": messages(id, answer), "tools": "[]", "correct": .bool(correct),
        "length": .int(length),
      ]
    }
    let answers = try await GroupAnswers(
      stage, [row("a", "A", true, 9), row("b", "B", false, 9), row("c", "A", true, 3)])
    #expect(
      answers.made.map { [$0["chosen"], $0["rejected"], $0["tools"]] } == [
        [messages("a", "A"), messages("b", "B"), "[]"], [messages("c", "A"), messages("b", "B"), "[]"],
      ])
  }
}
