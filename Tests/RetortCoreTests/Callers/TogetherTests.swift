import RetortTestSupport
import Testing

@testable import RetortCore

@Suite struct TogetherTests {
  private let call = ModelRequest(
    model: ModelSpec(alias: "m", name: "m"), origin: CallOrigin(take: 0), path: "x", body: [:], identity: [:])

  private struct Refusal: Error, Equatable { var index: Int }

  @Test func resultsAreInOrder() async throws {
    #expect(try await Together.results(5) { $0 * $0 } == [0, 1, 4, 9, 16])
    #expect(try await Together.results(0) { $0 } == [])
  }

  @Test func whatWasSentComesToItsEndWhenAnotherFails() async throws {
    let gate = Gate()
    let inner = ScriptedCaller { _, _ in
      await gate.pass()
      if Task.isCancelled { throw CancellationError() }
      return RawReply(body: "paid")
    }
    let memory = DictionaryMemory()
    let caller = RecordingCaller(inner, memory: memory)
    let failure = await #expect(throws: Refusal.self) {
      _ = try await Together.results(2) { index in
        if index == 1 { return try await caller.answer(call) }
        _ = await turn { inner.calls.count == 1 }
        defer { gate.open() }
        throw Refusal(index: 0)
      }
    }
    #expect(failure == Refusal(index: 0))
    let kept = try await memory.recall(call.digest)
    #expect(kept?.body == "paid")
  }

  @Test func whatWasNotSentIsGivenUpWhenAnotherFails() async {
    let inner = ScriptedCaller { _, _ in RawReply(body: "late") }
    let caller = GatedCaller(inner: inner, interruption: Interruption())
    let call = ModelRequest(
      model: ModelSpec(alias: "m", name: "m"), origin: CallOrigin(take: 0), path: "x", body: [:],
      identity: [:])
    let failure = await #expect(throws: Refusal.self) {
      _ = try await Together.results(2) { outer in
        if outer == 0 { throw Refusal(index: 0) }
        // The failure of one reaches those who wait, however deep.
        while (try? Together.check()) != nil { await Task.yield() }
        return try await Together.results(2) { _ in try await caller.answer(call) }
      }
    }
    #expect(failure == Refusal(index: 0))
    #expect(inner.calls.isEmpty)
  }
}
