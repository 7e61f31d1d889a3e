import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

@Suite struct ValidateStructureTests {
  private static let question =
    "G, H and L go to the UK or the US. If G goes to the UK, H goes to the US. G goes to the UK."
  private static let cot = "Since G goes to the UK, H goes to the US. L may go anywhere."
  private static let conditions: JSON = [
    "G, H and L go to the UK or the US", "If G goes to the UK, H goes to the US", "G goes to the UK",
  ]

  private static func step(_ statement: String, _ evidence: String, _ verification: String = "True") -> JSON {
    [
      "statement": .string(statement), "evidence": .string(evidence), "Verification": .string(verification),
    ]
  }

  private static let good = step("H goes to the US", "G goes to the UK")

  private func stage(
    _ config: ValidateStructure.Config = .init(), _ models: ScriptedProvider = ScriptedProvider()
  ) throws -> ValidateStructure {
    try ValidateStructure(config, in: Workspace(folder: URL(filePath: "/"), models: models))
  }

  private func input(
    conditions: JSON = conditions, steps: JSON = [good], cot: String = cot, answer: String? = nil,
    demonstrations: [JSON]? = nil
  ) -> ValidateStructure.Input {
    .init(
      question: Self.question, cot: cot, questionParsing: conditions, cotParsing: steps, answer: answer,
      demonstrations: demonstrations)
  }

  private func reason(_ input: ValidateStructure.Input, off: [StructureRule] = []) async throws -> String? {
    if case .drop(let reason, _) = try await stage(.init(off: off)).process(input) { return reason }
    return nil
  }

  @Test func passesAndWritesVerificationInLowerCase() async throws {
    guard case .emit(let outputs) = try await stage().process(input()) else {
      Issue.record("dropped")
      return
    }
    #expect(
      outputs == [
        .init(
          questionParsing: Self.conditions.array?.compactMap(\.string) ?? [],
          cotParsing: [
            Triple(statement: "H goes to the US", evidence: "G goes to the UK", verification: "true")
          ],
          structureRepairs: 0)
      ])
  }

  @Test func eachRuleHasItsReasonAndItsSwitch() async throws {
    let demonstration =
      "seven ships sail from the northern harbour on the first morning of a very long winter"
    let cases: [(StructureRule, ValidateStructure.Input)] = [
      (.schema, input(steps: [Self.good, "text"])),
      (.verification, input(steps: [Self.step("H goes to the US", "G goes to the UK", "maybe")])),
      (.conditions, input(conditions: ["G goes to the UK", "H goes to the US"])),
      (.statements, input(steps: [])),
      (.lengths, input(steps: [Self.step("H", "G goes to the UK")])),
      (.grounding, input(steps: [Self.step("H goes to the US", "whales are mammals")])),
      (.occurrence, input(steps: [Self.step("whales are mammals", "G goes to the UK")])),
      (.duplicates, input(steps: [Self.good, Self.step("h goes to the US.", "G goes to the UK")])),
      (
        .leak,
        input(
          conditions: .array((Self.conditions.array ?? []) + [.string(demonstration)]),
          demonstrations: [["question": .string(demonstration)]])
      ),
      (.answer, input(cot: Self.cot + " The answer is (C).", answer: "b")),
    ]
    for (rule, input) in cases {
      #expect(try await reason(input) == rule.reason)
      #expect(try await reason(input, off: [rule]) == nil, "\(rule) switched off")
    }
    #expect(cases.map(\.0) == StructureRule.allCases.filter(StructureRule.usual.contains))
  }

  @Test func conditionsAreGroundedByKey() async throws {
    func fate(_ share: Double?, _ conditions: JSON) async throws -> String {
      let stage = try stage(.init(conditionGrounding: share))
      guard case .drop(let reason, let detail) = try await stage.process(input(conditions: conditions)) else {
        return "kept"
      }
      return "\(reason): \(detail)"
    }
    let known = Self.conditions.array ?? []
    let foreign: JSON = .array(known + ["whales are mammals"])
    #expect(try await fate(nil, foreign) == "kept")
    #expect(try await fate(0.75, Self.conditions) == "kept")
    let absent =
      "condition not in the question: question_parsing[3]: expected words of the question, found "
    #expect(try await fate(0.75, foreign) == absent + "\"whales are mammals\"")
    // What the rationale alone says is no condition, nor is one that turns a condition round.
    #expect(
      try await fate(0.75, .array(known + ["L may go anywhere"])) == absent + "\"L may go anywhere\"")
    #expect(
      try await fate(0.75, .array(known + ["G does not go to the UK"]))
        == absent + "\"G does not go to the UK\"")
    #expect(try await fate(0, foreign) == "kept")
    #expect(throws: StageError("condition_grounding: expected a share from 0 to 1, found 2.0")) {
      try stage(.init(conditionGrounding: 2))
    }
    let off = try stage(.init(off: [.occurrence], conditionGrounding: 0.75))
    guard case .emit = try await off.process(input(conditions: foreign)) else { return #expect(Bool(false)) }
  }

  @Test(arguments: [
    ("H goes to the US", "H goes to the US", true), ("H goes to the US", "So h goes to the us.", true),
    ("Since G goes to the UK, H goes to the US", "G goes to the UK, H goes to the US", true),
    ("H goes to the US", "H goes to the US. H goes to the US", true),
    ("So H goes to the US", "H goes to the US", true),
    ("H goes to the US", "H goes to the US, since H goes to the US", true),
    ("H goes to the US", "It is known that H goes to the US.", true),
    // The reason that a statement names itself, and more than the statement.
    ("Since G goes to the UK, H goes to the US", "G goes to the UK", false),
    ("H goes to the US", "Since G goes to the UK, H goes to the US", false),
    ("H goes to the US", "G goes to the UK", false),
  ])
  func evidenceThatIsItsStatementIsDroppedByKey(
    _ statement: String, _ evidence: String, _ isOwn: Bool
  ) async throws {
    let row = input(steps: [Self.step(statement, evidence)])
    let cot = "Since G goes to the UK, H goes to the US. So H goes to the US."
    var shown = row.row.values
    shown["cot"] = .string(cot)
    let off: [StructureRule] = [.grounding]
    guard case .emit = try await stage(.init(off: off)).process(.init(shown)) else {
      return #expect(Bool(false))
    }
    let found = try await stage(.init(off: off, independentEvidence: true)).process(.init(shown))
    guard isOwn else {
      guard case .emit = found else { return #expect(Bool(false)) }
      return
    }
    let detail = "cot_parsing[0].evidence: expected more than the statement, found \"\(evidence)\""
    #expect(found == .drop(reason: "evidence is its own statement", detail: detail))
  }

  @Test(arguments: [
    ("x < 5", "It is known that x > 5.", false), ("x < 5", "It is known that x < 5.", true),
    ("because x < 5 the value of the sum is small", "because x > 5 the value of the sum is small", false),
    ("7 + 5", "7 - 5", false), ("7 - 5", "7 − 5 = 2", true), ("10", "100 apples", false),
    ("10 apples", "10 apples", true),
    ("彼は東京に行く", "彼は東京に行く。", true), ("彼女は大阪で寝る", "彼は東京に行く。", false),
    ("แมวนอน", "แมวนอนบนเตียง", true), ("หมาวิ่งเร็ว", "แมวนอนบนเตียง", false), ("🍎🍎🍐", "🍎🍎🍐 are here", true),
    ("🍎🍎🍐", "🍐🍌🍌 are here", false), ("Ｇ ｇｏｅｓ １２", "G goes 12", true),
    ("G is not in the UK", "G is in the UK", false),
    ("G is not in the UK today", "G isn't, and not in the UK today", true),
    ("**G** goes to _the UK_", "G goes to the UK", true),
  ])
  func evidenceIsGrounded(evidence: String, question: String, isGrounded: Bool) {
    var rules = StructureRules()
    rules.rules = [.grounding]
    let candidate = StructureCandidate(
      question: question, cot: "", questionParsing: [], cotParsing: [Self.step("x", evidence)])
    #expect(rules.violations(in: candidate).isEmpty == isGrounded)
  }

  @Test(arguments: [
    ("True.", "true"), (" TRUE ", "true"), ("Ｔｒｕｅ", "true"), ("**False**", "false"), ("正确", "true"),
    ("错误。", "false"),
    ("真", "true"), ("假", "false"), ("yes", "true"), ("No", "false"), ("not true", "nottrue"),
    ("maybe", "maybe"),
  ])
  func verdictsInOtherWords(found: String, verdict: String) {
    #expect(Triple(statement: "", evidence: "", verification: found).normalized.verification == verdict)
  }

  @Test func labelledExamplesAreSound() throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "../../../golden/data/labelled.json")
    let rows = try #require(JSON(parsing: String(contentsOf: file, encoding: .utf8)).array)
    #expect(rows.count == 24)
    for row in rows {
      let candidate = StructureCandidate(
        question: row["question"]?.string ?? "", cot: row["cot"]?.string ?? "",
        questionParsing: row["question_parsing"] ?? .null, cotParsing: row["cot_parsing"] ?? .null,
        answer: row["answer"]?.string)
      #expect(StructureRules().violations(in: candidate) == [])
    }
  }

  @Test(arguments: [
    "所以答案是C。", " The answer is C.", "\n**Answer:** C", " The correct answer is: C", " So (C) is correct.",
  ])
  func aContradictionIsSeen(end: String) {
    var rules = StructureRules()
    rules.rules = [.answer]
    let candidate = StructureCandidate(
      question: "问题", cot: "甲甲。乙乙。" + end, questionParsing: [], cotParsing: [], answer: "B")
    #expect(rules.violations(in: candidate).map(\.rule) == [.answer])
  }

  @Test func repairsWithTheExactComplaint() async throws {
    let repaired: JSON = ["question_parsing": Self.conditions, "cot_parsing": [Self.good]]
    let models = ScriptedProvider(chat: { request in
      let asked = request.messages.last?.content ?? ""
      if request.draw == 0 {
        #expect(asked.contains("- cot_parsing: expected 1 to 40 items, found 0"))
        return ChatReply(text: "no idea")
      }
      return ChatReply(text: repaired.text)
    })
    let spec = ModelRef(ModelSpec(alias: "teacher", name: "t"))
    let twice = try stage(.init(repair: .init(model: spec, attempts: 2)), models)
    guard case .emit(let outputs) = try await twice.process(input(steps: [])) else {
      Issue.record("dropped")
      return
    }
    #expect(outputs.map(\.structureRepairs) == [2])
    let once = try stage(.init(repair: .init(model: spec, attempts: 1)), models)
    guard case .drop(let reason, _) = try await once.process(input(steps: [])) else {
      Issue.record("emitted")
      return
    }
    #expect(reason == StructureRule.statements.reason)
  }

  @Test func rulesForTheRationaleAreOffUnlessNamed() async throws {
    let twice = input(cot: Self.cot + " The answer is A. The answer is B.")
    #expect(try await reason(twice) == nil)
    let stage = try stage(.init(rationaleRules: [.oneAnswer]))
    #expect(
      try await stage.process(twice)
        == .drop(
          reason: "rationale states two answers", detail: "cot: expected one final answer, found A, B"))
  }
}
