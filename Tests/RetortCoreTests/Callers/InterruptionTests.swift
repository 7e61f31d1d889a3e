import Foundation
import RetortTestSupport
import Testing

@testable import RetortCore

@Suite struct InterruptionTests {
  private static let model: ModelSpec = {
    var model = ModelSpec(alias: "t", name: "m")
    model.endpoint = "http://host/v1"
    model.concurrency = 4
    model.retries = 9
    return model
  }()

  private static let good = HTTPResponse(
    status: 200, body: Array(#"{"choices":[{"message":{"content":"ok"}}]}"#.utf8))

  private let interruption = Interruption()
  private let memory = DictionaryMemory()

  private func chat(_ transport: any Transport, clock: any ModelClock = JumpingClock()) throws
    -> any ChatModel
  {
    try ModelStack(
      models: [Self.model], transport: transport, memory: memory, interruption: interruption, clock: clock,
      random: { 0.5 }, environment: [:]
    ).chat(ModelRef(Self.model))
  }

  private static let refusal = Halt(
    .interrupted, "the run was interrupted before the call was sent")

  @Test func aCallInFlightIsKeptAndARefusedOneWaitsForIt() async throws {
    let gate = Gate()
    let transport = ScriptedTransport { _, _ in
      await gate.pass()
      return Self.good
    }
    let chat = try chat(transport)
    async let first = chat.reply(to: ChatRequest([.user("first")]))
    #expect(await turn { interruption.inFlight == 1 })
    interruption.request()
    let second = Task { [memory] in
      do {
        _ = try await chat.reply(to: ChatRequest([.user("second")]))
        return (error: nil as Halt?, kept: memory.count)
      } catch { return (error as? Halt, memory.count) }
    }
    for _ in 0..<10_000 { await Task.yield() }
    gate.open()
    #expect(try await first.text == "ok")
    let refused = await second.value
    #expect(refused.error == Self.refusal)
    #expect(refused.kept == 1)
    #expect(transport.requests.count == 1)
    #expect(memory.count == 1)
    #expect(memory.failures.isEmpty)
    #expect(interruption.inFlight == 0)
  }

  @Test func aCallThatWaitsForARetryIsWoken() async throws {
    let interruption = interruption
    let transport = ScriptedTransport { _, _ in HTTPResponse(status: 500) }
    let chat = try chat(transport, clock: StuckClock { interruption.request() })
    await #expect(throws: Self.refusal) { try await chat.reply(to: ChatRequest([.user("q")])) }
    #expect(transport.requests.count == 1)
  }
}

/// A clock whose sleep only cancellation ends.
private struct StuckClock: ModelClock {
  let seconds = 0.0
  let unixTime = 0.0
  let asleep: @Sendable () -> Void

  init(asleep: @escaping @Sendable () -> Void) { self.asleep = asleep }

  func sleep(_ seconds: Double) async throws {
    guard seconds > 0 else { return }
    asleep()
    for await _ in AsyncStream(Void.self, { _ in }) {}
    try Task.checkCancellation()
  }
}
