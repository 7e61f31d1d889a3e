import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

/// Scores by a structure of one's own.
@Suite struct ListScorerTests {
  private static let written: JSON = [
    "columns": ["note": [:]],
    "lists": [
      "complaints": [:],
      "findings": [
        "fields": [
          "urgency": ["values": ["soon", "now"], "synonyms": ["now": ["immediate"]]],
          "finding": [:], "value": ["type": "number", "required": false], "evidence": [:],
        ]
      ],
    ],
    "acts": [
      "words": [
        "shows": ["note"], "each": "findings", "given": ["finding"], "gives": ["evidence", "value"],
      ],
      "judge": [
        "shows": ["note"], "each": "findings", "given": ["evidence", "finding"], "gives": ["urgency"],
      ],
    ],
  ]

  private static func finding(
    _ finding: String, _ evidence: JSON = "words", _ value: JSON = .null, _ urgency: JSON = "now"
  ) -> JSON {
    ["finding": .string(finding), "evidence": evidence, "value": value, "urgency": urgency]
  }

  private static let gold: JSON = [
    "id": 1, "complaints": ["chest pain", "cannot sleep"],
    "findings": [
      finding("fever", "39.4 degrees", 39.4), finding("fast pulse", "pulse 112", 112), finding("pale skin"),
    ],
  ]

  private func columns(
    _ predicted: JSON?, gold: JSON = gold, _ config: ScoreStructure.Config? = nil
  ) async throws -> JSON {
    let file = try StructureFile(path: "s.yaml", Self.written)
    let stage = try ScoreStructure(
      config ?? .init(structure: file),
      in: Workspace(
        folder: Bench.nowhere.folder, models: ScriptedProvider(),
        sets: ["predictions": Bench.rows([predicted].compactMap { $0 })]))
    switch try await stage.process(Columns(gold.object ?? [:])) {
    case .emit(let outputs):
      let columns = try JSON(encoding: outputs[0])
      #expect(stage.adds == columns.object.map { Array($0.keys) })
      return columns
    case .drop(let reason, let detail): return .string("\(reason): \(detail)")
    case .samples: return .null
    }
  }

  @Test func aFieldCountsWhereThoseAreRightThatItIsAnsweredFrom() async throws {
    let found = try await columns([
      "id": "1", "complaints": ["Cannot sleep."],
      "findings": [
        // Value wrong, and of the value nothing hangs.
        Self.finding("Fever", "39.4 degrees", 40, "immediate"),
        // Evidence wrong, so the urgency does not count.
        Self.finding("fast pulse", "nothing of it", 112.0),
        // Both left the value out.
        Self.finding("pale skin", "words", .null, "soon"),
        Self.finding("another thing"),
      ],
    ])
    let names = ["complaints", "findings_finding", "findings_urgency", "findings_value", "findings_evidence"]
    let scores = names.map { found["\($0)_f1"]?.number ?? -1 }
    let expected: [Double] = [2.0 / 3, 6.0 / 7, 2.0 / 7, 4.0 / 7, 4.0 / 7]
    #expect(scores == expected)
    #expect(found["prediction"] == "scored")
    #expect(
      found["matched"]?["findings.urgency"] == [["predicted": 0, "gold": 0, "similarity": 1.0]])
    #expect(
      found["thresholds"] == ["complaints": 0.95, "findings.finding": 0.9, "findings.evidence": 0.9])
    #expect(found["similarity"] == "lexical")
    #expect(found["predicted_complaints"] == ["Cannot sleep."])
  }

  @Test func noPredictionScoresNothing() async throws {
    let none = try await columns(nil)
    #expect(none["complaints_f1"] == 0.0)
    #expect(none["prediction"] == "missing")
    #expect(none["predicted_findings"] == .null)
    let unreadable = try await columns(["id": 1, "complaints": "none", "findings": .null])
    #expect(unreadable["prediction"] == "unreadable")
    #expect(unreadable["findings_finding_f1"] == 0.0)
  }

  @Test func whatCannotBeReadCountsAsPredictedAndWrong() async throws {
    let found = try await columns([
      "id": 1, "complaints": ["chest pain", 7], "findings": #"[{"finding": "fever", "urgency": "later"}]"#,
    ])
    #expect(found["prediction"] == "faulty")
    #expect(
      found["prediction_faults"] == [
        "complaints[1]: expected a text, found an integer",
        "findings[0].urgency: expected \"soon\" or \"now\", found \"later\"",
        "findings[0].evidence: expected a text, found nothing",
      ])
    #expect(found["complaints_f1"] == 0.5)
    #expect(found["findings_finding_f1"] == 0.5)
    #expect(found["findings_evidence_f1"] == 0.0)
    #expect(
      try await columns(nil, gold: ["id": 1, "complaints": 3, "findings": []])
        == "gold unreadable: complaints: expected a list of texts, found an integer")
  }

  @Test func thresholdsAreNamedByTheirText() async throws {
    let file = try StructureFile(path: "s.yaml", Self.written)
    let loose = ScoreStructure.Config(
      thresholds: .script, structure: file, thresholdOf: ["findings.evidence": 0.5])
    let found = try await columns(Self.gold, loose)
    #expect(found["thresholds"] == ["complaints": 0.1, "findings.finding": 0.1, "findings.evidence": 0.5])
    for config in [
      ScoreStructure.Config(structure: file, thresholdOf: ["findings.value": 0.5]),
      .init(structure: file, thresholdOf: ["complaints": 2]), .init(thresholdOf: ["complaints": 0.5]),
      .init(questionThreshold: 0.5, structure: file),
    ] {
      #expect(throws: (any Error).self) { try ScoreStructure(config, in: Bench.nowhere) }
    }
  }

  @Test func theTasksOwnStructureAsAFileScoresTheSame() async throws {
    let file = try StructureFile(path: "s.yaml", Structure.reasoningFile)
    func step(_ statement: String, _ evidence: String, _ verdict: String) -> JSON {
      ["statement": .string(statement), "evidence": .string(evidence), "Verification": .string(verdict)]
    }
    let gold: JSON = [
      "id": 1, "question_parsing": ["All A are B.", "Some B are C.", "No C is D"],
      "cot_parsing": [
        step("All A are B", "it says so", "true"), step("b", "c d", "false"), step("x", "y", "true"),
      ],
    ]
    let predicted: JSON = [
      "id": 1, "question_parsing": ["some b are c", "All A are B", "whales"],
      "cot_parsing": [
        step("all A are B.", "it says so", "false"), step("b", "c d", "false"), step("x", "z", "true"),
      ],
    ]
    let given = try await columns(predicted, gold: gold, .init(structure: file))
    let stage = try ScoreStructure(
      .init(),
      in: Workspace(
        folder: Bench.nowhere.folder, models: ScriptedProvider(),
        sets: ["predictions": Bench.rows([predicted])]))
    guard case .emit(let outputs) = try await stage.process(Columns(gold.object ?? [:])) else {
      return #expect(Bool(false))
    }
    let own = outputs[0].f1
    let names = [
      "question_parsing", "cot_parsing_statement", "cot_parsing_evidence", "cot_parsing_Verification",
    ]
    let found = names.map { given["\($0)_f1"]?.number ?? -1 }
    let expected: [Double] = [own.question, own.statement, own.evidence, own.reasoning]
    #expect(found == expected)
    let third = 1.0 / 3
    let known: [Double] = [2 * third, 1, 2 * third, third]
    #expect(expected == known)
  }
}
