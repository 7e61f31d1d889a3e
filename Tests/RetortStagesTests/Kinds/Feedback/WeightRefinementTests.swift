import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

@Suite struct WeightRefinementTests {
  private func outcome(_ row: JSON.Object, _ lambda: Double? = nil) async throws
    -> Outcome<WeightRefinement.Output>
  {
    try await WeightRefinement(.init(lambda: lambda), in: Bench.nowhere).process(Columns(row))
  }

  @Test func tokensOfAnInjectedOneAreWeighed() async throws {
    #expect(
      try await outcome(["golf_injected": true, "logprobs": [0, 0]], 1)
        == .emit([.init(weights: [0.5, 0.5], mean: 0.5)]))
    #expect(
      try await outcome(["golf_injected": true, "logprobs": [0]])
        == .emit([.init(weights: [1 / 1.1], mean: 1 / 1.1)]))
  }

  /// They were sampled under their own prompt.
  @Test func allOthersCountInFull() async throws {
    #expect(
      try await outcome(["golf_injected": false, "logprobs": [-3]]) == .emit([.init(weights: [], mean: 1)]))
    #expect(try await outcome([:]) == .emit([.init(weights: [], mean: 1)]))
  }

  @Test(arguments: [.null, [], [1], ["a"]] as [JSON])
  func anInjectedOneIsScored(logprobs: JSON) async throws {
    guard
      case .drop(reason: "no log-probabilities", detail: _) = try await outcome([
        "golf_injected": true, "logprobs": logprobs,
      ])
    else {
      Issue.record("kept")
      return
    }
  }

  @Test(arguments: [0, -1, Double.infinity])
  func lambdaIsAboveNothing(lambda: Double) {
    #expect(throws: StageError.self) { try WeightRefinement(.init(lambda: lambda), in: Bench.nowhere) }
  }
}
