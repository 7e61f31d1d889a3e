import Foundation
import OrderedCollections
import RetortTestSupport
import Synchronization
import Testing

@testable import RetortCore
@testable import RetortStages

/// Rows taken apart by the models of a structure's roles.
@Suite struct RoleInferenceTests {
  private static func model(_ name: String) -> ModelRef { ModelRef(ModelSpec(alias: name, name: name)) }

  /// Who was asked what, in no order.
  private final class Heard: Sendable {
    let requests = Mutex<[ChatRequest]>([])
    func workspace(_ reply: @escaping @Sendable (String) -> String) -> Workspace {
      Workspace(
        folder: URL(filePath: "/"),
        models: ScriptedProvider(chat: { request in
          self.requests.withLock { $0.append(request) }
          return ChatReply(text: reply(request.messages.last?.content ?? ""))
        }))
    }
    var asked: [String] {
      requests.withLock { $0.map { "\($0.messages) \($0.schema?.text ?? "")" }.sorted() }
    }
  }

  private static func reasoning(_ user: String) -> String {
    if user.hasSuffix("Does the evidence entail the statement?") {
      return #"{"statement":"s","evidence":"e","Verification":" True"}"#
    }
    if user.hasSuffix("Find the evidence for the statement.") {
      return user.contains("s2") ? "?" : #"{"statement":"s","evidence":"because"}"#
    }
    return user.contains("Reasoning") ? #"["s1","s2"]"# : #"["a","b","c"]"#
  }

  @Test(arguments: [InferStructure.SchemaRoot.list, .object])
  func theTasksOwnStructureAsAFileAsksAndGivesTheSame(_ root: InferStructure.SchemaRoot) async throws {
    let shown = RoleRow(
      question: "dq", answer: "a", questionParsing: ["dc"], cot: "dr",
      cotParsing: [
        Triple(statement: "d1", evidence: "e1", verification: "true"),
        Triple(statement: "d2", evidence: "e2", verification: "false"),
      ])
    let input = try InferStructure.Input(
      question: "q", cot: "r", answer: "b", demonstrations: [shown, shown])
    let (own, given) = (Heard(), Heard())
    let one = try InferStructure(
      .init(
        questionParser: Self.model("q"), cotParser: Self.model("p"), cotVerifier: Self.model("v"), repair: 1,
        fallback: true, root: root, balanced: true), in: own.workspace(Self.reasoning))
    let other = try InferStructure(
      .init(
        repair: 1, fallback: true, root: root, balanced: true,
        structure: StructureFile(path: "s.yaml", Structure.reasoningFile),
        models: [
          "question_parsing": Self.model("q"), "cot_parsing": Self.model("p"),
          "cot_verification": Self.model("v"),
        ]), in: given.workspace(Self.reasoning))
    #expect(Set(one.reads) == Set(other.reads))
    #expect(one.adds == other.adds)
    let found = try await one.process(input)
    #expect(found == (try await other.process(input)))
    #expect(own.asked == given.asked)
    guard case .emit(let outputs) = found else { return #expect(Bool(false)) }
    #expect(outputs[0].lists["cot_parsing"]?.array?[1]["Verification"] == "false")
    #expect(outputs[0].fallbacks?.count == 1)
  }

  private static let triage: JSON = [
    "columns": ["note": [:], "age": ["optional": true]],
    "lists": [
      "complaints": ["from": ["note"]],
      "findings": [
        "least": 2,
        "fields": [
          "finding": [:], "evidence": [:], "value": ["type": "number", "required": false],
          "urgency": ["values": ["soon", "now"], "synonyms": ["now": ["immediate"]]],
        ],
      ],
    ],
    "acts": [
      "complain": ["shows": ["note"], "list": "complaints", "asks": "Complaints?"],
      // Given what only the next act gives.
      "urgency": [
        "shows": ["note"], "each": "findings", "given": ["finding", "evidence"], "gives": ["urgency"],
        "asks": "How soon?",
      ],
      "find": ["shows": ["note", "age"], "list": "findings.finding", "asks": "Findings?"],
      "words": [
        "shows": ["note"], "each": "findings", "given": ["finding"], "gives": ["evidence", "value"],
        "asks": "Words?",
      ],
    ],
    "roles": [
      "judge": ["system": "You judge.", "acts": ["urgency", "words"]],
      "reader": ["system": "You read.", "acts": ["words", "complain", "find"]],
    ],
  ]

  private func stage(_ heard: Heard, fallback: Bool? = nil, _ reply: @escaping @Sendable (String) -> String)
    throws
    -> InferStructure
  {
    try InferStructure(
      .init(
        repair: 0, fallback: fallback, structure: StructureFile(path: "s.yaml", Self.triage),
        models: ["judge": Self.model("j"), "reader": Self.model("r")]), in: heard.workspace(reply))
  }

  @Test func eachActIsAskedOfTheRoleThatNamesItEarliest() async throws {
    let heard = Heard()
    let stage = try stage(heard) { user in
      if user.hasSuffix("Complaints?") { return #"["pain"]"# }
      if user.hasSuffix("Findings? Name at least 2.") { return #"["fever", "pale"]"# }
      if user.hasSuffix("Findings?") { return #"["fever"]"# }
      if user.hasSuffix("How soon?") { return #"{"finding": "x", "evidence": "y", "urgency": "IMMEDIATE"}"# }
      return user.contains("fever")
        ? #"{"finding": "fever", "evidence": "39.4", "value": 39.4}"#
        : #"{"finding": "pale", "evidence": "pale", "value": null}"#
    }
    #expect(stage.reads.map(\.name) == ["note", "age", "demonstrations"])
    #expect(stage.reads.map(\.required) == [true, false, false])
    #expect(stage.adds == ["complaints", "findings"])
    let lists: JSON.Object = [
      "complaints": ["pain"],
      "findings": [
        ["finding": "fever", "evidence": "39.4", "value": 39.4, "urgency": "now"],
        ["finding": "pale", "evidence": "pale", "value": .null, "urgency": "now"],
      ],
    ]
    let found = try await stage.process(.init(["note": "N"]))
    #expect(found == .emit([.init(lists: lists)]))
    let requests = heard.requests.withLock { $0 }
    let systems = requests.map { [$0.messages[0].content, $0.messages.last?.content ?? ""] }
    #expect(systems.filter { $0[1].hasSuffix("How soon?") }.allSatisfy { $0[0] == "You judge." })
    #expect(systems.filter { $0[1].hasSuffix("Words?") }.allSatisfy { $0[0] == "You read." })
    #expect(systems.contains(["You judge.", "Note:\nN\n\nFinding:\nfever\n\nEvidence:\n39.4\n\nHow soon?"]))
    let schema = requests.first { $0.messages.last?.content.hasSuffix("Words?") == true }?.schema
    #expect(schema?["properties"]?["value"] == ["type": ["number", "null"]])
    #expect(schema?["required"] == ["finding", "evidence", "value"])
  }

  @Test func whatIsNotFoundIsNullAndNamed() async throws {
    let stage = try stage(Heard(), fallback: true) { user in
      if user.hasSuffix("Complaints?") { return "none" }
      if user.contains("Findings?") { return #"["fever", "pale"]"# }
      if user.hasSuffix("How soon?") { return #"{"finding": "x", "evidence": "y", "urgency": "tomorrow"}"# }
      return user.contains("fever") ? "?" : #"{"finding": "pale", "evidence": "pale", "value": null}"#
    }
    guard case .emit(let outputs) = try await stage.process(.init(["note": "N"])) else {
      return #expect(Bool(false))
    }
    #expect(
      outputs[0].lists.values == [
        "complaints": [],
        "findings": [
          ["finding": "fever", "evidence": "", "value": .null, "urgency": .null],
          ["finding": "pale", "evidence": "pale", "value": .null, "urgency": .null],
        ],
      ])
    #expect(
      outputs[0].fallbacks?.map { String($0.prefix(40)) } == [
        "reader: Expected JSON: expected a JSON o", "reader: Expected JSON: expected a JSON o",
        #"judge: Expected "soon" or "now" under "u"#,
      ])
  }

  @Test func withoutAFallbackTheRowEndsAndNamesTheRole() async throws {
    let stage = try stage(Heard()) { user in user.contains("Findings?") ? #"["a", "b"]"# : "no" }
    guard case .drop(let reason, let detail) = try await stage.process(.init(["note": "N"])) else {
      return #expect(Bool(false))
    }
    #expect(reason == "reply not usable")
    #expect(detail.hasPrefix("reader: "))
  }

  @Test func whatDoesNotHangTogetherIsToldBeforeARun() throws {
    func mistakes(_ config: InferStructure.Config) -> [String] {
      do {
        _ = try InferStructure(config, in: Heard().workspace { _ in "" })
        return []
      } catch let errors as StageErrors { return errors.all.map(\.description) } catch { return ["\(error)"] }
    }
    let file = try StructureFile(path: "s.yaml", Self.triage)
    #expect(
      mistakes(.init(questionParser: Self.model("q"))) == [
        "expected the key 'cot_parser', found none", "expected the key 'cot_verifier', found none",
      ])
    #expect(
      mistakes(
        .init(
          cotParser: Self.model("q"), structure: file,
          models: ["judge": Self.model("j"), "readr": Self.model("r")]))
        == [
          "models: expected a model for the role 'reader', found none",
          "expected a role of the structure (judge, reader), found 'readr' (did you mean 'reader'?)",
          "cot_parser: expected none beside a structure, whose roles have their models under 'models'",
        ])
    guard var written = Self.triage.object, var acts = written["acts"]?.object else {
      return #expect(Bool(false))
    }
    acts["words"] = nil
    acts["complain"] = nil
    written["acts"] = .object(acts)
    written["roles"] = ["judge": ["system": "s", "acts": ["urgency", "find"]]]
    let lame = try StructureFile(path: "s.yaml", .object(written))
    #expect(
      mistakes(.init(structure: lame, models: [:])) == [
        "structure: expected an act of a role that lists 'complaints', found none",
        "structure: expected an act of a role that gives 'evidence' of 'findings', found none",
        "structure: expected an act of a role that gives 'urgency' of 'findings', found none",
      ])
  }

  @Test func parseQuestionAsksForTheFirstListOrThoseThatAreNamed() async throws {
    let file = try StructureFile(path: "s.yaml", Self.triage)
    let heard = Heard()
    let workspace = heard.workspace { _ in #"{"complaints": ["pain"]}"# }
    let first = try ParseQuestion(.init(model: Self.model("m"), structure: file), in: workspace)
    #expect(first.adds == ["complaints"])
    #expect(first.reads.map(\.name) == ["note", "demonstrations"])
    let found = try await first.process(.init(["note": "N"]))
    #expect(found == .emit([.init(lists: ["complaints": ["pain"]])]))
    let same = try ParseRationale(
      .init(ParsingConfig(model: Self.model("m")), structure: file, lists: ["complaints"]), in: workspace)
    _ = try await same.process(.init(["note": "N"]))
    #expect(Set(heard.asked).count == 1)
    let both = try ParseQuestion(
      .init(model: Self.model("m"), structure: file, lists: ["findings", "complaints"]), in: workspace)
    #expect(both.adds == ["complaints", "findings"])
    #expect(throws: StageError.self) {
      try ParseQuestion(.init(model: Self.model("m"), lists: ["complaints"]), in: workspace)
    }
    #expect(throws: StageErrors.self) {
      try ParseQuestion(.init(model: Self.model("m"), structure: file, lists: ["x"]), in: workspace)
    }
  }
}
