import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

@Suite struct ValidateRefinementTests {
  @Test(
    arguments: [
      ("It rains.", nil), ("My Previous Attempt was wrong.", "mentions attempts"),
      ("this is the text of an attempt, long enough to count", "copy of an attempt"), ("short", nil),
    ] as [(String, String?)])
  func aRefinementStandsAlone(text: String, reason: String?) async throws {
    let seen = "Answer 1:\nthis is the text of an attempt, long enough to count\nshort"
    let outcome = try await ValidateRefinement(.init(), in: Bench.nowhere).process(
      Columns(["completion": .string(text), "feedback_prompt": .string(seen)]))
    if case .drop(let found, _) = outcome { #expect(found == reason) } else { #expect(reason == nil) }
  }
}
