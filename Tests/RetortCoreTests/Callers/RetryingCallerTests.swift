import RetortTestSupport
import Testing

@testable import RetortCore

struct RetryingCallerTests {
  private func call(retries: Int) -> ModelRequest {
    var model = ModelSpec(alias: "m", name: "m")
    model.retries = retries
    return ModelRequest(model: model, origin: CallOrigin(), path: "x", body: [:], identity: [:])
  }

  @Test func waitsLongerEachTimeAndCountsItsTries() async throws {
    let clock = JumpingClock()
    let inner = ScriptedCaller { call, before in
      if before < 3 { throw ModelError(.server, status: 500, "down") }
      return RawReply(body: "{}", attempts: call.attempt)
    }
    let caller = RetryingCaller(inner, clock: clock, random: { 0.5 })
    #expect(try await caller.answer(call(retries: 5)) == RawReply(body: "{}", attempts: 4))
    #expect(clock.slept == [0.5, 1, 2])
  }

  @Test func honoursRetryAfterWithAtMostFivePercent() async throws {
    let clock = JumpingClock()
    let inner = ScriptedCaller { _, before in
      if before == 0 { throw ModelError(.rateLimited, status: 429, "slow", retryAfter: 20) }
      return RawReply(body: "{}")
    }
    _ = try await RetryingCaller(inner, clock: clock, random: { 0.99 }).answer(call(retries: 1))
    #expect(clock.slept.count == 1)
    #expect(clock.slept.allSatisfy { (20...21).contains($0) })
  }

  @Test func aWaitOfNothingIsNoWait() async throws {
    let clock = JumpingClock()
    let inner = ScriptedCaller { _, before in
      if before < 2 { throw ModelError(.rateLimited, status: 429, "slow", retryAfter: 0) }
      return RawReply(body: "{}")
    }
    _ = try await RetryingCaller(inner, clock: clock, random: { 0.5 }).answer(call(retries: 2))
    #expect(clock.slept == [0.5, 1])
  }

  @Test func doesNotRepeatARefusal() async {
    let inner = ScriptedCaller { _, _ in throw ModelError(.refused, status: 400, "no") }
    await #expect(throws: ModelError(.refused, status: 400, "no")) {
      try await RetryingCaller(inner, clock: JumpingClock()).answer(call(retries: 5))
    }
    #expect(inner.calls.count == 1)
  }

  @Test func endsWithTheLastError() async {
    let inner = ScriptedCaller { _, before in throw ModelError(.timeout, "try \(before)") }
    await #expect(throws: ModelError(.timeout, "try 2")) {
      try await RetryingCaller(inner, clock: JumpingClock()).answer(call(retries: 2))
    }
  }

  @Test func parksWhenTheEndpointRefusesEverything() async {
    let inner = ScriptedCaller { _, _ in throw ModelError(.unreachable, "refused") }
    let breaker = Breaker(threshold: 3)
    let caller = RetryingCaller(inner, breaker: breaker, clock: JumpingClock())
    let parked = Halt(
      .parked, "the endpoint failed 3 times in a row; the last time it said unreachable: refused")
    await #expect(throws: parked) { try await caller.answer(call(retries: 2)) }
    // The next call is not sent at all.
    await #expect(throws: parked) { try await caller.answer(call(retries: 2)) }
    #expect(inner.calls.count == 3)
  }

  /// A row that makes the server stumble is no outage, even as the last one left.
  @Test(arguments: [ModelError.Kind.server, .timeout, .malformed, .connection])
  func oneRequestThatAlwaysFailsFailsAlone(kind: ModelError.Kind) async {
    let inner = ScriptedCaller { _, _ in throw ModelError(kind, "down") }
    let caller = RetryingCaller(inner, breaker: Breaker(threshold: 3), clock: JumpingClock())
    for _ in 0..<2 {
      await #expect(throws: ModelError(kind, "down")) { try await caller.answer(call(retries: 9)) }
    }
    #expect(inner.calls.count == 20)
  }

  @Test func severalRequestsThatFailInARowPark() async {
    let inner = ScriptedCaller { _, _ in throw ModelError(.server, status: 500, "down") }
    let caller = RetryingCaller(inner, breaker: Breaker(threshold: 3), clock: JumpingClock())
    var kinds: [String?] = []
    for number in 0..<4 {
      let call = ModelRequest(
        model: call(retries: 1).model, origin: CallOrigin(), path: "x", body: [:],
        identity: .int(Int64(number)))
      do { _ = try await caller.answer(call) } catch { kinds.append(FailedCall(error)?.kind) }
    }
    #expect(kinds == ["server", "server", "parked", "parked"])
    #expect(inner.calls.count == 6)
  }

  @Test func anAnswerToAnotherCallKeepsTheRunGoing() async {
    let breaker = Breaker(threshold: 3)
    let inner = ScriptedCaller { _, before in
      if before == 2 { breaker.answered() }
      throw ModelError(.server, status: 500, "down")
    }
    await #expect(throws: ModelError(.server, status: 500, "down")) {
      try await RetryingCaller(inner, breaker: breaker, clock: JumpingClock()).answer(call(retries: 3))
    }
  }

  @Test func aLongRefusalParksBeforeTheRetriesAreUsedUp() async {
    let inner = ScriptedCaller { _, _ in
      throw ModelError(.rateLimited, status: 429, "slow", retryAfter: 50)
    }
    let caller = RetryingCaller(
      inner, breaker: Breaker(threshold: 2, patience: 90), clock: JumpingClock(), random: { 0 })
    await #expect(throws: Halt.self) { try await caller.answer(call(retries: 100)) }
    #expect(inner.calls.count == 3)
  }
}
