import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

@Suite struct InferStructureTests {
  private static func model(_ name: String) -> ModelRef { ModelRef(ModelSpec(alias: name, name: name)) }

  private func stage(
    repair: Int? = 0, fallback: Bool? = nil, root: InferStructure.SchemaRoot? = nil, balanced: Bool? = nil,
    sets: [String: RowSet<Columns>] = [:], _ chat: @escaping @Sendable (ChatRequest) async throws -> ChatReply
  ) throws -> InferStructure {
    try InferStructure(
      .init(
        questionParser: Self.model("q"), cotParser: Self.model("p"), cotVerifier: Self.model("v"),
        repair: repair, fallback: fallback, root: root, balanced: balanced),
      in: Workspace(folder: URL(filePath: "/"), models: ScriptedProvider(chat: chat), sets: sets))
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

  @Test func aFallbackKeepsTheRowAndSaysWhatIsMissing() async throws {
    let stage = try stage(fallback: true) { request in
      let user = request.messages.last?.content ?? ""
      if user.hasSuffix("Find the evidence for the statement."), user.contains("s2") {
        return ChatReply(text: "?")
      }
      return Self.reply(request, statements: #"["s1","s2"]"#)
    }
    guard case .emit(let outputs) = try await stage.process(.init(question: "q", cot: "r")) else {
      Issue.record("dropped")
      return
    }
    #expect(outputs.map(\.questionParsing) == [["c"]])
    #expect(
      outputs.map(\.cotParsing) == [
        [
          Triple(statement: "s1", evidence: "because", verification: "true"),
          Triple(statement: "s2", evidence: "", verification: "false"),
        ]
      ])
    #expect(outputs[0].fallbacks?.count == 1)
    #expect(outputs[0].fallbacks?[0].hasPrefix("cot_verification: Expected JSON") == true)
  }

  @Test func everyQuestionHasARowUnderFallback() async throws {
    let stage = try stage(fallback: true) { _ in ChatReply(text: "no idea") }
    guard case .emit(let outputs) = try await stage.process(.init(question: "q", cot: "r")) else {
      Issue.record("dropped")
      return
    }
    #expect(outputs.map(\.questionParsing) == [[]])
    #expect(outputs.map(\.cotParsing) == [[]])
    #expect(outputs[0].fallbacks?.count == 2)
  }

  @Test func schemasMayHaveAnObjectAtTheirRoot() async throws {
    let stage = try stage(root: .object) { request in
      #expect(request.schema?["type"] == "object")
      // Servers that hold to the schema answer with the object, others as the roles were trained.
      let isQuestion = request.messages.last?.content.contains("Reasoning") == false
      return isQuestion
        ? ChatReply(text: #"{"items":["c"]}"#) : Self.reply(request, statements: #"["s1","s2"]"#)
    }
    guard case .emit(let outputs) = try await stage.process(.init(question: "q", cot: "r")) else {
      Issue.record("dropped")
      return
    }
    #expect(outputs.map(\.questionParsing) == [["c"]])
    #expect(outputs.map { $0.cotParsing.map(\.statement) } == [["s1", "s2"]])
  }

  @Test func verdictsAreShownInTurn() async throws {
    func row(_ verdicts: String...) -> RoleRow {
      RoleRow(
        question: "dq", questionParsing: [], cot: "dr",
        cotParsing: verdicts.map { Triple(statement: "s", evidence: "e", verification: $0) })
    }
    let stage = try stage(balanced: true) { request in
      if request.messages.last?.content.hasSuffix("entail the statement?") == true {
        let shown = request.messages.filter { $0.role == .assistant }.map { $0.content.contains("\"false\"") }
        #expect(shown == [false, true, false, true])
      }
      return Self.reply(request, statements: #"["s1","s2"]"#)
    }
    _ = try await stage.process(
      .init(
        question: "q", cot: "r",
        demonstrations: [row("True", "false"), row("True", "False"), row("True"), row("true", "no")]))
  }

  @Test func inducedInstructionsReachTheRoles() async throws {
    let sets = [
      "question_task": RowSet<Columns>([Row(["instruction": "Split it."])]),
      "cot_task": RowSet<Columns>([Row(["instruction": "Judge it."])]),
    ]
    let stage = try stage(sets: sets) { request in
      let system = request.messages[0].content
      let isQuestion = request.messages.last?.content.contains("Reasoning") == false
      #expect(
        system.hasPrefix(
          isQuestion ? "Split it.\n\nAnswer with a JSON list" : "Judge it.\n\nAs the last line"))
      return Self.reply(request, statements: #"["s1","s2"]"#)
    }
    _ = try await stage.process(.init(question: "q", cot: "r"))
  }
}

extension InferStructure.Output {
  fileprivate var questionParsing: [String] { lists["question_parsing"]?.array?.compactMap(\.string) ?? [] }
  fileprivate var cotParsing: [Triple] {
    (lists["cot_parsing"]?.array ?? []).compactMap { try? $0.decode(Triple.self) }
  }
}
