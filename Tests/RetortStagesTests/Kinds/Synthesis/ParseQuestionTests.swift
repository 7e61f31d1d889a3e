import Foundation
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

@Suite struct ParseQuestionTests {
  private static let model = ModelRef(ModelSpec(alias: "teacher", name: "t"))

  private func workspace(_ chat: @escaping @Sendable (ChatRequest) async throws -> ChatReply) -> Workspace {
    Workspace(folder: URL(filePath: "/"), models: ScriptedProvider(chat: chat))
  }

  @Test func questionIsAskedUnderASchema() async throws {
    let stage = try ParseQuestion(
      .init(model: Self.model),
      in: workspace { request in
        #expect(request.sampling == Sampling(temperature: 0, maxTokens: 1024))
        #expect(request.schema?["required"] == .array(["question_parsing"]))
        #expect(request.messages.last == .user("q"))
        #expect(request.messages[0].content.contains(#"{"question_parsing": ["c1","c2"]}"#))
        return ChatReply(text: "Here: ```json\n{\"question_parsing\": [\"a\", \"b\"]}\n```")
      })
    let outcome = try await stage.process(
      .init(question: "q", demonstrations: [["question": "q1", "question_parsing": ["c1", "c2"]]]))
    guard case .emit(let outputs) = outcome else {
      Issue.record("dropped")
      return
    }
    #expect(outputs == [.init(questionParsing: ["a", "b"])])
  }

  @Test(arguments: [("no JSON at all", "stop", "reply not usable"), ("[\"a\"", "length", "reply truncated")])
  func dropsWhatCannotBeUsed(text: String, finish: String, expected: String) async throws {
    let stage = try ParseQuestion(
      .init(model: Self.model, repair: 0), in: workspace { _ in ChatReply(text: text, finishReason: finish) })
    guard case .drop(let reason, _) = try await stage.process(.init(question: "q")) else {
      Issue.record("emitted")
      return
    }
    #expect(reason == expected)
  }

  @Test func theSchemaBoundsListsAndTexts() async throws {
    var config = ParsingConfig(model: Self.model)
    config.maxItems = 3
    config.maxCharacters = 80
    let stage = try ParseQuestion(
      config,
      in: workspace { request in
        #expect(
          request.schema?["properties"]?["question_parsing"] == [
            "type": "array", "maxItems": 3, "items": ["type": "string", "maxLength": 80],
          ])
        return ChatReply(text: "[]")
      })
    #expect(try await stage.process(.init(question: "q")) == .emit([.init(questionParsing: [])]))
  }

  @Test func refusesTooManyRepairs() {
    #expect(throws: StageError("repair: expected 0 to 10, found 11")) {
      try ParseQuestion(.init(model: Self.model, repair: 11), in: workspace { _ in ChatReply(text: "") })
    }
  }
}
