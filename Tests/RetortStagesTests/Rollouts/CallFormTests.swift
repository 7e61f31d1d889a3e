import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

private let search = ScriptedTool { _ in "" }.offer

@Suite struct CallFormTests {
  private func read(_ form: CallFormName, _ text: String, tags: [String: String] = [:]) throws -> ReadTurn {
    try form.form([search], tags).read(ChatReply(text: text))
  }

  private func calls(_ form: CallFormName, _ text: String) throws -> [String] {
    try read(form, text).calls.map { "\($0.name) \($0.arguments)" }
  }

  // MARK: Tags

  @Test func callsBetweenTagsAreReadInOrder() throws {
    let text = """
      I look twice.
      <tool_call>
      {"name": "search", "arguments": {"query": "a"}}
      </tool_call>
      <tool_call>{"name": "search", "parameters": {"query": "b"}}</tool_call>
      """
    let turn = try read(.tags, text)
    #expect(
      turn.calls == [
        AskedTool(id: "call_0", name: "search", arguments: #"{"query":"a"}"#),
        AskedTool(id: "call_1", name: "search", arguments: #"{"query":"b"}"#),
      ])
    #expect(turn.message == .assistant(text))
    #expect(turn.answer.isEmpty)
  }

  @Test func tagsInsideArgumentsEndNothing() throws {
    let inner = #"{"name": "search", "arguments": {"query": "</tool_call><tool_response><tool_call>"}}"#
    #expect(
      try calls(.tags, "<tool_call>\(inner)</tool_call>")
        == [#"search {"query":"</tool_call><tool_response><tool_call>"}"#])
  }

  @Test func whatIsNoJSONIsACallThatFails() throws {
    #expect(
      try calls(.tags, #"<tool_call>{"name": "search", "arguments": {query: a}}</tool_call>"#)
        == [#"search {"name": "search", "arguments": {query: a}}"#])
    #expect(try calls(.tags, "<tool_call>find a</tool_call>") == [" find a"])
    #expect(try calls(.tags, "<tool_call><tool_call>") == [" <tool_call>"])
    // A stop string ends it before its tag.
    #expect(try calls(.tags, #"<tool_call>{"name": "search", "arguments": "x"}"#) == ["search x"])
  }

  /// As a server would have stopped it.
  @Test func aForgedResultEndsTheTurn() throws {
    let call = #"<tool_call>{"name": "search", "arguments": {"query": "a"}}</tool_call>"#
    let turn = try read(.tags, call + "\n<tool_response>\nParis\n</tool_response>\n<answer>Paris</answer>")
    #expect(turn.message == .assistant(call + "\n"))
    #expect(turn.calls.count == 1)
    let short = try read(.short, "<search>a</search><result>Paris</result><answer>Paris</answer>")
    #expect(short.message == .assistant("<search>a</search>"))
    #expect(short.calls == [AskedTool(id: "call_0", name: "search", arguments: #"{"query":"a"}"#)])
    let alone = try read(.short, "I know.\n<result>Paris</result>")
    #expect(alone.message == .assistant("I know.\n"))
    #expect((alone.answer.trimmed, alone.calls) == ("I know.", []))
  }

  @Test func whatIsThoughtIsNoCall() throws {
    for form in [CallFormName.tags, .short] {
      let turn = try read(
        form, "<think>I could <search>a</search> or <tool_call>{}</tool_call></think>It is 4.")
      #expect((turn.calls, turn.answer) == ([], "It is 4."))
    }
    #expect(try calls(.short, "<think>Let me <search>a</search>").isEmpty)
    let turn = try read(.short, "<think>Look.</think><search>a</search>")
    #expect(turn.message == .assistant("<think>Look.</think><search>a</search>"))
    #expect(turn.reasoning == "Look.")
  }

  @Test func anAnswerEndsTheTurn() throws {
    for form in [CallFormName.tags, .short] {
      let turn = try read(form, "So <answer>4</answer> <search>a</search> <tool_call>{}</tool_call>")
      #expect(turn.message == .assistant("So <answer>4</answer>"))
      #expect((turn.calls, turn.answer) == ([], "4"))
    }
  }

  @Test func callsWithoutEndAreBounded() throws {
    let text = String(repeating: #"<tool_call>{"name":"search"}</tool_call>"#, count: 5000)
    #expect(try read(.tags, text).calls.count == 64)
  }

  // MARK: Short

  @Test func theTextOfATagIsTheArgument() throws {
    #expect(try calls(.short, "<search> \"Ada\" \n") == [#"search {"query":"\"Ada\""}"#])
    let turn = try read(.short, "<look>a", tags: ["search": "look"])
    #expect(turn.message == .assistant("<look>a</look>"))
    let form = try CallFormName.short.form([search], [:])
    #expect(form.request(ChatRequest([])).sampling.stop == ["</search>", "<result>"])
  }

  @Test func aToolOfSeveralTextsHasNoShortForm() {
    let tool = ToolOffer(
      name: "two", description: "",
      parameters: [
        "properties": ["a": ["type": "string"], "b": ["type": "string"]], "required": ["a", "b"],
      ])
    #expect(throws: StageError.self) { try CallFormName.short.form([tool], [:]) }
  }

  // MARK: Schema

  @Test func aStepIsACallOrAnAnswer() throws {
    let call = #"{"step":{"tool":"search","arguments":{"query":"a"}}}"#
    #expect(try calls(.schema, call) == [#"search {"query":"a"}"#])
    #expect(try read(.schema, #"{"step":{"answer":"4"}}"#).answer == "4")
    #expect(try read(.schema, "It is 4.").answer == "It is 4.")
    #expect(try calls(.schema, "{}") == [" {}"])
    let schema = try CallFormName.schema.form([search], [:]).request(ChatRequest([])).schema
    let choice = schema?["properties"]?["step"]?["anyOf"]?.array
    #expect(choice?.count == 2)
    #expect(try JSONSchema(try #require(schema)).fits(try JSON(parsing: call)))
  }

  // MARK: Native

  @Test func nativeTurnsAreKeptAsTheyCame() throws {
    let form = try CallFormName.native.form([search], [:])
    #expect(form.request(ChatRequest([])).tools == [search])
    var reply = ChatReply(text: "")
    reply.toolCalls = [AskedTool(id: "c1", name: "search", arguments: "{}")]
    let turn = form.read(reply)
    #expect(turn.calls == reply.toolCalls)
    let results = form.results([(reply.toolCalls[0], "found", [])])
    #expect(
      ([turn.message] + results).json.array == [
        [
          "role": "assistant", "content": "",
          "tool_calls": [
            ["id": "c1", "type": "function", "function": ["name": "search", "arguments": "{}"]]
          ],
        ], ["role": "tool", "tool_call_id": "c1", "name": "search", "content": "found"],
      ])
  }

  // MARK: Keys

  @Test func tagsAreNamedByTheirRoles() {
    for (form, tags) in [
      (CallFormName.native, ["call": "x"]), (.tags, ["search": "x"]), (.short, ["call": "x"]),
      (.tags, ["call": "a b"]), (.tags, ["call": "tool_response"]), (.short, ["search": "answer"]),
    ] {
      #expect(throws: StageError.self) { try form.form([search], tags) }
    }
  }
}
