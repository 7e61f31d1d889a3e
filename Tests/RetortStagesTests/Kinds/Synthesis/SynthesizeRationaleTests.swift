import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport
import Synchronization
import Testing

@testable import RetortStages

@Suite struct SynthesizeRationaleTests {
  private static let teacher = ModelRef(ModelSpec(alias: "teacher", name: "t"))

  private func stage(
    _ config: SynthesizeRationale.Config, task: String? = nil,
    _ chat: @escaping @Sendable (ChatRequest) async throws -> ChatReply
  ) throws -> SynthesizeRationale {
    let sets = task.map { ["task": RowSet<Columns>([Row(["instruction": .string($0)])])] } ?? [:]
    return try SynthesizeRationale(
      config, in: Workspace(folder: URL(filePath: "/"), models: ScriptedProvider(chat: chat), sets: sets))
  }

  @Test func budgetsAreFloorsOfTheEstimate() {
    #expect(TokenEstimate.characters("") == 0)
    #expect(TokenEstimate.characters("12345") == 2)
    let budget = TokenBudget(question: String(repeating: "x", count: 40))
    let numbers: [Int?] = [budget.question, budget.stated, budget.limit]
    #expect(numbers == [10, 21, 30])
    #expect(TokenBudget(question: "1234567890123").stated == 8)
  }

  @Test func showsAnswerTaskAndDemonstrations() async throws {
    let stage = try stage(.init(model: Self.teacher, samples: 2, seed: 7), task: "Solve it.") { request in
      #expect(request.messages.map(\.role) == [.system, .user])
      let system = request.messages[0].content
      #expect(system.contains("The task:\nSolve it.\n"))
      #expect(system.contains("Example question:\nq1\nExample reasoning:\nc1\n"))
      #expect(system.contains("Write at most 21 tokens."))
      #expect(request.messages[1].content == String(repeating: "x", count: 40) + "\n\nAnswer: b")
      #expect(request.sampling == Sampling(seed: 7, maxTokens: 30))
      return ChatReply(text: " reasoning \(request.draw)\n")
    }
    let outcome = try await stage.process(
      .init(
        question: String(repeating: "x", count: 40), answer: "b",
        demonstrations: [["question": "q1", "cot": "c1"]]))
    guard case .emit(let outputs) = outcome else {
      Issue.record("dropped")
      return
    }
    #expect(
      outputs == [
        .init(cot: "reasoning 0", sawAnswer: true, cotFinish: "stop"),
        .init(cot: "reasoning 1", sawAnswer: true, cotFinish: "stop"),
      ])
  }

  @Test func asksForTheLastLineByKeyAsTheRewardsPromptDoes() async throws {
    let line = "End with the line \"The answer is\" and the letter of the option.\n"
    func system(_ ends: Bool?, answer: Bool = true) async throws -> String {
      let heard = Mutex("")
      let stage = try stage(.init(model: Self.teacher, showAnswer: answer, endWithAnswer: ends)) { request in
        heard.withLock { $0 = request.messages[0].content }
        return ChatReply(text: "so")
      }
      _ = try await stage.process(.init(question: "Why?", answer: "b"))
      return heard.withLock { $0 }
    }
    let bare = try await system(nil)
    #expect(try await system(false) == bare)
    #expect(
      try await system(true)
        == bare.replacing("Write at most", with: line + "Write at most"))
    // Where the answer is withheld it is asked for once, with the key and without.
    let withheld = try await system(nil, answer: false)
    #expect(try await system(true, answer: false) == withheld)
    #expect(withheld.components(separatedBy: line).count == 2)
    let shown = try stage(.init(model: Self.teacher, endWithAnswer: true)) { _ in ChatReply(text: "") }
    let prompt = try await shown.prompt(of: Columns(["question": "Why?"]))
    #expect(prompt[0].content.components(separatedBy: line).count == 2)
  }

  @Test func aPromptOfOnesOwnMustHaveThePlaceForIt() throws {
    let file = PromptFile(path: "p.mustache", text: "{{question}}")
    #expect(
      throws: StageError(
        "end_with_answer: expected the section {{#end_with_answer}} in 'p.mustache', found none")
    ) {
      try stage(.init(model: Self.teacher, prompt: file, endWithAnswer: true)) { _ in ChatReply(text: "") }
    }
  }

  @Test func withholdsTheAnswer() async throws {
    let stage = try stage(.init(model: Self.teacher, showAnswer: false)) { request in
      #expect(request.messages[1].content == "Why?")
      #expect(request.messages[0].content.contains("The answer is"))
      return ChatReply(text: "so")
    }
    guard case .emit(let outputs) = try await stage.process(.init(question: "Why?", answer: "b")) else {
      Issue.record("dropped")
      return
    }
    #expect(outputs == [.init(cot: "so", sawAnswer: false, cotFinish: "stop")])
  }

  @Test func leavesOutTheSamplesThatWereCut() async throws {
    let stage = try stage(.init(model: Self.teacher, samples: 2)) { request in
      ChatReply(text: "so", finishReason: request.draw == 0 ? "length" : "stop")
    }
    #expect(
      try await stage.process(.init(question: "Why?", answer: "b"))
        == .samples([
          .leftOut(reason: "reply truncated", detail: "it ended (length) with: so"),
          .output(.init(cot: "so", sawAnswer: true, cotFinish: "stop")),
        ]))
  }

  @Test func dropsWhatWasCut() async throws {
    let stage = try stage(.init(model: Self.teacher)) { _ in ChatReply(text: "so", finishReason: "length") }
    guard case .drop(let reason, _) = try await stage.process(.init(question: "Why?", answer: "b")) else {
      Issue.record("emitted")
      return
    }
    #expect(reason == "reply truncated")
    guard case .drop(let missing, _) = try await stage.process(.init(question: "Why?")) else {
      Issue.record("emitted")
      return
    }
    #expect(missing == "no answer to show")
  }

  @Test func aModelThatObeysAJointInstructionIsDropped() async throws {
    let stage = try stage(
      .init(model: Self.teacher, rationaleRules: RationaleRule.allCases), task: "Answer with a JSON object."
    ) { _ in ChatReply(text: #"{"cot": "Ann is fast.", "cot_parsing": []}"#) }
    #expect(
      try await stage.process(.init(question: "Who?", answer: "b"))
        == .drop(
          reason: "rationale is JSON",
          detail: #"cot: expected prose, found JSON: {"cot": "Ann is fast.", "cot_parsing": []}"#))
  }

  @Test func demonstrationsCarryTheirAnswer() async throws {
    let stage = try stage(.init(model: Self.teacher, demonstrationAnswers: true)) { request in
      #expect(request.messages[0].content.contains("Example reasoning:\nc1\nThe answer is B.\n"))
      return ChatReply(text: "so")
    }
    _ = try await stage.process(
      .init(
        question: "Who?", answer: "b", demonstrations: [["question": "q1", "cot": "c1", "answer": "b"]]))
  }
}
