import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore

@Suite struct ToolCallsOnWireTests {
  private let model = ModelSpec(alias: "m", name: "m")

  private func request(_ tools: [ToolOffer]) -> ChatRequest {
    var request = ChatRequest([.user("q")])
    request.tools = tools
    return request
  }

  @Test func aRequestWithoutToolsIsWhatItWas() {
    let plain = ChatCompletions().request(ChatRequest([.user("q")]), of: model, for: CallOrigin())
    #expect(ChatCompletions().request(request([]), of: model, for: CallOrigin()).digest == plain.digest)
    #expect(plain.exchange.fields["tools"] == nil)
    #expect(plain.identity["sampling"] == [:])
  }

  @Test func toolsAndTheirTurnsAreSentAndAreInTheIdentity() {
    let offer = ToolOffer(name: "search", description: "Find.", parameters: ["type": "object"])
    var asked = request([offer])
    asked.messages.append(.tool("found", of: AskedTool(id: "c1", name: "search", arguments: "{}")))
    let sent = ChatCompletions().request(asked, of: model, for: CallOrigin())
    #expect(
      sent.exchange.fields["tools"] == [
        [
          "type": "function",
          "function": ["name": "search", "description": "Find.", "parameters": ["type": "object"]],
        ]
      ])
    #expect(
      sent.exchange.fields["messages"]?.array?.last
        == ["role": "tool", "tool_call_id": "c1", "name": "search", "content": "found"])
    #expect(sent.identity["sampling"]?["tools"] == sent.exchange.fields["tools"])
  }

  /// With its signature, so that the provider takes it back, and without what says nothing.
  @Test func callsAreReadAndTheMessageIsKept() throws {
    let body: JSON = [
      "choices": [
        [
          "message": [
            "role": "assistant", "content": nil, "refusal": nil, "annotations": [],
            "reasoning_content": "Hm.",
            "tool_calls": [
              [
                "id": "c1", "type": "function", "index": 0,
                "extra_content": ["google": ["thought_signature": "s"]],
                "function": ["name": "search", "arguments": "{\"query\": \"a\"}"],
              ], ["function": ["name": "open", "arguments": ["page": 1]]],
            ],
          ], "finish_reason": "tool_calls",
        ]
      ]
    ]
    let offer = ToolOffer(name: "search", description: "", parameters: [:])
    let reply = try ChatCompletions().answer(
      request([offer]), in: ReplyBody(text: body.text, json: body), isNew: true)
    #expect(
      reply.toolCalls == [
        AskedTool(id: "c1", name: "search", arguments: "{\"query\": \"a\"}"),
        AskedTool(id: "call_1", name: "open", arguments: "{\"page\":1}"),
      ])
    #expect(reply.flaw == nil)
    #expect(
      reply.turn?.wire == [
        "role": "assistant", "content": "", "reasoning_content": "Hm.",
        "tool_calls": [
          [
            "id": "c1", "type": "function", "index": 0,
            "extra_content": ["google": ["thought_signature": "s"]],
            "function": ["name": "search", "arguments": "{\"query\": \"a\"}"],
          ],
          [
            "function": ["name": "open", "arguments": "{\"page\":1}"], "id": "call_1", "type": "function",
          ],
        ],
      ])
  }
}
