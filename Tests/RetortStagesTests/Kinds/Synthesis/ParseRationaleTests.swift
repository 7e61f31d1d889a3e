import Foundation
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

@Suite struct ParseRationaleTests {
  private static let model = ModelRef(ModelSpec(alias: "teacher", name: "t"))

  private func workspace(_ chat: @escaping @Sendable (ChatRequest) async throws -> ChatReply) -> Workspace {
    Workspace(folder: URL(filePath: "/"), models: ScriptedProvider(chat: chat))
  }

  @Test func rationaleIsRepairedWithTheComplaint() async throws {
    let stage = try ParseRationale(
      .init(ParsingConfig(model: Self.model, repair: 1)),
      in: workspace { request in
        guard request.draw == 1 else { return ChatReply(text: #"{"cot_parsing": [{"statement": "s"}]}"#) }
        #expect(request.messages.count == 4)
        #expect(
          request.messages[3].content.contains("cot_parsing[0].evidence: expected a text, found nothing"))
        return ChatReply(
          text: #"{"cot_parsing": [{"statement": "s", "evidence": "e", "Verification": "true"}]}"#)
      })
    guard case .emit(let outputs) = try await stage.process(.init(question: "q", cot: "c")) else {
      Issue.record("dropped")
      return
    }
    #expect(outputs == [.init(cotParsing: [Triple(statement: "s", evidence: "e", verification: "true")])])
  }

  @Test func demonstrationsMayBeEarlierTurns() async throws {
    var config = ParsingConfig(model: Self.model)
    config.demonstrations = .turns
    let stage = try ParseRationale(
      .init(config),
      in: workspace { request in
        #expect(!request.messages[0].content.contains("Example"))
        #expect(
          Array(request.messages.dropFirst()) == [
            .user("Question:\nq1\n\nReasoning:\nc1"), .assistant(#"{"cot_parsing":["t1"]}"#),
            .user("Question:\nq\n\nReasoning:\nc"),
          ])
        return ChatReply(text: #"{"cot_parsing": []}"#)
      })
    let shown: [JSON] = [["question": "q1", "cot": "c1", "cot_parsing": ["t1"]]]
    #expect(
      try await stage.process(.init(question: "q", cot: "c", demonstrations: shown))
        == .emit([.init(cotParsing: [])]))
    await #expect(throws: StageError.self) {
      try await stage.process(.init(question: "q", cot: "c", demonstrations: [["question": "q1"]]))
    }
  }

  @Test func conditionsMayBeShown() async throws {
    let stage = try ParseRationale(
      .init(ParsingConfig(model: Self.model), showConditions: true),
      in: workspace { request in
        #expect(
          request.messages[1].content == "Question:\nq\n\nConditions:\n[\"c1\",\"c2\"]\n\nReasoning:\nr")
        #expect(
          request.messages[0].content.contains(
            "question:\ndq\nExample conditions:\n[\"dc\"]\nExample reasoning:\ndr\n"))
        return ChatReply(
          text: #"{"cot_parsing": [{"statement": "s", "evidence": "e", "Verification": "true"}]}"#)
      })
    #expect(
      try await stage.process(
        .init(
          question: "q", cot: "r",
          demonstrations: [["question": "dq", "question_parsing": ["dc"], "cot": "dr", "cot_parsing": []]],
          questionParsing: ["c1", "c2"]))
        == .emit([.init(cotParsing: [Triple(statement: "s", evidence: "e", verification: "true")])]))
    #expect(
      stage.reads == [
        ColumnUse("question"), ColumnUse("cot"), ColumnUse("demonstrations", required: false),
        ColumnUse("question_parsing"),
      ])
  }
}
