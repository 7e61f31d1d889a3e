import Foundation
import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore

/// Every act checks its reply before it is remembered.
struct UsableReplyTests {
  /// A model over an endpoint that always says the same, and what it remembers.
  private func stack(
    _ kind: ModelSpec.Kind, _ body: String, extra: JSON.Object = [:]
  ) -> (stack: ModelStack, model: ModelRef, memory: DictionaryMemory, transport: ScriptedTransport) {
    var model = ModelSpec(alias: "m", name: "m", kind: kind)
    model.endpoint = "http://host/v1"
    model.retries = 1
    model.extraBody = extra
    let memory = DictionaryMemory()
    let transport = ScriptedTransport { _, _ in HTTPResponse(status: 200, body: Array(body.utf8)) }
    let stack = ModelStack(
      models: [model], transport: transport, memory: memory, clock: JumpingClock(), random: { 0 },
      environment: [:])
    return (stack, ModelRef(model), memory, transport)
  }

  @Test(arguments: [
    #"{"choices":[{"message":{"content":"half"},"finish_reason":"abort"}]}"#,
    #"{"choices":[{"message":{"content":"half"},"finish_reason":"stop","error":{"code":502,"message":"gone"}}]}"#,
    #"{"choices":[{"message":{"content":"half"}}],"error":{"message":"overloaded"}}"#,
    #"{"choices":[{"message":{"content":"half"},"finish_reason":{"type":"abort"}}]}"#,
  ])
  func aTextThatTheServerBrokeOffIsAskedForAgain(body: String) async throws {
    let (stack, model, memory, transport) = stack(.chat, body)
    await #expect(throws: ModelError.self) {
      try await stack.chat(model).reply(to: ChatRequest([.user("q")]))
    }
    #expect((memory.count, transport.requests.count) == (0, 2))
  }

  @Test(arguments: [
    #"{"choices":[{"message":{"content":"all"},"finish_reason":"stop","error":null}],"error":{}}"#,
    #"{"choices":[{"index":1,"message":{"content":"second"}},{"index":0,"message":{"content":"all"}}]}"#,
    #"{"choices":[{"message":{"content":["a","l",{"type":"text","text":"l"}]},"finish_reason":{"type":"stop"}}]}"#,
    "\u{FEFF}: PROCESSING\n\n{\"id\":1,\"id\":2,\"x\":NaN,\"y\":[-Infinity,1e400],\"choices\":[{\"message\":{\"content\":\"all\"}}]}\0",
  ])
  func anOddFormOfAGoodReplyIsTaken(body: String) async throws {
    let (stack, model, memory, _) = stack(.chat, body)
    #expect(try await stack.chat(model).reply(to: ChatRequest([.user("q")])).text == "all")
    #expect(memory.count == 1)
  }

  @Test(arguments: [
    #"{"choices":[{"message":{"content":"Yes"}}]}"#,
    #"{"choices":[{"message":{"content":"Hm"},"logprobs":{"content":[{"token":"Hm","logprob":-0.1}]}}]}"#,
    #"{"choices":[{"message":{"content":"Yes"},"logprobs":{"content":[{"token":"Yes","logprob":null}]}}]}"#,
    #"{"choices":[{"message":{"content":"Yes"},"logprobs":{"content":[{"token":"Yes","logprob":3.5}]}}]}"#,
  ])
  func aJudgeThatSaysNothingIsNotRemembered(body: String) async throws {
    let (stack, model, memory, _) = stack(.judge, body)
    await #expect(throws: ModelError.self) {
      try await stack.reward(model).score([.user("q"), .assistant("a")])
    }
    #expect(memory.count == 0)
  }

  @Test func anAlternativeOfNoProbabilityIsNoFault() async throws {
    let (stack, model, memory, _) = stack(
      .judge,
      ##"{"choices":[{"message":{"content":"Yes"},"logprobs":{"content":[{"token":"Yes","logprob":-0.1,"top_logprobs":[{"token":"Yes","logprob":-0.1},{"token":"No","logprob":-2.3},{"token":"#","logprob":-Infinity}]}]}}]}"##
    )
    let score = try await stack.reward(model).score([.user("q"), .assistant("a")])
    #expect(abs(score.logit - 2.2) < 1e-9)
    #expect(memory.count == 1)
  }

  @Test(arguments: ["1.7e308", "NaN", "null", "\"9\"", "-1e12"])
  func aRewardThatIsNoneIsAskedForAgain(number: String) async throws {
    let (stack, model, memory, transport) = stack(.openrlhf, #"{"rewards":[\#(number)]}"#)
    await #expect(throws: ModelError.self) {
      try await stack.reward(model).score([.user("q"), .assistant("a")])
    }
    #expect((memory.count, transport.requests.count) == (0, 2))
  }

  @Test(arguments: ["[0,0,0]", "[NaN,1,2]", "[null,1]", "[1e300,1]", "[]", "\"AAA\""])
  func aVectorThatIsNoneIsAskedForAgain(vector: String) async throws {
    let (stack, model, memory, transport) = stack(
      .embedding, #"{"data":[{"index":0,"embedding":\#(vector)}]}"#)
    await #expect(throws: ModelError.self) { try await stack.embedding(model).embed(["a"]) }
    #expect((memory.count, transport.requests.count) == (0, 2))
  }

  @Test(arguments: [
    #"{"data":[{"index":"0","embedding":[[0.5,1]]}]}"#, #"{"data":[{"embedding":"AAAAPwAAgD8="}]}"#,
    "[[0.5,1]]",
  ])
  func aVectorInAnotherFormIsTaken(body: String) async throws {
    let (stack, model, memory, _) = stack(.embedding, body)
    #expect(try await stack.embedding(model).embed(["a"]) == [[0.5, 1]])
    #expect(memory.count == 1)
  }

  @Test func aVectorOfAnotherLengthThanAskedForIsNone() async throws {
    let (stack, model, memory, _) = stack(
      .embedding, #"{"data":[{"embedding":[1,2]}]}"#, extra: ["dimensions": 3])
    await #expect(throws: ModelError.self) { try await stack.embedding(model).embed(["a"]) }
    #expect(memory.count == 0)
  }

  @Test func aVectorOfAnotherLengthThanEarlierOnesIsNone() async throws {
    var model = ModelSpec(alias: "m", name: "m", kind: .embedding)
    model.endpoint = "http://host/v1"
    model.retries = 0
    let transport = ScriptedTransport { _, before in
      HTTPResponse(status: 200, body: Array(#"{"data":[{"embedding":[1\#(before == 1 ? "" : ",2")]}]}"#.utf8))
    }
    let memory = DictionaryMemory()
    let stack = ModelStack(
      models: [model], transport: transport, memory: memory, clock: JumpingClock(), environment: [:])
    let embedding = try stack.embedding(ModelRef(model))
    _ = try await embedding.embed(["a"])
    await #expect(
      throws: ModelError(.malformed, "expected vectors of 2 numbers, found one of 1", usage: Usage())
    ) {
      try await embedding.embed(["b"])
    }
    #expect(try await embedding.embed(["b"]) == [[1, 2]])
    #expect(memory.count == 2)
  }

  @Test func aBatchThatIsRefusedIsAskedForInParts() async throws {
    var model = ModelSpec(alias: "m", name: "m", kind: .embedding)
    model.endpoint = "http://host/v1"
    let transport = ScriptedTransport { request, _ in
      let texts = try JSON(parsing: request.body ?? [])["input"]?.array ?? []
      guard texts.count <= 2 else { return HTTPResponse(status: 413, body: Array("batch too large".utf8)) }
      let data = texts.map { _ in ["embedding": [1, 2]] as JSON }
      return HTTPResponse(status: 200, body: Array(JSON.object(["data": .array(data)]).text.utf8))
    }
    let stack = ModelStack(
      models: [model], transport: transport, memory: DictionaryMemory(), clock: JumpingClock(),
      environment: [:])
    let texts = (0..<7).map { "\($0)" }
    #expect(
      try await stack.embedding(ModelRef(model)).embed(texts) == [[Float]](repeating: [1, 2], count: 7))
  }

  @Test(arguments: [
    #"{"usage":{"prompt_tokens":5e18,"completion_tokens":1}}"#,
    #"{"usage":{"prompt_tokens":-4,"completion_tokens":1}}"#,
    #"{"usage":{"prompt_tokens":1e300,"completion_tokens":1}}"#,
    #"{"usage":{"prompt_tokens":"many","completion_tokens":1}}"#,
  ])
  func aCountThatIsNoneIsNotReported(body: String) throws {
    #expect(Usage(reply: try JSON(parsing: body)) == Usage(promptTokens: 0, completionTokens: 1))
  }
}
