import RetortTestSupport
import Testing

@testable import RetortCore

struct LimitedCallerTests {
  private func call(_ name: String, tokens: Int = 0, depth: Int = 0) -> ModelRequest {
    ModelRequest(
      model: ModelSpec(alias: "m", name: "m"), origin: CallOrigin(depth: depth), path: name, body: [:],
      identity: [:], promptEstimate: tokens)
  }

  @Test func theDeepestStageGoesFirst() async throws {
    let gate = Gate()
    let inner = ScriptedCaller { call, _ in
      if call.path == "first" { await gate.pass() }
      return RawReply(body: call.path)
    }
    let pool = Pool(concurrency: 1)
    let caller = LimitedCaller(inner, pool: pool, clock: JumpingClock())
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (place, (name, depth)) in [("first", 0), ("a", 0), ("b", 2), ("c", 1), ("d", 2)].enumerated() {
        group.addTask {
          _ = try await caller.answer(call(name, depth: depth))
        }
        #expect(await turn { place == 0 ? inner.calls.count == 1 : pool.waiting == place })
      }
      gate.open()
      try await group.waitForAll()
    }
    #expect(inner.calls.map(\.path) == ["first", "b", "d", "c", "a"])
  }

  @Test func aCancelledCallLeavesTheQueue() async throws {
    let gate = Gate()
    let inner = ScriptedCaller { call, _ in
      await gate.pass()
      return RawReply(body: call.path)
    }
    let pool = Pool(concurrency: 1)
    let caller = LimitedCaller(inner, pool: pool, clock: JumpingClock())
    let first = Task { try await caller.answer(call("first")) }
    #expect(await turn { inner.calls.count == 1 })
    let second = Task { try await caller.answer(call("second")) }
    #expect(await turn { pool.waiting == 1 })
    second.cancel()
    await #expect(throws: CancellationError.self) { try await second.value }
    gate.open()
    #expect(try await first.value.body == "first")
    // The slot is free again.
    #expect(try await caller.answer(call("third")).body == "third")
  }

  @Test func requestsArePaced() async throws {
    let clock = JumpingClock()
    let caller = LimitedCaller(
      ScriptedCaller { _, _ in RawReply(body: "") }, pool: Pool(concurrency: 4, rpm: 30), clock: clock)
    for _ in 0..<4 { _ = try await caller.answer(call("x")) }
    #expect(clock.slept == [2, 2, 2])
  }

  @Test func tokensArePacedByWhatWasUsed() async throws {
    let clock = JumpingClock()
    let caller = LimitedCaller(
      ScriptedCaller { _, _ in RawReply(body: "", usage: Usage(promptTokens: 30)) },
      pool: Pool(concurrency: 4, tpm: 600), clock: clock)
    // Ten tokens a second: the estimate says 10 seconds, the endpoint's count 3.
    for _ in 0..<3 { _ = try await caller.answer(call("x", tokens: 100)) }
    #expect(clock.slept == [3, 3])
  }

  @Test func aFailureGivesTheSlotBack() async throws {
    let inner = ScriptedCaller { _, before in
      if before == 0 { throw ModelError(.server, "down") }
      return RawReply(body: "ok")
    }
    let caller = LimitedCaller(inner, pool: Pool(concurrency: 1), clock: JumpingClock())
    await #expect(throws: ModelError.self) { try await caller.answer(call("x")) }
    #expect(try await caller.answer(call("x")) == RawReply(body: "ok"))
  }
}
