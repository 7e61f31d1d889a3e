import Foundation
import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore

/// Chats and vectors in the words of Anthropic, Gemini and Azure, after their documentation.
@Suite struct ProviderFormatsTests {
  private static func model(_ api: ModelSpec.API, kind: ModelSpec.Kind = .chat) -> ModelSpec {
    var model = ModelSpec(alias: "m", name: "m-1", kind: kind)
    model.api = api
    return model
  }

  private static let search = ToolOffer(
    name: "search", description: "Find.", parameters: ["type": "object", "properties": [:]])
  private static let image = ImageReference(digest: Digest(of: "a"), type: .png, width: 640, height: 480)

  /// All that a chat can be asked for, but what one of them has no words for.
  private static var request: ChatRequest {
    var request = ChatRequest(
      [.system("Be brief."), .user("q")],
      sampling: Sampling(temperature: 0.5, topP: 0.9, maxTokens: 9, stop: ["END"]),
      schema: ["type": "object"])
    request.tools = [search]
    return request
  }

  private func sent(_ request: ChatRequest, _ model: ModelSpec) throws -> (path: String, body: JSON) {
    let format = try #require(WireFormats.format(of: ChatRequest.self, for: model))
    let exchange = format.request(request, of: model, for: CallOrigin()).exchange
    return (exchange.path, exchange.body)
  }

  private func answer(_ text: String, to request: ChatRequest, _ model: ModelSpec) throws -> ChatReply {
    let format = try #require(WireFormats.format(of: ChatRequest.self, for: model))
    return try format.answer(request, in: ReplyBody(text: text, json: try JSON(parsing: text)), isNew: true)
  }

  @Test func anthropicIsAskedInItsWords() throws {
    var model = Self.model(.anthropic)
    model.reasoningEffort = "low"
    model.thinkingBudget = 1024
    let sent = try sent(Self.request, model)
    #expect(sent.path == "messages")
    #expect(
      sent.body == [
        "model": "m-1", "max_tokens": 1033, "system": "Be brief.",
        "messages": [["role": "user", "content": "q"]], "temperature": 0.5, "top_p": 0.9,
        "stop_sequences": ["END"], "thinking": ["type": "enabled", "budget_tokens": 1024],
        "output_config": ["effort": "low", "format": ["type": "json_schema", "schema": ["type": "object"]]],
        "tools": [
          [
            "name": "search", "description": "Find.", "input_schema": ["type": "object", "properties": [:]],
          ]
        ],
      ])
    #expect(try self.sent(ChatRequest([.user("q")]), Self.model(.anthropic)).body["max_tokens"] == 8192)
    #expect(WireFormats.headers(of: model) == ["anthropic-version": "2023-06-01"])
    #expect(WireFormats.keyHeader(of: model)("k").name == "x-api-key")
  }

  private static let anthropicReply = """
    {"type":"message","content":[{"type":"thinking","thinking":"Hm.","signature":"s1"},{"type":"text","text":"I look."},\
    {"type":"tool_use","id":"t1","name":"search","input":{"query":"x"}},{"type":"tool_use","id":"t2","name":"search",\
    "input":{}}],"stop_reason":"tool_use","usage":{"input_tokens":10,"cache_read_input_tokens":4,\
    "cache_creation_input_tokens":2,"output_tokens":7}}
    """

  @Test func anthropicsTurnsGoBackAsTheyCame() throws {
    let model = Self.model(.anthropic)
    let reply = try answer(Self.anthropicReply, to: Self.request, model)
    #expect((reply.text, reply.reasoning, reply.end) == ("I look.", "Hm.", .whole))
    #expect(
      reply.toolCalls == [
        AskedTool(id: "t1", name: "search", arguments: #"{"query":"x"}"#),
        AskedTool(id: "t2", name: "search", arguments: "{}"),
      ])
    let json = try JSON(parsing: Self.anthropicReply)
    #expect(
      AnthropicMessages().usage(in: json)
        == Usage(promptTokens: 16, completionTokens: 7, cachedTokens: 4, writtenTokens: 2))
    var next = Self.request
    next.messages += [
      try #require(reply.turn), .tool("one", of: reply.toolCalls[0]), .tool("two", of: reply.toolCalls[1]),
    ]
    #expect(
      try sent(next, model).body["messages"]?.array?.dropFirst() == [
        ["role": "assistant", "content": json["content"] ?? .null],
        [
          "role": "user",
          "content": [
            ["type": "tool_result", "tool_use_id": "t1", "content": "one"],
            ["type": "tool_result", "tool_use_id": "t2", "content": "two"],
          ],
        ],
      ])
    // Where others kept the turn, its calls are written anew.
    let turn = try #require(reply.turn?.wire?.object).filter { $0.key != "content_blocks" }
    next.messages[2].wire = .object(turn)
    #expect(
      try sent(next, model).body["messages"]?.array?[1] == [
        "role": "assistant",
        "content": [
          ["type": "text", "text": "I look."],
          ["type": "tool_use", "id": "t1", "name": "search", "input": ["query": "x"]],
          ["type": "tool_use", "id": "t2", "name": "search", "input": [:]],
        ],
      ])
  }

  @Test(arguments: [
    (
      #"{"type":"message","content":[{"type":"text","text":"a"}],"stop_reason":"max_tokens"}"#,
      ReplyEnd.truncated
    ),
    (#"{"type":"message","content":[],"stop_reason":"refusal"}"#, .refused),
    (#"{"type":"message","content":[{"type":"text","text":"a"}],"stop_reason":"end_turn"}"#, .whole),
  ])
  func anthropicSaysHowAReplyEnded(body: String, end: ReplyEnd) throws {
    #expect(try answer(body, to: ChatRequest([.user("q")]), Self.model(.anthropic)).end == end)
  }

  @Test func geminiIsAskedInItsWords() throws {
    var model = Self.model(.gemini)
    model.thinkingBudget = 100
    var request = Self.request
    request.sampling.seed = 7
    request.draw = 2
    request.topLogprobs = 3
    let sent = try sent(request, model)
    #expect(sent.path == "models/m-1:generateContent")
    #expect(
      sent.body == [
        "systemInstruction": ["parts": [["text": "Be brief."]]],
        "contents": [["role": "user", "parts": [["text": "q"]]]],
        "generationConfig": [
          "temperature": 0.5, "topP": 0.9, "maxOutputTokens": 109, "stopSequences": ["END"], "seed": 9,
          "responseMimeType": "application/json", "responseJsonSchema": ["type": "object"],
          "responseLogprobs": true, "logprobs": 3,
          "thinkingConfig": ["thinkingBudget": 100, "includeThoughts": true],
        ],
        "tools": [
          [
            "functionDeclarations": [
              [
                "name": "search", "description": "Find.",
                "parametersJsonSchema": ["type": "object", "properties": [:]],
              ]
            ]
          ]
        ],
      ])
    #expect(WireFormats.keyHeader(of: model)("k").name == "x-goog-api-key")
  }

  @Test func geminisTurnsGoBackAsTheyCame() throws {
    let model = Self.model(.gemini)
    let body = """
      {"candidates":[{"content":{"role":"model","parts":[{"text":"Hm.","thought":true},{"text":"I look."},\
      {"functionCall":{"name":"search","args":{"query":"x"}},"thoughtSignature":"s1"}]},"finishReason":"STOP",\
      "logprobsResult":{"chosenCandidates":[{"token":"I","logProbability":-0.5}],\
      "topCandidates":[{"candidates":[{"token":"I","logProbability":-0.5},{"token":"We","logProbability":-2}]}]}}],\
      "usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":5,"thoughtsTokenCount":3,"cachedContentTokenCount":4}}
      """
    let reply = try answer(body, to: Self.request, model)
    #expect((reply.text, reply.reasoning, reply.end) == ("I look.", "Hm.", .whole))
    #expect(reply.logprobs == [TokenLogprob("I", -0.5, top: [.init("I", -0.5), .init("We", -2)])])
    #expect(reply.toolCalls == [AskedTool(id: "call_0", name: "search", arguments: #"{"query":"x"}"#)])
    let json = try JSON(parsing: body)
    #expect(
      GeminiContents().usage(in: json) == Usage(promptTokens: 10, completionTokens: 8, cachedTokens: 4))
    var next = Self.request
    next.messages += [try #require(reply.turn), .tool("one", of: reply.toolCalls[0])]
    #expect(
      try sent(next, model).body["contents"]?.array?.dropFirst() == [
        ["role": "model", "parts": json["candidates"]?.array?[0]["content"]?["parts"] ?? .null],
        [
          "role": "user", "parts": [["functionResponse": ["name": "search", "response": ["result": "one"]]]],
        ],
      ])
  }

  @Test func geminiSaysWhyItSaysNothing() throws {
    let request = ChatRequest([.user("q")])
    let blocked = try answer(
      #"{"promptFeedback":{"blockReason":"SAFETY"}}"#, to: request, Self.model(.gemini))
    #expect(blocked.end == .refused)
    let cut = try answer(
      #"{"candidates":[{"content":{},"finishReason":"MAX_TOKENS"}]}"#, to: request, Self.model(.gemini))
    #expect(cut.end == .truncated)
    #expect(throws: ModelError.self) { try answer("{}", to: request, Self.model(.gemini)) }
  }

  @Test func geminisVectorsAreReadInTheirOrder() throws {
    let model = Self.model(.gemini, kind: .embedding)
    let format = try #require(WireFormats.format(of: EmbeddingRequest.self, for: model))
    let request = EmbeddingRequest(["a", "b"])
    let exchange = format.request(request, of: model, for: CallOrigin()).exchange
    #expect(exchange.path == "models/m-1:batchEmbedContents")
    #expect(
      exchange.body == [
        "requests": [
          ["model": "models/m-1", "content": ["parts": [["text": "a"]]]],
          ["model": "models/m-1", "content": ["parts": [["text": "b"]]]],
        ]
      ])
    let text = #"{"embeddings":[{"values":[1,0]},{"values":[0,1]}]}"#
    let vectors = try format.answer(
      request, in: ReplyBody(text: text, json: try JSON(parsing: text)), isNew: true)
    #expect(vectors == [[1, 0], [0, 1]])
    #expect(
      WireFormats.format(of: EmbeddingRequest.self, for: Self.model(.anthropic, kind: .embedding)) == nil)
  }

  @Test func azureHasTwoKindsOfAddresses() throws {
    var model = Self.model(.azure)
    #expect(try sent(ChatRequest([.user("q")]), model).path == "chat/completions")
    model.apiVersion = "2024-10-21"
    let classic = try sent(ChatRequest([.user("q")]), model)
    #expect(classic.path == "/openai/deployments/m-1/chat/completions?api-version=2024-10-21")
    #expect(
      HTTPCaller.url(base: "https://r.openai.azure.com", path: classic.path)
        == "https://r.openai.azure.com/openai/deployments/m-1/chat/completions?api-version=2024-10-21")
    #expect(classic.body == ["model": "m-1", "messages": [["role": "user", "content": "q"]]])
    #expect(WireFormats.keyHeader(of: model)("k").name == "api-key")
  }

  @Test(arguments: [ModelSpec.API.openai, .anthropic, .gemini, .azure])
  func imagesAreShownInTheWordsOfEach(api: ModelSpec.API) async throws {
    let shelf = MemoryImages()
    let image = try await shelf.keep(Drawn.png(4, 3))
    let request = ChatRequest([.user([.text("See:"), .image(image)])])
    let model = Self.model(api)
    let format = try #require(WireFormats.format(of: ChatRequest.self, for: model))
    let exchange = format.request(request, of: model, for: CallOrigin()).exchange
    #expect(exchange.text.contains(image.digest.hex))
    let shown = try await exchange.showing(shelf).text
    #expect(!shown.contains(image.digest.hex))
    #expect(shown.contains(Drawn.png(4, 3).base64EncodedString().prefix(40)))
  }

  @Test func whatAFormatHasNoWordsForIsRefused() throws {
    func refusal(_ api: ModelSpec.API, _ change: (inout ChatRequest) -> Void) -> String? {
      var request = ChatRequest([.user("q")])
      change(&request)
      let model = Self.model(api)
      let format = WireFormats.format(of: ChatRequest.self, for: model)
      do { try format?.refuse(request, to: model) } catch { return (error as? ModelError)?.message }
      return nil
    }
    #expect(
      refusal(.anthropic) { $0.sampling.seed = 1 }
        == "'seed' is nothing that the API 'anthropic' of model 'm' has words for; leave it out, or say `omit: [seed]` "
        + "under the model")
    #expect(refusal(.anthropic) { $0.topLogprobs = 1 } != nil)
    #expect(
      refusal(.anthropic) { $0.sampling.temperature = 1.5 }
        == "expected a temperature from 0 to 1 for the API 'anthropic' of model 'm', found 1.5")
    #expect(refusal(.anthropic) { $0.sampling.temperature = 1 } == nil)
    #expect(refusal(.gemini) { $0.sampling.seed = 1 } == nil)
    #expect(refusal(.gemini) { $0.messages.append(.assistant("The answer is")) } != nil)
    #expect(refusal(.openai) { $0.sampling.seed = 1 } == nil)
  }

  @Test func fieldsOfTheFileStandBesideThoseOfTheStage() throws {
    var model = Self.model(.gemini)
    model.extraBody = ["generationConfig": ["topK": 5, "topP": 1]]
    let sent = try sent(ChatRequest([.user("q")], sampling: Sampling(temperature: 0.5, topP: 0.9)), model)
    #expect(sent.body["generationConfig"] == ["temperature": 0.5, "topP": 1, "topK": 5])
    model.api = .openai
    model.extraBody = ["response_format": ["type": "text"]]
    let plain = try self.sent(ChatRequest([.user("q")], schema: ["type": "object"]), model)
    #expect(plain.body["response_format"] == ["type": "text"])
  }

  @Test func anApiIsInTheKeyWhereItIsNotTheUsualOne() {
    let plain = ModelSpec(alias: "m", name: "m-1")
    #expect(Self.model(.openai).identity == plain.identity)
    #expect(Self.model(.gemini).identity == ["name": "m-1", "kind": "chat", "api": "gemini"])
    var thinking = plain
    thinking.reasoningEffort = "low"
    #expect(thinking.identity == ["name": "m-1", "kind": "chat", "reasoning_effort": "low"])
  }

  @Test func writtenTokensHaveTheirPrice() {
    let price = ModelSpec.Price(input: 3, output: 15, cachedInput: 0.3, writtenInput: 3.75)
    let usage = Usage(
      promptTokens: 1_000_000, completionTokens: 0, cachedTokens: 400_000, writtenTokens: 200_000)
    #expect(abs(price.usd(usage) - (0.4 * 3 + 0.4 * 0.3 + 0.2 * 3.75)) < 1e-9)
  }
}
