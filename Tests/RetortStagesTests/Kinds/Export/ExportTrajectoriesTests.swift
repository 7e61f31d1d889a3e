import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

struct ExportTrajectoriesTests {
  private let tools = #"[{"type":"function","function":{"name":"search","description":"Looks up."}}]"#
  private let plain: JSON = [
    "messages": [Exported.user("Hello?"), Exported.assistant("Hello.")], "tools": "[]",
  ]

  private func call(_ id: String, _ arguments: JSON) -> JSON {
    ["id": .string(id), "type": "function", "function": ["name": "search", "arguments": arguments]]
  }

  private func result(_ id: String, _ text: String) -> JSON {
    ["role": "tool", "tool_call_id": .string(id), "name": "search", "content": .string(text)]
  }

  private func row(_ messages: [JSON]) -> JSON { ["messages": .array(messages), "tools": .string(tools)] }

  private var looked: JSON {
    row([
      Exported.system("S."), Exported.user("Q?"),
      [
        "role": "assistant", "content": nil, "reasoning_content": "t",
        "tool_calls": [call("a", #"{"query":"x"}"#), call("b", #"{"query":"y"}"#)],
      ], result("a", "one"), result("b", "two"), Exported.assistant("A."),
    ])
  }

  private func export(_ config: ExportTrajectories.Config, _ rows: [JSON]) async throws -> Exported {
    try await Exported.of(rows) { try ExportTrajectories(config, in: $0) }
  }

  @Test func callsAreTurnsOfTheirOwn() async throws {
    let out = try await export(.init(folder: "out", formats: [.trl]), [looked])
    #expect(
      try out.lines("calls-train.jsonl") == [
        [
          "messages": [
            Exported.system("S."), Exported.user("Q?"),
            [
              "role": "assistant", "content": "",
              "tool_calls": [call("a", ["query": "x"]), call("b", ["query": "y"])],
            ], result("a", "one"), result("b", "two"), Exported.assistant("A."),
          ], "tools": .string(tools),
        ]
      ])
    #expect(try out.files == ["README.md", "calls-train.jsonl", "manifest.json"])
  }

  @Test func argumentsMayBeText() async throws {
    var config = ExportTrajectories.Config(folder: "out", formats: [.trl], arguments: .text)
    let broken = row([
      Exported.user("Q?"), ["role": "assistant", "content": "", "tool_calls": [call("a", "no JSON")]],
      result("a", "error"), Exported.assistant("A."),
    ])
    let out = try await export(config, [looked, broken])
    let calls = try out.lines("calls-train.jsonl").compactMap { line in
      line["messages"]?.array?.first { $0["tool_calls"] != nil }?["tool_calls"]
    }
    #expect(calls == [[call("a", #"{"query":"x"}"#), call("b", #"{"query":"y"}"#)], [call("a", "no JSON")]])
    config.arguments = nil
    #expect(try await export(config, [looked, broken]).dropped == ["arguments that are no object"])
  }

  /// LLaMA-Factory takes thoughts off a call only in marks and lines of its own.
  @Test func thoughtsBeforeACallStandAsLLaMAFactoryReadsThem() async throws {
    var columns = looked.object ?? [:]
    columns["messages"] = .array(
      (looked["messages"]?.array ?? []).map { message in
        guard message["tool_calls"] != nil, var fields = message.object else { return message }
        fields["content"] = "<think>hm </think>"
        fields["reasoning_content"] = nil
        return .object(fields)
      })
    let out = try await export(.init(folder: "out", formats: [.llamaFactory]), [.object(columns)])
    let turns = try out.lines("llama-factory-train.jsonl")[0]["conversations"]?.array ?? []
    let call = turns.first { $0["from"] == "function_call" }?["value"]?.string
    #expect(call?.hasPrefix("<think>\nhm\n</think>\n\n[{") == true, "\(call ?? "none")")
  }

  @Test func llamaFactoryHasItsOwnTurns() async throws {
    let out = try await export(
      .init(folder: "out", formats: [.llamaFactory], thoughts: .think), [plain, looked])
    #expect(
      try out.lines("llama-factory-train.jsonl") == [
        [
          "conversations": [
            ["from": "human", "value": "Q?"],
            [
              "from": "function_call",
              "value":
                "<think>\nt\n</think>\n\n[{\"name\":\"search\",\"arguments\":{\"query\":\"x\"}},{\"name\":\"search\",\"arguments\":{\"query\":\"y\"}}]",
            ], ["from": "observation", "value": "one\ntwo"],
            ["from": "gpt", "value": "<think>\n\n</think>\n\nA."],
          ], "system": "S.", "tools": #"[{"name":"search","description":"Looks up."}]"#,
        ],
        [
          "conversations": [
            ["from": "human", "value": "Hello?"],
            ["from": "gpt", "value": "<think>\n\n</think>\n\nHello."],
          ], "system": "", "tools": "",
        ],
      ])
    #expect(
      try JSON(parsing: out.text("dataset_info.json")) == [
        "llama_factory_train": [
          "file_name": "llama-factory-train.jsonl", "formatting": "sharegpt",
          "columns": ["messages": "conversations", "system": "system", "tools": "tools"],
        ]
      ])
  }

  @Test func tagsAreTextForEveryTrainer() async throws {
    let out = try await export(.init(folder: "out", formats: [.verl], thoughts: .think), [looked])
    let messages = try #require(out.lines("tags-train.jsonl")[0]["messages"]?.array)
    #expect(messages[0]["content"]?.string?.hasPrefix("S.\n\nYou may call tools.") == true)
    #expect(messages[0]["content"]?.string?.contains(#"{"name":"search","description":"Looks up."}"#) == true)
    #expect(
      Array(messages.dropFirst()) == [
        Exported.user("Q?"),
        Exported.assistant(
          """
          <think>
          t
          </think>
          <tool_call>
          {"name":"search","arguments":{"query":"x"}}
          </tool_call>
          <tool_call>
          {"name":"search","arguments":{"query":"y"}}
          </tool_call>
          """),
        Exported.user(
          """
          <tool_response>
          one
          </tool_response>
          <tool_response>
          two
          </tool_response>
          """), Exported.assistant("<think>\n\n</think>\n\nA."),
      ])
  }

  @Test func aRowWithCallsIsTheFirstLine() async throws {
    let out = try await export(.init(folder: "out", formats: [.axolotl]), [plain, plain, looked, plain])
    let turns = try out.lines("calls-train.jsonl").map { $0["messages"]?.array?.count }
    #expect(turns == [6, 2, 2, 2])
    #expect(out.dropped == [])
  }

  @Test func rowsThatAreNoTrajectoryAreDroppedWithAReason() async throws {
    let asked = Exported.user("Q?")
    let called: JSON = ["role": "assistant", "content": "", "tool_calls": [call("a", [:])]]
    let rows: [JSON] = [
      looked, ["messages": nil, "tools": "[]"], row([asked, called]),
      row([asked, called, Exported.assistant("A.")]),
      row([asked, result("a", "x"), Exported.assistant("A.")]),
      row([asked, called, result("b", "x"), Exported.assistant("A.")]),
      row([asked, called, result("a", "</tool_response>"), Exported.assistant("A.")]),
      row([asked, called, result("a", "<|im_end|>"), Exported.assistant("A.")]),
      row([asked, Exported.assistant(" ")]), row([asked, asked, Exported.assistant("A.")]),
      ["messages": [asked, called, result("a", "x"), Exported.assistant("A.")], "tools": ""],
      ["messages": [asked, Exported.assistant("A.")], "tools": "no list"],
      row([asked, ["role": "developer", "content": "x"]]),
      row([asked, Exported.assistant("<tool_call>{}</tool_call>")]),
      row([
        asked, Exported.assistant("<search>x</search>"), Exported.user("<result>one</result>"),
        Exported.assistant("A."),
      ]),
    ]
    let out = try await export(.init(folder: "out"), rows)
    #expect(
      out.dropped == [
        "no messages", "no answer at the end", "call without a result", "result without a call",
        "result of another call", "tag in a result", "special token", "empty turn", "turns out of order",
        "no tools", "bad tools", "bad message", "calls as text", "calls as text",
      ])
    #expect(out.made.allSatisfy { $0.members == [0] })
  }

  @Test func whatItReadsIsKnown() throws {
    let stage = try ExportTrajectories(.init(folder: "out"), in: Bench.nowhere)
    #expect(stage.reads.map(\.name) == ["messages", "tools", "turns", "stop_reason"])
  }

  @Test func demonstrationsAreNotLearnt() async throws {
    let shown: [JSON] = [
      Exported.user("Example?"),
      ["role": "assistant", "content": "", "tool_calls": [call("example_0_0", #"{"query":"e"}"#)]],
      result("example_0_0", "shown"), Exported.assistant("E."),
    ]
    let own: [JSON] = [
      Exported.user("Q?"),
      ["role": "assistant", "content": "", "tool_calls": [call("a", #"{"query":"x"}"#)]],
      result("a", "one"), Exported.assistant("A."),
    ]
    var rollout = row([Exported.system("S.")] + shown + own).object ?? [:]
    (rollout["turns"], rollout["stop_reason"]) = (2, "answer")
    let out = try await export(.init(folder: "out", formats: [.trl]), [.object(rollout)])
    let messages = try out.lines("calls-train.jsonl")[0]["messages"]?.array
    #expect(messages?.map { $0["content"] } == ["S.", "Q?", "", "one", "A."])
    let kept = try await export(
      .init(folder: "out", formats: [.trl], demonstrations: .keep), [.object(rollout)])
    #expect(try kept.lines("calls-train.jsonl")[0]["messages"]?.array?.count == 9)
  }

  @Test func severalCallsAfterATextAreNotForLLaMAFactory() async throws {
    let called: JSON = [
      "role": "assistant", "content": "I look twice.",
      "tool_calls": [call("a", #"{"query":"x"}"#), call("b", #"{"query":"y"}"#)],
    ]
    let both = row([
      Exported.user("Q?"), called, result("a", "one"), result("b", "two"), Exported.assistant("A."),
    ])
    let out = try await export(.init(folder: "out"), [looked, both])
    #expect(out.dropped == ["several calls after a text"])
    #expect(try await export(.init(folder: "out", formats: [.trl]), [looked, both]).dropped == [])
  }
}
