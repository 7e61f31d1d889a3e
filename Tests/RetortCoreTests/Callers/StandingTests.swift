import RetortTestSupport
import Synchronization
import Testing

@testable import RetortCore

/// What a model's refusals mean for the calls after it.
struct StandingTests {
  private static let model: ModelSpec = {
    var model = ModelSpec(alias: "t", name: "m")
    model.endpoint = "http://host/v1"
    model.concurrency = 1
    model.retries = 2
    return model
  }()

  /// The kinds of error of calls made one after the other, and how many requests they cost; nil for an answer.
  private func kinds(_ answers: [HTTPResponse], calls: Int) async throws -> (
    kinds: [String?], sent: Int
  ) {
    let transport = ScriptedTransport { _, before in answers[min(before, answers.count - 1)] }
    let stack = ModelStack(
      models: [Self.model], transport: transport, memory: DictionaryMemory(), clock: JumpingClock(),
      random: { 0.5 }, environment: [:])
    let chat = try stack.chat(ModelRef(Self.model))
    var kinds: [String?] = []
    for draw in 0..<calls {
      do {
        _ = try await chat.reply(to: ChatRequest([.user("q")], draw: draw))
        kinds.append(nil)
      } catch let error as ModelError {
        kinds.append(error.kind.rawValue)
      } catch let halt as Halt { kinds.append(halt.reason.rawValue) }
    }
    return (kinds, transport.requests.count)
  }

  private static let good = HTTPResponse(
    status: 200, body: Array(#"{"choices":[{"message":{"content":"ok"}}]}"#.utf8))

  @Test(arguments: [401, 402, 403, 404]) func aModelThatIsRefusedFromTheStartIsNotAskedAgain(status: Int)
    async throws
  {
    let found = try await kinds([HTTPResponse(status: status)], calls: 3)
    #expect(found.kinds == ["parked", "parked", "parked"])
    #expect(found.sent == 1)
  }

  @Test func aProxyThatRefusesIsNotToldAsTheEndpoint() async throws {
    let transport = ScriptedTransport { _, _ in HTTPResponse(status: 407, proxy: "p:1 of http_proxy") }
    let stack = ModelStack(
      models: [Self.model], transport: transport, memory: DictionaryMemory(), clock: JumpingClock(),
      random: { 0.5 }, environment: [:])
    await #expect(
      throws: Halt(
        .parked, status: 407,
        "no request to model 't' gets through: the proxy p:1 of http_proxy refused to pass the request on: ")
    ) { try await stack.chat(ModelRef(Self.model)).reply(to: ChatRequest([.user("q")])) }
  }

  @Test func aKeyThatRunsOutParksLater() async throws {
    let found = try await kinds([Self.good, HTTPResponse(status: 402), Self.good], calls: 3)
    #expect(found.kinds == [nil, "parked", "parked"])
    #expect(found.sent == 2)
  }

  @Test(arguments: [403, 404]) func onceItHasAnsweredItIsTheRequest(status: Int) async throws {
    let found = try await kinds([Self.good, HTTPResponse(status: status), Self.good], calls: 3)
    #expect(found.kinds == [nil, "forbidden", nil])
  }

  @Test func anAbsurdWaitParksInWords() async throws {
    let transport = ScriptedTransport { _, _ in HTTPResponse(status: 429, headers: ["retry-after": "1e30"]) }
    let stack = ModelStack(
      models: [Self.model], transport: transport, memory: DictionaryMemory(), clock: JumpingClock(),
      environment: [:])
    await #expect(
      throws: Halt(.parked, "asked to wait 31536000 seconds: rateLimited (HTTP 429): ")
    ) { try await stack.chat(ModelRef(Self.model)).reply(to: ChatRequest([.user("q")])) }
  }

  @Test func tooFewTokensAreToldOnce() async throws {
    let text = String(repeating: "word ", count: 800)
    let body =
      #"{"choices":[{"message":{"content":"\#(text)"}}],"usage":{"prompt_tokens":5,"completion_tokens":1}}"#
    let said = Mutex<[String]>([])
    let budget = Budget()
    let stack = ModelStack(
      models: [Self.model],
      transport: ScriptedTransport { _, _ in HTTPResponse(status: 200, body: Array(body.utf8)) },
      memory: DictionaryMemory(), budget: budget, clock: JumpingClock(), environment: [:],
      say: { line in said.withLock { $0.append(line) } })
    for draw in 0..<3 {
      let request = ChatRequest([.user("q")], sampling: Sampling(maxTokens: 2000), draw: draw)
      let reply = try await stack.chat(ModelRef(Self.model)).reply(to: request)
      #expect(reply.usage == Usage(promptTokens: 5, completionTokens: 1))
    }
    #expect(budget.spent.tokens == 3 * 2005)
    #expect(
      said.withLock { $0 } == [
        "model 't' reports far fewer tokens than its texts have; budgets and the ledger book the estimate"
      ])
  }
}
