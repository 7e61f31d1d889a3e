import Foundation
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

@Suite struct CompleteRationaleTests {
  private static let question = "Who wins?\nA. Ann\nB. Bob"

  private func outcome(
    _ cot: String, asks: Bool = true, reply: String = "?", appends: Bool? = nil, answer: String = "b",
    question: String = question
  ) async throws -> Outcome<CompleteRationale.Output> {
    let model = asks ? ModelRef(ModelSpec(alias: "teacher", name: "t")) : nil
    let stage = try CompleteRationale(
      .init(model: model, appendAnswer: appends),
      in: Workspace(
        folder: URL(filePath: "/"), models: ScriptedProvider(chat: { _ in ChatReply(text: reply) })))
    return try await stage.process(.init(question: question, answer: answer, cot: cot))
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

  @Test func theLabelledAnswerIsAppendedByKey() async throws {
    func ended(_ text: String, continued: Bool = false, appended: Bool = true) -> Outcome<
      CompleteRationale.Output
    > {
      .emit([.init(completeCot: text, cotContinued: continued, answerAppended: appended)])
    }
    #expect(
      try await outcome("Bob is fast.\n", asks: false, appends: true)
        == ended("Bob is fast.\nThe answer is B."))
    #expect(
      try await outcome("The answer is B.", asks: false, appends: true)
        == ended("The answer is B.", appended: false))
    #expect(
      try await outcome("Bob is slow. The answer is A.", asks: false, appends: true)
        == .drop(
          reason: "rationale contradicts the answer",
          detail:
            "expected a rationale that states no answer but \"b\", found \"…Bob is slow. The answer is A.\""))
    #expect(
      try await outcome("We add.", asks: false, appends: true, answer: "12", question: "How many?")
        == ended("We add.\nThe answer is 12."))
    guard case .drop = try await outcome("<think>Bob is fast.", asks: false, appends: true) else {
      return #expect(Bool(false))
    }
    // With a model: what its continuation lacks.
    #expect(
      try await outcome("Bob is fast.", reply: "He wins.", appends: true)
        == ended("Bob is fast.\nHe wins.\nThe answer is B.", continued: true))
    guard case .drop(let reason, _) = try await outcome("Bob.", reply: "The answer is A.", appends: true)
    else {
      return #expect(Bool(false))
    }
    #expect(reason == "continuation misses the answer")
  }
}
