import Foundation
import RetortTestSupport
import Testing

@testable import RetortCore

private func reward(_ kind: ModelSpec.Kind, replying body: String) throws -> (any RewardModel, ScriptedCaller)
{
  let caller = ScriptedCaller { _, _ in RawReply(body: body) }
  return (
    try #require(AskedModel<RewardRequest>(ModelSpec(alias: "r", name: "rm", kind: kind), through: caller)),
    caller
  )
}

struct ChatCompletionsTests {
  private static func chat(
    _ model: ModelSpec = ModelSpec(alias: "t", name: "m"), through caller: any Caller
  ) throws -> any ChatModel { try #require(AskedModel<ChatRequest>(model, through: caller)) }

  private func send(_ request: ChatRequest, _ model: ModelSpec = ModelSpec(alias: "t", name: "m"))
    async throws
    -> ModelRequest
  {
    let caller = ScriptedCaller { _, _ in
      RawReply(body: #"{"choices":[{"message":{"content":"ok"}}]}"#)
    }
    _ = try await Self.chat(model, through: caller).reply(to: request)
    return try #require(caller.calls.first)
  }

  @Test func writesEverythingThatWasAsked() async throws {
    var model = ModelSpec(alias: "t", name: "m")
    model.extraBody = try #require((["top_k": 20] as JSON).object)
    let request = ChatRequest(
      [.system("s"), .user("u")],
      sampling: Sampling(temperature: 0.5, topP: 0.9, seed: 7, maxTokens: 64, stop: ["END"]),
      schema: ["type": "object"], topLogprobs: 5, draw: 2)
    let call = try await send(request, model)
    let expected: JSON = [
      "model": "m",
      "messages": [["role": "system", "content": "s"], ["role": "user", "content": "u"]],
      "temperature": 0.5, "top_p": 0.9, "max_tokens": 64, "stop": ["END"],
      "response_format": [
        "type": "json_schema",
        "json_schema": ["name": "reply", "strict": true, "schema": ["type": "object"]],
      ],
      "logprobs": true, "top_logprobs": 5, "seed": 9, "top_k": 20,
    ]
    #expect(call.body.canonical == expected.canonical)
    #expect(call.path == "chat/completions")
    #expect(call.estimate.completionTokens == 64)
  }

  @Test func eachDrawIsRememberedByItself() async throws {
    let first = try await send(ChatRequest([.user("u")]))
    let second = try await send(ChatRequest([.user("u")], draw: 1))
    #expect(first.digest != second.digest)
    #expect(first.body == second.body)
    var elsewhere = ModelSpec(alias: "other", name: "m")
    elsewhere.endpoint = "http://elsewhere"
    #expect(try await send(ChatRequest([.user("u")]), elsewhere).digest == first.digest)
  }

  @Test func readsTheWholeReply() async throws {
    let body = """
      {"choices":[{"message":{"content":"ok","reasoning_content":"hm"},"finish_reason":"length","logprobs":
      {"content":[{"token":"ok","logprob":-0.5,"top_logprobs":[{"token":"ok","logprob":-0.5}]}]}}]}
      """
    let usage = Usage(promptTokens: 3, completionTokens: 1, cachedTokens: 2)
    let caller = ScriptedCaller { _, _ in RawReply(body: body, usage: usage, call: 12) }
    let reply = try await Self.chat(through: caller)
      .reply(to: ChatRequest([.user("u")]))
    #expect(
      reply
        == ChatReply(
          text: "ok", reasoning: "hm", finishReason: "length",
          logprobs: [TokenLogprob("ok", -0.5, top: [.init("ok", -0.5)])], usage: usage, call: "12"))
  }

  @Test(arguments: [
    (#"{"content":null,"refusal":"no"},"finish_reason":"stop""#, "no", "refusal", "reply refused"),
    (#"{"content":"half"},"finish_reason":"content_filter""#, "half", "content_filter", "reply refused"),
    (#"{"content":"ha"},"finish_reason":"length""#, "ha", "length", "reply truncated"),
    (#"{"content":"all","refusal":null},"finish_reason":"stop""#, "all", "stop", nil),
  ])
  func saysWhatIsWrongWithAText(choice: String, text: String, finish: String, flaw: String?) async throws {
    let caller = ScriptedCaller { _, _ in RawReply(body: #"{"choices":[{"message":\#(choice)}]}"#) }
    let reply = try await Self.chat(through: caller)
      .reply(to: ChatRequest([.user("u")]))
    #expect(reply == ChatReply(text: text, finishReason: finish))
    #expect(reply.flaw == flaw)
  }

  @Test(arguments: ["{}", #"{"choices":null}"#, #"{"choices":[]}"#, #"{"choices":[{"index":0}]}"#])
  func anAnswerWithoutAMessageIsRefusedBeforeItIsKept(body: String) async {
    let caller = ScriptedCaller { call, _ in
      _ = try call.exchange.read(ReplyBody(text: body, json: try JSON(parsing: body)))
      return RawReply(body: "kept")
    }
    await #expect(throws: ModelError(.malformed, "expected choices[0].message, found: \(body)")) {
      try await Self.chat(through: caller)
        .reply(to: ChatRequest([.user("u")]))
    }
  }

  @Test func aReplyWithoutChoicesIsMalformed() async {
    let caller = ScriptedCaller { _, _ in RawReply(body: #"{"choices":[]}"#) }
    await #expect(
      throws: ModelError(
        .malformed, #"expected choices[0].message, found: {"choices":[]}"#)
    ) {
      try await Self.chat(through: caller)
        .reply(to: ChatRequest([.user("u")]))
    }
  }
}

struct EmbeddingsTests {
  @Test func asksOnlyForTextsItDoesNotRemember() async throws {
    let memory = DictionaryMemory()
    let inner = ScriptedCaller { call, _ in
      let texts = (call.body["input"]?.array ?? []).compactMap(\.string)
      // Out of order on purpose: `index` says which is which.
      let data = texts.enumerated().reversed().map { place, text in
        ["index": .int(Int64(place)), "embedding": [.double(Double(text.utf8.count)), 0.5]] as JSON
      }
      let body: JSON = ["data": .array(data)]
      return RawReply(body: body.text, usage: Usage(promptTokens: 7))
    }
    let model = try #require(
      Embeddings(
        ModelSpec(alias: "e", name: "e", kind: .embedding),
        through: EmbeddingRecorder(inner, memory: memory), memory: memory))
    #expect(try await model.embed(["a", "bb", "a"]) == [[1, 0.5], [2, 0.5], [1, 0.5]])
    #expect(try await model.embed(["bb", "ccc"]) == [[2, 0.5], [3, 0.5]])
    #expect(inner.calls.map { $0.body["input"] } == [["a", "bb"], ["ccc"]])
    #expect(memory.count == 3)
  }

  @Test func aMissingVectorIsMalformed() async throws {
    let memory = DictionaryMemory()
    let inner = ScriptedCaller { _, _ in RawReply(body: #"{"data":[]}"#) }
    let model = try #require(
      Embeddings(
        ModelSpec(alias: "e", name: "e", kind: .embedding),
        through: EmbeddingRecorder(inner, memory: memory), memory: memory))
    await #expect(
      throws: ModelError(.malformed, "expected 1 vectors under 'data', found: {\"data\":[]}", usage: Usage())
    ) { try await model.embed(["a"]) }
  }
}

struct RewardEndpointTests {
  private let conversation: [ChatMessage] = [.user("q"), .assistant("a")]

  @Test(arguments: [
    (ModelSpec.Kind.vllmPooling, #"{"data":[{"data":[0.0]}]}"#),
    (.vllmPooling, #"{"data":[{"data":[[3.0],[0.0]]}]}"#),
    (.vllmClassify, #"{"data":[{"probs":[0.0]}]}"#), (.vllmScore, #"{"data":[{"score":0}]}"#),
    (.sglangClassify, #"{"embedding":[0.0]}"#), (.sglangClassify, #"[{"embedding":[0.0]}]"#),
    (.teiPredict, #"[[{"score":0.0,"label":"LABEL_0"}]]"#), (.openrlhf, #"{"rewards":[0.0]}"#),
  ])
  func readsARawScore(kind: ModelSpec.Kind, body: String) async throws {
    let (model, _) = try reward(kind, replying: body)
    #expect(
      try await model.score(conversation) == RewardScore(logit: 0, probability: 0.5, scale: "raw"))
  }

  @Test func undoesAnActivationThatCannotBeHelped() async throws {
    let (model, _) = try reward(.vllmClassify, replying: #"{"data":[{"probs":[0.25,0.75]}]}"#)
    let score = try await model.score(conversation)
    #expect(score.scale == "sigmoid-undone")
    #expect(abs(score.logit - log(3)) < 1e-12)
    #expect(score.probability == 0.75)
  }

  @Test func asksForRawScores() async throws {
    let (model, caller) = try reward(.teiPredict, replying: #"[[{"score":1.5,"label":"LABEL_0"}]]"#)
    _ = try await model.score(conversation)
    #expect(caller.calls.map(\.path) == ["/predict"])
    #expect(
      caller.calls.map(\.body) == [["inputs": [["q", "a"]], "raw_scores": true, "truncate": true]])
  }

  @Test func aConversationMustEndWithItsAnswer() async throws {
    let (model, _) = try reward(.openrlhf, replying: "{}")
    await #expect(
      throws: ModelError(.unsupported, "expected a conversation that ends with the assistant's turn")
    ) { try await model.score([.user("q")]) }
  }
}

struct JudgeTests {
  @Test func sumsTheSpellings() throws {
    let reply = ChatReply(
      text: "Yes",
      logprobs: [
        TokenLogprob(
          "Yes", log(0.5),
          top: [
            .init("Yes", log(0.5)), .init(" yes", log(0.1)), .init("NO\n", log(0.2)),
            .init("maybe", log(0.1)),
          ])
      ])
    let score = try Judge.score(reply)
    #expect(abs(score.logit - log(3)) < 1e-12)
    #expect(abs(score.probability - 0.75) < 1e-12)
    #expect(score.scale == "logprob-odds")
  }

  @Test func boundsTheWordThatIsNotShown() throws {
    let reply = ChatReply(
      text: "yes",
      logprobs: [TokenLogprob("yes", log(0.9), top: [.init("yes", log(0.9)), .init("ok", log(0.04))])])
    #expect(abs(try Judge.score(reply).logit - log(0.9 / 0.04)) < 1e-9)
  }

  @Test func neitherWordIsUnsupported() {
    let reply = ChatReply(text: "maybe", logprobs: [TokenLogprob("maybe", -0.1)])
    #expect(
      throws: ModelError(
        .unsupported, "expected yes or no among the judge's first tokens, found 'maybe'")
    ) { try Judge.score(reply) }
    #expect(throws: ModelError.self) { try Judge.score(ChatReply(text: "yes")) }
  }
}
