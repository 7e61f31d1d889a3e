import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore

struct ModelStackTests {
  private static let model: ModelSpec = {
    var model = ModelSpec(alias: "t", name: "m")
    model.endpoint = "http://host/v1"
    model.apiKeyEnv = "KEY"
    model.concurrency = 1
    model.retries = 2
    return model
  }()

  private static let good = HTTPResponse(
    status: 200, body: Array(#"{"choices":[{"message":{"content":"ok"}}]}"#.utf8))

  private func stack(_ transport: any Transport, _ memory: DictionaryMemory, key: String? = "k") -> ModelStack
  {
    ModelStack(
      models: [Self.model], transport: transport, memory: memory, clock: JumpingClock(), random: { 0.5 },
      environment: key.map { ["KEY": $0] } ?? [:])
  }

  @Test func answersRetriesAndRemembers() async throws {
    let memory = DictionaryMemory()
    let transport = ScriptedTransport { _, before in
      before == 0 ? HTTPResponse(status: 500) : Self.good
    }
    let stack = stack(transport, memory)
    for _ in 0..<2 {
      let reply = try await stack.chat(ModelRef(Self.model)).reply(to: ChatRequest([.user("q")]))
      #expect(reply == ChatReply(text: "ok", finishReason: "", call: "1"))
    }
    #expect(transport.requests.count == 2)
  }

  @Test(arguments: [(nil, "unset"), ("", "empty")])
  func aMissingKeyIsToldWhenItIsNeeded(key: String?, found: String) async throws {
    let chat = try stack(ScriptedTransport { _, _ in Self.good }, DictionaryMemory(), key: key)
      .chat(ModelRef(Self.model))
    await #expect(
      throws: Halt.unready(
        "expected the key of model 't' in the environment variable KEY, found it \(found); set it, then resume"
      )
    ) { try await chat.reply(to: ChatRequest([.user("q")])) }
  }

  @Test func theKeyGoesWhereTheModelWantsItAndIsCutOutOfReplies() async throws {
    var model = Self.model
    model.keyHeader = "X-Api-Key"
    model.headersEnv = ["X-Auth": "GATE"]
    let transport = ScriptedTransport { request, _ in
      let said = request.headers.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(
        separator: ", ")
      return HTTPResponse(
        status: 200,
        body: Array(JSON.object(["choices": [["message": ["content": .string(said)]]]]).text.utf8))
    }
    let memory = DictionaryMemory()
    let stack = ModelStack(
      models: [model], transport: transport, memory: memory, clock: JumpingClock(),
      environment: ["KEY": "the-key-of-t/1", "GATE": "Bearer open-sesame-77"])
    let reply = try await stack.chat(ModelRef(model)).reply(to: ChatRequest([.user("q")]))
    #expect(
      reply.text
        == "accept application/json, content-type application/json, x-api-key [key], x-auth Bearer [key]")
    #expect(transport.requests[0].headers["x-api-key"] == "the-key-of-t/1")
    #expect(transport.requests[0].headers["x-auth"] == "Bearer open-sesame-77")
  }

  @Test func aModelOfAnotherKindIsRefused() {
    let stack = stack(ScriptedTransport { _, _ in Self.good }, DictionaryMemory())
    #expect(throws: ModelError(.unsupported, "expected a model of kind embedding, found 't' of kind chat")) {
      _ = try stack.embedding(ModelRef(Self.model))
    }
  }
}
