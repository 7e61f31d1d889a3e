import Foundation
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

@Suite struct CompleteRationaleTests {
  private static let question = "Who wins?\nA. Ann\nB. Bob"

  private func outcome(_ cot: String, asks: Bool = true, reply: String = "?") async throws -> Outcome<
    CompleteRationale.Output
  > {
    let model = asks ? ModelRef(ModelSpec(alias: "teacher", name: "t")) : nil
    let stage = try CompleteRationale(
      .init(model: model),
      in: Workspace(
        folder: URL(filePath: "/"), models: ScriptedProvider(chat: { _ in ChatReply(text: reply) })))
    return try await stage.process(.init(question: Self.question, answer: "b", cot: cot))
  }

  @Test func wholeRationalesAreNotAskedAbout() async throws {
    #expect(
      try await outcome("Bob is fast. The answer is B.", asks: false)
        == .emit([.init(completeCot: "Bob is fast. The answer is B.", cotContinued: false)]))
  }

  @Test func fragmentsAreContinuedOrLeftOut() async throws {
    #expect(
      try await outcome("Bob is fast.", reply: "He wins.\nThe answer is B.")
        == .emit([.init(completeCot: "Bob is fast.\nHe wins.\nThe answer is B.", cotContinued: true)]))
    #expect(
      try await outcome("Bob is fast.", asks: false)
        == .drop(
          reason: "rationale is a fragment",
          detail: "expected a rationale that states the answer \"b\", found \"…Bob is fast.\""))
    #expect(
      try await outcome("Bob is fast.", reply: "The answer is A.")
        == .drop(
          reason: "continuation misses the answer",
          detail: "expected the answer \"b\" at its end, found \"…The answer is A.\""))
  }
}
