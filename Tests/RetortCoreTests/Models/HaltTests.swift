import Testing

@testable import RetortCore

struct HaltTests {
  @Test(arguments: [
    (Halt(.budget, "over"), "budget: over"),
    (Halt(.parked, status: 401, "no key"), "parked (HTTP 401): no key"),
    (.unready("no key"), "parked: no key"),
    (.interrupted, "interrupted: the run was interrupted before the call was sent"),
  ])
  func saysWhyInTheWordsOfARun(halt: Halt, words: String) { #expect("\(halt)" == words) }

  /// What of a run's ends and of a model's errors is a line of the table of calls.
  @Test func onlyCallsAreFailedCalls() {
    #expect(FailedCall(Halt(.budget, "over")) == nil)
    #expect(FailedCall(Halt.interrupted) == nil)
    #expect(FailedCall(Halt.unready("no key")) == nil)
    #expect(FailedCall(CancellationError()) == nil)
    let parked = FailedCall(Halt(.parked, status: 402, "empty", usage: Usage(promptTokens: 1)))
    #expect(parked?.kind == "parked")
    #expect(parked?.status == 402)
    #expect(parked?.usage == Usage(promptTokens: 1))
    let failed = FailedCall(ModelError(.timeout, "late"))
    #expect(failed?.kind == "timeout")
    #expect(failed?.message == "late")
  }
}
