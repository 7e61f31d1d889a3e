import RetortCore
import Testing

@testable import RetortStages

struct ExportKTOTests {
  private let rows: [JSON] = [
    ["question": "Q?", "completion": "A.", "correct": true, "reward": 0.5],
    ["question": "Q?", "completion": "B.", "correct": 0, "reward": 0.4],
  ]

  private func export(_ config: ExportKTO.Config, _ rows: [JSON]) async throws -> Exported {
    try await Exported.of(rows) { try ExportKTO(config, in: $0) }
  }

  @Test func eachTrainerHasItsShape() async throws {
    let out = try await export(.init(folder: "out", system: "S."), rows)
    let prompt = [Exported.system("S."), Exported.user("Q?")]
    let (a, b) = (Exported.assistant("A."), Exported.assistant("B."))
    #expect(
      try out.lines("trl-train.jsonl") == [
        ["prompt": .array(prompt), "completion": [a], "label": true],
        ["prompt": .array(prompt), "completion": [b], "label": false],
      ])
    #expect(
      try out.lines("chat-train.jsonl") == [
        ["messages": .array(prompt + [a]), "label": true],
        ["messages": .array(prompt + [b]), "label": false],
      ])
    #expect(
      try JSON(parsing: out.text("dataset_info.json"))["chat_train"]?["columns"]
        == ["messages": "messages", "kto_tag": "label"])
  }

  @Test(arguments: [
    ([ExportKTO.Format.trl], ["README.md", "manifest.json", "trl-train.jsonl"]),
    ([.msSwift], ["README.md", "chat-train.jsonl", "manifest.json"]),
  ])
  func filesFollowTheFormats(formats: [ExportKTO.Format], files: [String]) async throws {
    #expect(try await export(.init(folder: "out", formats: formats), rows).files == files)
  }

  @Test func aThresholdMakesLabelsOfNumbers() async throws {
    let out = try await export(.init(folder: "out", formats: [.trl], threshold: 0.5), rows)
    #expect(try out.lines("trl-train.jsonl").map { $0["label"] } == [true, false])
  }

  private static let tools = #"[{"type":"function","function":{"name":"search","description":"Looks up."}}]"#

  /// A rollout as its row has it: examples, a call with its result, and an answer.
  private func rollout(_ answer: String?, correct: JSON = true) -> JSON {
    let call: JSON = [
      "role": "assistant", "content": "",
      "tool_calls": [
        ["id": "a", "type": "function", "function": ["name": "search", "arguments": #"{"query":"x"}"#]]
      ],
    ]
    let result: JSON = ["role": "tool", "tool_call_id": "a", "content": "one"]
    return [
      "question": "Q?",
      "messages": .array(
        [Exported.user("Q?"), call, result] + (answer.map { [Exported.assistant($0)] } ?? [])),
      "tools": .string(Self.tools), "correct": correct,
    ]
  }

  @Test func aRolloutIsJudgedByItsLastAnswer() async throws {
    let plain: JSON = [
      "messages": [Exported.user("Q?"), Exported.assistant("B.")], "tools": .string(Self.tools),
      "correct": false,
    ]
    let out = try await export(
      .init(folder: "out", formats: [.trl, .msSwift]),
      [plain, rollout("A."), rollout(nil), rollout("C.", correct: nil)])
    let prompt: [JSON] = [
      Exported.user("Q?"),
      [
        "role": "assistant", "content": "",
        "tool_calls": [
          ["id": "a", "type": "function", "function": ["name": "search", "arguments": ["query": "x"]]]
        ],
      ], ["role": "tool", "tool_call_id": "a", "name": "search", "content": "one"],
    ]
    let tools = JSON.string(Self.tools)
    // One with a call comes first.
    #expect(
      try out.lines("trl-train.jsonl") == [
        ["prompt": .array(prompt), "completion": [Exported.assistant("A.")], "label": true, "tools": tools],
        [
          "prompt": [Exported.user("Q?")], "completion": [Exported.assistant("B.")], "label": false,
          "tools": tools,
        ],
      ])
    #expect(
      try out.lines("chat-train.jsonl")[0] == [
        "messages": .array(prompt + [Exported.assistant("A.")]), "label": true, "tools": tools,
      ])
    #expect(out.dropped.sorted() == ["answer unreadable", "no answer at the end"])
  }

  @Test func rolloutsAreNoRowsOfLLaMAFactoryNorBesideCompletions() async throws {
    #expect(try await export(.init(folder: "out"), [rollout("A.")]).dropped == ["conversation"])
    let both = try await export(.init(folder: "out", formats: [.trl]), [rollout("A."), rows[0]])
    #expect(both.dropped == ["other kind of row"])
  }

  @Test func labelsThatSayNothingAreDropped() async throws {
    let bad: [JSON] = [
      ["question": "Q?", "completion": "A.", "correct": -1], ["question": "Q?", "completion": "A."],
      ["question": "Q?", "correct": true], ["question": "Q?", "completion": "A.", "correct": nil],
    ]
    let out = try await export(.init(folder: "out"), bad)
    #expect(out.dropped == ["no label", "no label", "no text in completion", "answer unreadable"])
    #expect(try out.files == ["manifest.json"])
  }
}
