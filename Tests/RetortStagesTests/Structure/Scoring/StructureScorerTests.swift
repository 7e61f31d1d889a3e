import Foundation
import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

/// Values computed independently, after the organisers' script.
private enum GoldenStructure {
  static func values(_ name: String) throws -> [JSON] {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "../../../golden-structure.json")
    return try JSON(parsing: String(contentsOf: file, encoding: .utf8))[name]?.array ?? []
  }
}

/// Texts such as `statement 2`, prediction or reference, whose similarities are written in a table.
private struct Tabled: TextSimilarity {
  let tables: [String: [[Double]]]
  let name = "a table"

  func similarities(of text: String, to references: [String], above floor: Double) async throws -> [Double] {
    let said = text.split(separator: " ")
    let row = try #require(tables[String(said[0])])[try #require(Int(said[1]))]
    return try references.map { row[try #require(Int($0.split(separator: " ")[1]))] }
  }
}

private func structure(_ conditions: Int, _ steps: Int, _ verdicts: [JSON]) -> ScoredStructure {
  ScoredStructure(
    questionParsing: .array((0..<conditions).map { .string("question \($0)") }),
    cotParsing: .array(
      (0..<steps).map {
        [
          "statement": .string("statement \($0)"), "evidence": .string("evidence \($0)"),
          "Verification": verdicts[$0],
        ]
      }))
}

@Suite struct StructureScorerTests {
  private static func table(_ json: JSON?) -> [[Double]] {
    (json?.array ?? []).map { ($0.array ?? []).compactMap(\.number) }
  }

  private static func pairs(_ json: JSON?) -> [[Int]] {
    (json?.array ?? []).map { ($0.array ?? []).compactMap(\.int).map { Int($0) } }
  }

  @Test func theSharedTasksRows() async throws {
    let cases = try GoldenStructure.values("rows")
    #expect(cases.count == 22)
    for value in cases {
      let note = Comment(rawValue: value["note"]?.string ?? "")
      let limits = (value["thresholds"]?.array ?? []).compactMap(\.number)
      let tables = Dictionary(
        uniqueKeysWithValues: ["question", "statement", "evidence"].map { ($0, Self.table(value[$0])) })
      let scorer = StructureScorer(
        similarity: Tabled(tables: tables),
        thresholds: .init(question: limits[0], statement: limits[1], evidence: limits[2]))
      let score = try await scorer.score(
        structure(
          tables["question"]?.count ?? 0, tables["statement"]?.count ?? 0,
          value["predicted_verdicts"]?.array ?? []),
        against: structure(
          Int(value["question_references"]?.int ?? 0), Int(value["statement_references"]?.int ?? 0),
          value["reference_verdicts"]?.array ?? []))
      let expect = try #require(value["expect"])
      func places(_ matches: [StructureMatch]) -> [[Int]] { matches.map { [$0.predicted, $0.gold] } }
      #expect(places(score.question) == Self.pairs(expect["question_matches"]), note)
      #expect(places(score.statement) == Self.pairs(expect["statement_matches"]), note)
      #expect(places(score.evidence) == Self.pairs(expect["evidence_pairs"]), note)
      #expect(score.reasoning.count == expect["verdict_hits"]?.int.map { Int($0) }, note)
      for (found, name) in [
        (score.f1.question, "question_f1"), (score.f1.statement, "statement_f1"),
        (score.f1.evidence, "evidence_f1"), (score.f1.reasoning, "reasoning_f1"),
      ] {
        let wanted = try #require(expect[name]?.number)
        #expect(abs(found - wanted) <= 1e-9 * max(1e-3, wanted), note)
      }
    }
  }

  @Test func theSharedTasksMeans() throws {
    let cases = try GoldenStructure.values("sets")
    #expect(cases.count == 6)
    for value in cases {
      let found = value["row_f1"]?.object ?? [:]
      func f1(_ numbers: JSON?) -> StructureF1? {
        guard let numbers = numbers?.array?.compactMap(\.number), numbers.count == 4 else { return nil }
        return StructureF1(
          question: numbers[0], statement: numbers[1], evidence: numbers[2], reasoning: numbers[3])
      }
      let gold = (value["gold_ids"]?.array ?? []).map { f1($0.string.flatMap { found[$0] }) }
      for (mean, name) in [
        (StructureF1.mean(gold.map { $0 ?? StructureF1() }), "over_gold"),
        (StructureF1.mean(gold.compactMap(\.self)), "over_predicted"),
      ] {
        let wanted = try #require(try value["expect"]?[name]?.decode(StructureF1.self))
        let mean = try #require(mean)
        for score in [\StructureF1.question, \.statement, \.evidence, \.reasoning] {
          #expect(abs(mean[keyPath: score] - wanted[keyPath: score]) < 1e-11)
        }
      }
    }
    #expect(StructureF1.mean([]) == nil)
  }

  @Test func whatCannotBeReadIsPredictedAndWrong() async throws {
    let gold = structure(2, 2, ["true", "false"])
    let scorer = StructureScorer(
      similarity: StructureSimilarity(), thresholds: StructureThresholds.Known.page.thresholds)
    func f1(_ question: JSON?, _ cot: JSON?) async throws -> [Double] {
      let score = try await scorer.score(
        ScoredStructure(questionParsing: question, cotParsing: cot), against: gold)
      return [score.f1.question, score.f1.statement, score.f1.evidence, score.f1.reasoning]
    }
    func step(_ statement: JSON, _ evidence: JSON, _ verdict: JSON?) -> JSON {
      var fields: JSON.Object = ["statement": statement, "evidence": evidence]
      fields["Verification"] = verdict
      return .object(fields)
    }
    #expect(
      try await f1(
        ["question 0", 7, "question 1"], [step("statement 0", "evidence 0", "true"), "no object"])
        == [0.8, 0.5, 0.5, 0.5])
    #expect(
      try await f1(nil, [step("statement 0", 3, "true"), step("statement 1", "evidence 1", nil)])
        == [0, 1, 0.5, 0])
    #expect(try await f1(["question 0"], "prose") == [2.0 / 3, 0, 0, 0])
    #expect(try await f1([], []) == [0, 0, 0, 0])
    // A second copy matches nothing: its reference is used up.
    #expect(try await f1(["question 0", "question 0"], []) == [0.5, 0, 0, 0])
  }

  @Test func manyStatements() async throws {
    let many = structure(0, 200, Array(repeating: "true", count: 200))
    let scorer = StructureScorer(
      similarity: StructureSimilarity(), thresholds: StructureThresholds.Known.page.thresholds)
    let score = try await scorer.score(many, against: many)
    #expect(score.statement.map(\.gold) == Array(0..<200))
    #expect(score.f1 == StructureF1(question: 1, statement: 1, evidence: 1, reasoning: 1))
  }
}

@Suite struct ScoredStructureTests {
  @Test func theTasksForm() {
    let read = ScoredStructure(
      questionParsing: ["a", "b"],
      cotParsing: [["statement": "s", "evidence": "e", "Verification": "True"]])
    #expect(read.conditions == ["a", "b"])
    #expect(read.steps == [.init(statement: "s", evidence: "e", verdict: true)])
    #expect(read.faults + read.doubts == [])
  }

  /// As a column of JSON text holds it.
  @Test func aListAsText() {
    let read = ScoredStructure(questionParsing: #"["a"]"#, cotParsing: "[]")
    #expect(read.conditions == ["a"])
    #expect(read.steps == [])
    #expect(!read.isUnreadable)
  }

  @Test(
    arguments: [
      ("true", true, false), ("True", true, false), ("false", false, false), ("False", false, false),
      ("TRUE", false, true), ("Yes", false, true), ("unclear", false, true), ("", false, true),
      (true, true, true), (false, false, true), (nil, nil, false), (1, nil, false),
    ] as [(JSON, Bool?, Bool)])
  func verdicts(written: JSON, verdict: Bool?, isDoubted: Bool) {
    let read = ScoredStructure(
      questionParsing: [], cotParsing: [["statement": "s", "evidence": "e", "Verification": written]])
    #expect(read.steps?.map(\.verdict) == [verdict])
    #expect(read.doubts.isEmpty != isDoubted)
    #expect(read.faults.isEmpty == (verdict != nil))
  }

  @Test func faultsHaveTheirPlaces() {
    let read = ScoredStructure(questionParsing: ["a", nil], cotParsing: [3, ["statement": "s"]])
    #expect(
      read.faults == [
        "question_parsing[1]: expected a text, found null",
        "cot_parsing[0]: expected an object of statement, evidence and Verification, found an integer",
        "cot_parsing[1].evidence: expected a text, found nothing",
        "cot_parsing[1].Verification: expected \"true\" or \"false\", found nothing",
      ])
    #expect(ScoredStructure(questionParsing: nil, cotParsing: ["a": 1]).isUnreadable)
  }
}
