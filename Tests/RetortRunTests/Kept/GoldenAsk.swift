import Foundation
import RetortCore
import RetortStages
import RetortStore
import Testing

@testable import RetortRun

/// One thing that a model of some kind is asked, through the whole stack of callers.
struct GoldenAsk: Sendable {
  let name: String
  var take = 0
  var round = 1
  let act: @Sendable (any ModelProvider, ModelRef) async throws -> Void

  private static let conversation: [ChatMessage] = [
    .system("Be brief."), .user("Wie heißt \"A\"?\n"), .assistant("A."), .user("And B? 7 + 5 = 12 🙂"),
  ]
  private static let schema: JSON = [
    "type": "object", "properties": ["b": ["type": "string"], "a": ["type": "number", "minimum": 0.5]],
    "required": ["b", "a"], "additionalProperties": false,
  ]

  static func all(of model: ModelSpec) -> [GoldenAsk] {
    switch model.kind {
    case .chat: chats + [tokens]
    case .judge: [judges[0], judges[1], chats[1]]
    case .embedding: embeddings
    case .vllmLogprobs, .llamaLogprobs: logprobs
    case .teiEntailment: [entailment]
    default: judges
    }
  }

  private static func chat(_ name: String, take: Int = 0, round: Int = 1, _ request: ChatRequest) -> GoldenAsk
  {
    GoldenAsk(name: "chat: \(name)", take: take, round: round) { stack, model in
      _ = try await stack.chat(model).reply(to: request)
    }
  }

  private static let tokens = GoldenAsk(name: "tokens") { stack, model in
    _ = try await stack.tokens(model).count("Wie heißt \"A\"?\n🙂")
  }

  private static let chats: [GoldenAsk] = [
    chat("plain", ChatRequest([.user("q")])),
    chat(
      "all",
      ChatRequest(
        conversation,
        sampling: Sampling(temperature: 0.7, topP: 0.9, seed: 7, maxTokens: 64, stop: ["\n\n", "END"]),
        schema: schema, topLogprobs: 5, draw: 2)),
    chat("conversation", ChatRequest(conversation)),
    chat("temperature of 0", ChatRequest([.user("q")], sampling: Sampling(temperature: 0))),
    chat("share of probability", ChatRequest([.user("q")], sampling: Sampling(topP: 0.95))),
    chat("bound", ChatRequest([.user("q")], sampling: Sampling(maxTokens: 16))),
    chat("stop", ChatRequest([.user("q")], sampling: Sampling(stop: ["END"]))),
    chat("no stop", ChatRequest([.user("q")], sampling: Sampling(stop: []))),
    chat("seed", ChatRequest([.user("q")], sampling: Sampling(seed: 7))),
    chat("seed and draw", ChatRequest([.user("q")], sampling: Sampling(seed: 7), draw: 1)),
    chat("draw", ChatRequest([.user("q")], draw: 1)),
    chat("schema", ChatRequest([.user("q")], schema: schema)),
    chat("log-probabilities", ChatRequest([.user("q")], topLogprobs: 0)),
    chat("log-probabilities beyond what endpoints give", ChatRequest([.user("q")], topLogprobs: 50)),
    chat("first take", take: 1, ChatRequest([.user("q")])),
    chat("second take", take: 2, ChatRequest([.user("q")])),
    chat("second round", round: 2, ChatRequest([.user("q")])),
    chat("tools", offering),
  ]

  private static let offering: ChatRequest = {
    let call = AskedTool(id: "c1", name: "search", arguments: #"{"query": "größe"}"#)
    var asked = ChatMessage(.assistant, "")
    asked.wire = [
      "role": "assistant", "content": "", "reasoning_content": "Hm.",
      "tool_calls": [
        [
          "id": "c1", "type": "function", "extra_content": ["google": ["thought_signature": "s"]],
          "function": ["name": "search", "arguments": .string(call.arguments)],
        ]
      ],
    ]
    var request = ChatRequest([.user("q"), asked, .tool("found 🙂", of: call)], draw: 1)
    request.tools = [
      ToolOffer(
        name: "search", description: "Find.",
        parameters: ["type": "object", "properties": ["query": ["type": "string"]], "required": ["query"]])
    ]
    return request
  }()

  private static func reward(_ name: String, take: Int = 0, _ conversation: [ChatMessage]) -> GoldenAsk {
    GoldenAsk(name: "reward: \(name)", take: take) { stack, model in
      _ = try await stack.reward(model).score(conversation)
    }
  }

  private static let judges: [GoldenAsk] = [
    reward("one question", [.user("q"), .assistant("a")]),
    reward("conversation", conversation + [.assistant("12")]),
    reward("first take", take: 1, [.user("q"), .assistant("a")]),
  ]

  private static let entailment = GoldenAsk(name: "entailment") { stack, model in
    _ = try await stack.entailment(model).entailment(of: "größe 🙂\n", from: "q")
  }

  private static let embeddings: [GoldenAsk] = [
    GoldenAsk(name: "embedding: text") { stack, model in
      _ = try await stack.embedding(model).embed(["größe 🙂\n"])
    },
    GoldenAsk(name: "embedding: texts") { stack, model in
      _ = try await stack.embedding(model).embed(["a", "b", "a"])
    },
    GoldenAsk(name: "embedding: first take", take: 1) { stack, model in
      _ = try await stack.embedding(model).embed(["a"])
    },
  ]

  private static let logprobs: [GoldenAsk] = [
    GoldenAsk(name: "logprobs: text") { stack, model in
      _ = try await stack.scorer(model).logprobs(of: "an answer", after: conversation)
    },
    GoldenAsk(name: "logprobs: first take", take: 1) { stack, model in
      _ = try await stack.scorer(model).logprobs(of: "a", after: [.user("q")])
    },
  ]
}

// MARK: - An endpoint of every kind

extension GoldenAsk {
  /// What a good endpoint would answer; what is asked of models of text is a letter for each token.
  static func answer(_ request: HTTPRequest) throws -> HTTPResponse {
    let body = try JSON(parsing: String(decoding: request.body ?? [], as: UTF8.self))
    let act = request.url.split(separator: "/").last.map(String.init) ?? ""
    return HTTPResponse(status: 200, body: Array(try reply(to: act, body).text.utf8))
  }

  private static func reply(to act: String, _ body: JSON) throws -> JSON {
    switch (act, body["prompt"]?.array) {
    case ("completions", let prompt?):
      return [
        "choices": [["text": "", "prompt_logprobs": .array(prompt.map(\.promptLogprob))]],
        "usage": ["prompt_tokens": .int(Int64(prompt.count)), "completion_tokens": 1],
      ]
    case ("completion", _):
      let tokens = (body["grammar"]?.string ?? "").matches(of: /\[(\d+)\]/).compactMap { Int64($0.1) }
      return [
        "content": "", "completion_probabilities": .array(tokens.map { ["id": .int($0), "logprob": -0.5] }),
        "tokens_evaluated": 9, "tokens_predicted": .int(Int64(tokens.count)),
      ]
    case ("completions", nil):
      return [
        "choices": [
          ["message": ["role": "assistant", "content": "yes"], "finish_reason": "stop", "logprobs": yes]
        ],
        "usage": ["prompt_tokens": 30, "completion_tokens": 1],
      ]
    case ("embeddings", _):
      let texts = body["input"]?.array ?? []
      let rest = Array(repeating: JSON.double(0), count: Int(body["dimensions"]?.int ?? 2) - 2)
      return [
        "data": .array(
          texts.indices.map { ["index": .int(Int64($0)), "embedding": .array([0.6, 0.8] + rest)] }),
        "usage": ["prompt_tokens": .int(Int64(2 * texts.count))],
      ]
    case ("apply-template", _): return ["prompt": "ab"]
    case ("tokenize", _): return ["tokens": [97, 98], "count": 2]
    case ("pooling", _): return ["data": [["data": body["model"] == "p" ? [0.5, 1] : [0.5]]]]
    case ("classify", _):
      return body["text"] == nil ? ["data": [["probs": [0.5]]]] : ["embedding": [0.5]]
    case ("score", _): return ["data": [["score": 0.5]]]
    case ("predict", _) where body["raw_scores"] == false:
      return [
        [
          ["score": 0.5, "label": "entailment"], ["score": 0.25, "label": "neutral"],
          ["score": 0.25, "label": "contradiction"],
        ]
      ]
    case ("predict", _): return [["score": 0.5, "label": "LABEL_0"]]
    case ("get_reward", _): return ["rewards": [0.5]]
    default: throw ModelError(.unsupported, "expected an address of an act, found \(act)")
    }
  }

  private static let yes: JSON = [
    "content": [
      [
        "token": "yes", "logprob": -0.1,
        "top_logprobs": [["token": "yes", "logprob": -0.1], ["token": "no", "logprob": -2.5]],
      ]
    ]
  ]
}

extension JSON {
  fileprivate var promptLogprob: JSON { [text: ["logprob": -0.5, "decoded_token": "a"]] }
}
