import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore

/// What an act is on the wire, and what comes back of it: one line of HTTP for each request, and the answer.
struct WireFormatsTests {
  struct Line: Sendable, CustomTestStringConvertible {
    let kind: ModelSpec.Kind
    /// The answer in words.
    let ask: @Sendable (any ModelProvider, ModelRef) async throws -> String
    let sends: [String]
    let replies: [String]
    let answer: String
    var testDescription: String { kind.rawValue }
  }

  private static let conversation: [ChatMessage] = [.user("q"), .assistant("a")]

  private static func chat(_ request: ChatRequest)
    -> @Sendable (any ModelProvider, ModelRef) async throws -> String
  {
    { models, model in
      let reply = try await models.chat(model).reply(to: request)
      return "\(reply.text) (\(reply.finishReason)) \(reply.reasoning ?? "") \(reply.logprobs.map(\.token))"
    }
  }

  @Sendable private static func reward(_ models: any ModelProvider, _ model: ModelRef) async throws -> String
  {
    let score = try await models.reward(model).score(conversation)
    return "\(score.logit) \(score.scale)"
  }

  @Sendable private static func embed(_ models: any ModelProvider, _ model: ModelRef) async throws -> String {
    "\(try await models.embedding(model).embed(["a", "b"]))"
  }

  @Sendable private static func score(_ models: any ModelProvider, _ model: ModelRef) async throws -> String {
    try await models.scorer(model).logprobs(of: "yes", after: [.user("q")])
      .map { "\($0.token) \($0.logprob)" }.joined(separator: ", ")
  }

  private static let lines: [Line] = [
    Line(
      kind: .chat,
      ask: chat(
        ChatRequest(
          [.user("q")], sampling: Sampling(temperature: 0.5, seed: 7, maxTokens: 9), topLogprobs: 30, draw: 2)
      ),
      sends: [
        #"/v1/chat/completions {"model":"m","messages":[{"role":"user","content":"q"}],"temperature":0.5,"#
          + #""max_tokens":9,"logprobs":true,"top_logprobs":20,"seed":9,"top_k":5}"#
      ],
      replies: [
        #"{"choices":[{"message":{"content":"ok","reasoning":"hm"},"finish_reason":"stop","#
          + #""logprobs":{"content":[{"token":"ok","logprob":-0.5}]}}]}"#
      ],
      answer: #"ok (stop) hm ["ok"]"#),
    Line(
      kind: .embedding, ask: embed,
      sends: [#"/v1/embeddings {"model":"m","input":["a","b"],"encoding_format":"float","top_k":5}"#],
      replies: [#"{"data":[{"index":1,"embedding":[2,1]},{"index":0,"embedding":[1,0.5]}]}"#],
      answer: "[[1.0, 0.5], [2.0, 1.0]]"),
    Line(
      kind: .vllmPooling, ask: reward,
      sends: [
        #"/pooling {"model":"m","messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"#
          + #""add_generation_prompt":false,"activation":false,"use_activation":false,"top_k":5}"#
      ],
      replies: [#"{"data":[{"data":[[3.0],[0.5]]}]}"#], answer: "0.5 raw"),
    Line(
      kind: .vllmPURM,
      ask: { models, model in
        let score = try await models.reward(model).score(conversation)
        return "\(score.logit) \(score.sigma ?? .nan) \(score.scale)"
      },
      sends: [
        #"/pooling {"model":"m","messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"#
          + #""add_generation_prompt":false,"activation":false,"use_activation":false,"top_k":5}"#
      ],
      replies: [#"{"data":[{"data":[-1.5,0]}]}"#], answer: "-1.5 1.0 raw"),
    Line(
      kind: .vllmClassify, ask: reward,
      sends: [
        #"/classify {"model":"m","messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"#
          + #""add_generation_prompt":false,"activation":false,"use_activation":false,"top_k":5}"#
      ],
      replies: [#"{"data":[{"probs":[0.5,0.5]}]}"#], answer: "0.0 sigmoid-undone"),
    Line(
      kind: .vllmScore, ask: reward,
      sends: [
        #"/score {"model":"m","text_1":"q","text_2":"a","activation":false,"use_activation":false,"top_k":5}"#
      ],
      replies: [#"{"data":[{"score":2}]}"#], answer: "2.0 raw"),
    Line(
      kind: .sglangClassify, ask: reward,
      sends: [#"/classify {"model":"m","text":"User: q\n\nAssistant: a","top_k":5}"#],
      replies: [#"[{"embedding":[-1.5]}]"#], answer: "-1.5 raw"),
    Line(
      kind: .teiPredict, ask: reward,
      sends: [#"/predict {"inputs":[["q","a"]],"raw_scores":true,"truncate":true,"top_k":5}"#],
      replies: [#"[[{"score":3,"label":"LABEL_1"},{"score":1,"label":"LABEL_0"}]]"#], answer: "2.0 raw"),
    Line(
      kind: .openrlhf, ask: reward,
      sends: [#"/get_reward {"query":["User: q\n\nAssistant: a"],"prompts":["q"],"top_k":5}"#],
      replies: [#"{"rewards":[0.25]}"#], answer: "0.25 raw"),
    Line(
      kind: .vllmLogprobs, ask: score,
      sends: [
        #"/tokenize {"messages":[{"role":"user","content":"q"}],"add_generation_prompt":true,"model":"m","top_k":5}"#,
        #"/tokenize {"prompt":"yes","add_special_tokens":false,"model":"m","top_k":5}"#,
        #"/v1/completions {"prompt":[1,7],"max_tokens":1,"temperature":0,"prompt_logprobs":1,"model":"m","top_k":5}"#,
      ],
      replies: [
        #"{"tokens":[1]}"#, #"{"tokens":[7]}"#,
        #"{"choices":[{"prompt_logprobs":[null,{"7":{"logprob":-0.5,"decoded_token":"yes"}}]}]}"#,
      ], answer: "yes -0.5"),
    Line(
      kind: .llamaLogprobs, ask: score,
      sends: [
        #"/apply-template {"messages":[{"role":"user","content":"q"}],"top_k":5}"#,
        #"/tokenize {"content":"<q>","add_special":true,"parse_special":true,"top_k":5}"#,
        #"/tokenize {"content":"yes","add_special":false,"top_k":5}"#,
        #"/completion {"prompt":[1],"grammar":"root ::= <[7]>","n_probs":1,"n_predict":1,"temperature":0,"#
          + #""cache_prompt":true,"top_k":5}"#,
      ],
      replies: [
        #"{"prompt":"<q>"}"#, #"{"tokens":[1]}"#, #"{"tokens":[7]}"#,
        #"{"completion_probabilities":[{"id":7,"token":"yes","logprob":-0.5}]}"#,
      ], answer: "yes -0.5"),
    Line(
      kind: .teiEntailment,
      ask: { models, model in
        let score = try await models.entailment(model).entailment(of: "h", from: "p")
        return "\(score.entailment) \(score.neutral) \(score.contradiction)"
      },
      sends: [#"/predict {"inputs":[["p","h"]],"raw_scores":false,"truncate":true,"top_k":5}"#],
      replies: [
        #"[[{"score":0.75,"label":"ENTAILMENT"},{"score":0.125,"label":"contradiction"},"#
          + #"{"score":0.125,"label":"neutral"}]]"#
      ],
      answer: "0.75 0.125 0.125"),
    Line(
      kind: .chat, ask: { models, model in "\(try await models.tokens(model).count("größe"))" },
      sends: [
        #"/tokenize {"model":"m","prompt":"größe","add_special_tokens":false,"content":"größe","add_special":false,"#
          + #""top_k":5}"#
      ],
      replies: [#"{"count":3}"#], answer: "3"),
  ]

  @Test(arguments: lines) func anActIsAskedAndAnswered(line: Line) async throws {
    var model = ModelSpec(alias: "t", name: "m", kind: line.kind)
    model.endpoint = "http://host/v1"
    model.apiKeyEnv = "KEY"
    model.extraBody = try #require((["top_k": 5] as JSON).object)
    let transport = ScriptedTransport { _, before in
      HTTPResponse(status: 200, body: Array(line.replies[before].utf8))
    }
    let memory = DictionaryMemory()
    let stack = ModelStack(
      models: [model], transport: transport, memory: memory, clock: JumpingClock(),
      environment: ["KEY": "sk-0123456789"])
    #expect(try await line.ask(stack, ModelRef(model)) == line.answer)
    let sent = transport.requests.map {
      "\($0.url.dropFirst("http://host".count)) \(String(decoding: $0.body ?? [], as: UTF8.self))"
    }
    #expect(sent == line.sends)
    #expect(
      transport.requests.allSatisfy {
        $0.headers == [
          "content-type": "application/json", "accept": "application/json",
          "authorization": "Bearer sk-0123456789",
        ]
      })
    // What is remembered is answered alike, and nothing is sent.
    let again = ModelStack(
      models: [model], transport: ScriptedTransport { _, _ in throw ModelError(.unreachable, "off") },
      memory: memory, clock: JumpingClock(), environment: [:])
    #expect(try await line.ask(again, ModelRef(model)) == line.answer)
  }

  @Test func theWordsOfActsStandForEver() {
    #expect(
      Acts.all.map { $0.name } == ["chat", "embedding", "reward", "tokenize", "logprobs", "entailment"])
  }

  @Test func everyKindOfModelIsSpokenTo() {
    let kinds = Set(Self.lines.map(\.kind)).union([.judge])
    #expect(kinds == Set(ModelSpec.Kind.allCases), "a format has its line in this table")
  }

  @Test func anAddressIsLackingWhatAFormatAdds() {
    let paths = ModelSpec.Kind.allCases.map { kind in
      (kind, WireFormats.addedPaths(for: ModelSpec(alias: "", name: "", kind: kind)))
    }
    let added = Dictionary(uniqueKeysWithValues: paths).filter { !$0.value.isEmpty }
    #expect(
      added == [
        .chat: ["/chat/completions", "/completions"], .judge: ["/chat/completions", "/completions"],
        .embedding: ["/embeddings"],
      ])
  }

  @Test(arguments: [
    (
      #"{"choices":[{"message":{"content":"a","reasoning_content":"r"}},{"text":"b"},{"message":{}}]}"#,
      ["r|a", "|b"]
    ),
    (#"{"data":[{"embedding":[1]}]}"#, []), ("no JSON", []),
  ])
  func theTextsOfAReplyAreShown(reply: String, texts: [String]) {
    #expect(WireFormats.texts(in: reply).map { "\($0.reasoning)|\($0.text)" } == texts)
  }
}

/// A request is written once, whoever wants its text.
struct ModelRequestTests {
  private static func request(_ act: ChatRequest, take: Int = 0, extra: JSON = [:]) throws -> ModelRequest {
    var model = ModelSpec(alias: "t", name: "m")
    model.extraBody = try #require(extra.object)
    let format = try #require(WireFormats.format(of: ChatRequest.self, for: model))
    return format.request(act, of: model, for: CallOrigin(take: take))
  }

  @Test(arguments: [0, 3]) func itsDigestIsThatOfItsIdentityAndTake(take: Int) throws {
    let request = try Self.request(
      ChatRequest([.user("größe \"\n🙂")], sampling: Sampling(seed: 1), draw: 2), take: take)
    #expect(
      request.digest == Digest(of: ["identity": request.identity, "take": .int(Int64(take))] as JSON))
  }

  @Test(arguments: [[:], ["top_k": 5], ["messages": ["other"]], ["input": "x"]] as [JSON])
  func itsTextIsThatOfItsBody(extra: JSON) throws {
    let exchange = try Self.request(ChatRequest([.system("s"), .user("u\u{1}")]), extra: extra).exchange
    #expect(exchange.text == exchange.body.text)
    #expect(exchange.prompt.json == exchange.body["messages"])
    #expect(exchange.prompt.digest == Digest(of: exchange.prompt.json))
    #expect(exchange.parameters["messages"] == nil)
  }

  @Test func aPromptIsWrittenOnce() throws {
    let request = try Self.request(ChatRequest([.user("q")]))
    // The identity was written when the digest was made, and the body is what is sent: both have the same prompt.
    #expect(request.exchange.promptName == "messages")
    #expect(request.exchange.prompt.json == request.identity["messages"])
  }

  @Test func anEstimateIsBounded() {
    let request = ModelRequest(
      model: ModelSpec(alias: "t", name: "m"), origin: CallOrigin(), path: "x", body: [:], identity: [:],
      promptEstimate: .max, completionEstimate: -1)
    #expect(request.estimate == Usage(promptTokens: Usage.most))
  }
}
