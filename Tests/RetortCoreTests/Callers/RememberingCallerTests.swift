import RetortTestSupport
import Synchronization
import Testing

@testable import RetortCore

struct RememberingCallerTests {
  private let call = Self.call()

  private static func call(take: Int = 0) -> ModelRequest {
    ModelRequest(
      model: ModelSpec(alias: "m", name: "m"), origin: CallOrigin(take: take), path: "x", body: [:],
      identity: ["a": 1])
  }

  private func stack(_ inner: any Caller, _ memory: DictionaryMemory) -> RememberingCaller {
    RememberingCaller(RecordingCaller(inner, memory: memory), memory: memory)
  }

  @Test func paysOnce() async throws {
    let memory = DictionaryMemory()
    let inner = ScriptedCaller { _, _ in RawReply(body: "hi") }
    let caller = stack(inner, memory)
    #expect(try await caller.answer(call) == RawReply(body: "hi", call: 1))
    #expect(try await caller.answer(call) == RawReply(body: "hi", call: 1, remembered: true))
    #expect(inner.calls.count == 1)
  }

  @Test func aNewTakeAsksAgainAndEachUseIsReported() async throws {
    let memory = DictionaryMemory()
    let caller = stack(ScriptedCaller { _, before in RawReply(body: "\(before)") }, memory)
    let used = UsedCalls()
    for take in [0, 1, 0] {
      let context = StepContext(used: used.add)
      _ = try await StepContext.$current.withValue(context) { try await caller.answer(Self.call(take: take)) }
    }
    #expect(used.all == [1, 2, 1])
  }

  @Test func identicalCallsInFlightShareOne() async throws {
    let gate = Gate()
    let inner = ScriptedCaller { _, _ in
      await gate.pass()
      return RawReply(body: "hi")
    }
    let caller = stack(inner, DictionaryMemory())
    async let first = caller.answer(call)
    #expect(await turn { inner.calls.count == 1 })
    async let second = caller.answer(call)
    async let third = caller.answer(call)
    for _ in 0..<100 { await Task.yield() }
    gate.open()
    let replies = try await [first, second, third]
    #expect(replies.map(\.remembered) == [false, true, true])
    #expect(inner.calls.count == 1)
  }

  @Test func whenTheFirstFailsAnotherGoes() async throws {
    let gate = Gate()
    let memory = DictionaryMemory()
    let inner = ScriptedCaller { _, before in
      await gate.pass()
      if before == 0 { throw ModelError(.refused, "no") }
      return RawReply(body: "hi")
    }
    let caller = stack(inner, memory)
    let first = Task { try await caller.answer(call) }
    #expect(await turn { inner.calls.count == 1 })
    let second = Task { try await caller.answer(call) }
    for _ in 0..<100 { await Task.yield() }
    gate.open()
    await #expect(throws: ModelError(.refused, "no")) { try await first.value }
    #expect(try await second.value.body == "hi")
    #expect(memory.failures == [FailedCall(ModelError(.refused, "no"))])
  }

  @Test func aFailedTryThatCostSomethingIsWrittenDownOnce() async throws {
    let memory = DictionaryMemory()
    let paid = ModelError(.malformed, "cut", usage: Usage(promptTokens: 7))
    let inner = ScriptedCaller { _, before in
      if before == 0 { throw paid }
      return RawReply(body: "hi")
    }
    let retrying = RetryingCaller(RecordingCaller(inner, memory: memory), clock: JumpingClock()) { 0 }
    let caller = RememberingCaller(retrying, memory: memory)
    #expect(try await caller.answer(call).body == "hi")
    #expect(memory.failures == [FailedCall(paid)])
    var once = call
    once.attempt = call.model.retries + 1
    let failing = RetryingCaller(
      RecordingCaller(ScriptedCaller { _, _ in throw paid }, memory: memory), clock: JumpingClock()
    ) { 0 }
    let other = RememberingCaller(failing, memory: DictionaryMemory())
    await #expect(throws: paid) { try await other.answer(once) }
    #expect(memory.failures == [FailedCall(paid), FailedCall(paid)])
  }

  @Test func whatTheBudgetRefusesWasNoCall() async throws {
    let memory = DictionaryMemory()
    let caller = stack(ScriptedCaller { _, _ in throw Halt(.budget, "over") }, memory)
    await #expect(throws: Halt(.budget, "over")) { try await caller.answer(call) }
    #expect(memory.failures.isEmpty)
  }

  @Test func aFollowerCanBeCancelled() async throws {
    let gate = Gate()
    let inner = ScriptedCaller { _, _ in
      await gate.pass()
      return RawReply(body: "hi")
    }
    let caller = stack(inner, DictionaryMemory())
    let first = Task { try await caller.answer(call) }
    #expect(await turn { inner.calls.count == 1 })
    let second = Task { try await caller.answer(call) }
    for _ in 0..<100 { await Task.yield() }
    second.cancel()
    await #expect(throws: CancellationError.self) { try await second.value }
    gate.open()
    #expect(try await first.value.body == "hi")
  }
}

private final class UsedCalls: Sendable {
  private let calls = Mutex<[Int64]>([])
  var all: [Int64] { calls.withLock { $0 } }
  @Sendable func add(_ call: Int64) { calls.withLock { $0.append(call) } }
}
