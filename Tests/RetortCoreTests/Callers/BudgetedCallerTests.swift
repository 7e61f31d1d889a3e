import RetortTestSupport
import Testing

@testable import RetortCore

struct BudgetedCallerTests {
  func call(prompt: Int, completion: Int) -> ModelRequest {
    var model = ModelSpec(alias: "m", name: "m")
    model.price = .init(input: 1, output: 2)
    return ModelRequest(
      model: model, origin: CallOrigin(), path: "x", body: [:], identity: [:], promptEstimate: prompt,
      completionEstimate: completion)
  }

  @Test func booksWhatWasCountedNotWhatWasEstimated() async throws {
    let budget = Budget(maxTokens: 200)
    let inner = ScriptedCaller { _, _ in
      RawReply(body: "", usage: Usage(promptTokens: 10, completionTokens: 5))
    }
    let caller = BudgetedCaller(inner, budget: budget)
    for _ in 0..<3 { _ = try await caller.answer(call(prompt: 100, completion: 50)) }
    #expect(budget.spent.tokens == 45)
    #expect(abs(budget.spent.usd - 3 * (10 * 1 + 5 * 2) / 1_000_000) < 1e-15)
  }

  @Test func anEndpointThatCountsNothingIsBookedByEstimate() async throws {
    let budget = Budget(maxTokens: 200)
    let caller = BudgetedCaller(ScriptedCaller { _, _ in RawReply(body: "") }, budget: budget)
    _ = try await caller.answer(call(prompt: 100, completion: 50))
    #expect(budget.spent.tokens == 150)
    await #expect(throws: Halt.self) { try await caller.answer(call(prompt: 100, completion: 50)) }
  }

  @Test func refusesWhatItDoesNotCover() async {
    let inner = ScriptedCaller { _, _ in RawReply(body: "") }
    let caller = BudgetedCaller(
      inner, budget: Budget(maxTokens: 100, spent: .init(usd: 0, tokens: 60)))
    await #expect(
      throws: Halt(.budget, "the call may take 50 tokens; with 60 spent that is over 100")
    ) { try await caller.answer(call(prompt: 25, completion: 25)) }
    #expect(inner.calls.isEmpty)
  }

  @Test func aFailureThatReportsUsageIsPaid() async {
    let budget = Budget(maxUSD: 1)
    let inner = ScriptedCaller { _, _ in
      throw ModelError(.malformed, "cut off", usage: Usage(promptTokens: 7))
    }
    await #expect(throws: ModelError.self) {
      try await BudgetedCaller(inner, budget: budget).answer(call(prompt: 1, completion: 1))
    }
    #expect(budget.spent.tokens == 7)
  }

  @Test func cachedTokensHaveTheirOwnPrice() {
    let usage = Usage(promptTokens: 1_000_000, completionTokens: 500_000, cachedTokens: 400_000)
    var price = ModelSpec.Price(input: 2, output: 10)
    #expect(price.usd(usage) == 7)
    price.cachedInput = 1
    #expect(price.usd(usage) == 6.6)
  }
}

extension BudgetedCallerTests {
  /// Calls that wait at a gate and then take `tokens`.
  private func gated(_ gate: Gate, tokens: Int) -> ScriptedCaller {
    ScriptedCaller { _, _ in
      await gate.pass()
      return RawReply(body: "", usage: Usage(promptTokens: tokens))
    }
  }

  @Test func whatIsInFlightIsSetAsideAndWaitedFor() async throws {
    let gate = Gate()
    let inner = gated(gate, tokens: 1)
    let budget = Budget(maxTokens: 100)
    let caller = BudgetedCaller(inner, budget: budget)
    async let first = caller.answer(call(prompt: 60, completion: 0))
    #expect(await turn(until: { inner.calls.count == 1 }))
    async let second = caller.answer(call(prompt: 60, completion: 0))
    for _ in 0..<100 { await Task.yield() }
    #expect(inner.calls.count == 1)
    gate.open()
    _ = try await (first, second)
    #expect(budget.spent.tokens == 2)
  }

  @Test func whatIsInFlightMayCostAllThatItSetAside() async throws {
    let gate = Gate()
    let inner = gated(gate, tokens: 60)
    let caller = BudgetedCaller(inner, budget: Budget(maxTokens: 100))
    async let first = caller.answer(call(prompt: 60, completion: 0))
    #expect(await turn(until: { inner.calls.count == 1 }))
    let second = Task { try await caller.answer(call(prompt: 60, completion: 0)) }
    for _ in 0..<100 { await Task.yield() }
    gate.open()
    _ = try await first
    await #expect(
      throws: Halt(.budget, "the call may take 60 tokens; with 60 spent that is over 100")
    ) { try await second.value }
    #expect(inner.calls.count == 1)
  }

  @Test func oneThatWaitsCanBeCancelled() async throws {
    let gate = Gate()
    let inner = gated(gate, tokens: 1)
    let caller = BudgetedCaller(inner, budget: Budget(maxTokens: 100))
    async let first = caller.answer(call(prompt: 60, completion: 0))
    #expect(await turn(until: { inner.calls.count == 1 }))
    let second = Task { try await caller.answer(call(prompt: 60, completion: 0)) }
    for _ in 0..<100 { await Task.yield() }
    second.cancel()
    await #expect(throws: CancellationError.self) { try await second.value }
    gate.open()
    _ = try await first
  }
}
