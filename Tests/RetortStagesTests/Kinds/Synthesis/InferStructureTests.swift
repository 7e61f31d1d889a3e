import Foundation
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

@Suite struct InferStructureTests {
  private static func model(_ name: String) -> ModelRef { ModelRef(ModelSpec(alias: name, name: name)) }

  private func stage(
    repair: Int? = 0, _ chat: @escaping @Sendable (ChatRequest) async throws -> ChatReply
  ) throws -> InferStructure {
    try InferStructure(
      .init(
        questionParser: Self.model("q"), cotParser: Self.model("p"), cotVerifier: Self.model("v"),
        repair: repair),
      in: Workspace(folder: URL(filePath: "/"), models: ScriptedProvider(chat: chat)))
  }

  /// Answers each act by the last line of its user turn.
  private static func reply(_ request: ChatRequest, statements: String) -> ChatReply {
    let user = request.messages.last?.content ?? ""
    if user.hasSuffix("Does the evidence entail the statement?") {
      return ChatReply(text: #"{"statement":"s","evidence":"e","Verification":" True"}"#)
    }
    if user.hasSuffix("Find the evidence for the statement.") {
      return ChatReply(text: #"{"statement":"s","evidence":"because"}"#)
    }
    return ChatReply(text: user.contains("Reasoning") ? statements : #"["c"]"#)
  }

  @Test func everyStatementIsGivenEvidenceAndJudged() async throws {
    let stage = try stage { Self.reply($0, statements: #"["s1","s2"]"#) }
    #expect(
      try await stage.process(.init(question: "q", cot: "r"))
        == .emit([
          .init(
            questionParsing: ["c"],
            cotParsing: [
              Triple(statement: "s1", evidence: "because", verification: "true"),
              Triple(statement: "s2", evidence: "because", verification: "true"),
            ])
        ]))
  }

  @Test func fewerThanTwoStatementsAreAskedForAgain() async throws {
    let stage = try stage { request in
      let again = request.messages.last?.content.hasSuffix("Name at least 2.") ?? false
      return Self.reply(request, statements: again ? #"["s1","s2"]"# : #"["s1"]"#)
    }
    guard case .emit(let outputs) = try await stage.process(.init(question: "q", cot: "r")) else {
      Issue.record("dropped")
      return
    }
    #expect(outputs.map { $0.cotParsing.map(\.statement) } == [["s1", "s2"]])
  }

  @Test func demonstrationsAreTurnsOfTheActThatIsAskedFor() async throws {
    let demonstration = RoleRow(
      question: "dq", questionParsing: ["dc"], cot: "dr",
      cotParsing: [Triple(statement: "ds", evidence: "de", verification: "false")])
    let stage = try stage { request in
      #expect(request.messages.count == 4)
      let user = request.messages[3].content
      let expected =
        user.hasSuffix("entail the statement?")
        ? #"{"statement":"ds","evidence":"de","Verification":"false"}"#
        : user.hasSuffix("for the statement.")
          ? #"{"statement":"ds","evidence":"de"}"# : user.contains("Reasoning") ? #"["ds"]"# : #"["dc"]"#
      #expect(request.messages[2] == .assistant(expected))
      return Self.reply(request, statements: #"["s1","s2"]"#)
    }
    _ = try await stage.process(.init(question: "q", cot: "r", demonstrations: [demonstration]))
  }

  @Test func aReplyThatCannotBeUsedDropsTheRowAndNamesTheRole() async throws {
    let stage = try stage { Self.reply($0, statements: "none") }
    guard case .drop(let reason, let detail) = try await stage.process(.init(question: "q", cot: "r")) else {
      Issue.record("emitted")
      return
    }
    #expect(reason == "reply not usable")
    #expect(detail.hasPrefix("cot_parsing: Expected JSON"))
  }
}
