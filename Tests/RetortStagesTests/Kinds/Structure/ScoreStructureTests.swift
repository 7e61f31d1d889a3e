import OrderedCollections
import RetortCore
import RetortTestSupport
import Testing

@testable import RetortStages

@Suite struct ScoreStructureTests {
  private static let gold: JSON = [
    "id": 7, "question": "q", "question_parsing": ["All A are B.", "Some B are C."],
    "cot_parsing": [["statement": "All A are B", "evidence": "it says so", "Verification": "True"]],
  ]

  private func outcome(
    _ predictions: [JSON], gold: JSON = gold, _ config: ScoreStructure.Config = .init(),
    models: ScriptedProvider = ScriptedProvider()
  ) async throws -> Outcome<ScoreStructure.Output> {
    let stage = try ScoreStructure(
      config,
      in: Workspace(
        folder: Bench.nowhere.folder, models: models, sets: ["predictions": Bench.rows(predictions)]))
    return try await stage.process(Columns(gold.object ?? [:]))
  }

  private func output(_ predictions: [JSON], gold: JSON = gold) async throws -> ScoreStructure.Output {
    guard case .emit(let outputs) = try await outcome(predictions, gold: gold) else {
      throw StageError("expected a row")
    }
    return try #require(outputs.first)
  }

  @Test func aRowWithWhatMatched() async throws {
    let predicted: JSON = [
      "id": "7", "question_parsing": ["some b are c", "All A are B"],
      "cot_parsing": [
        ["statement": "all A are B.", "evidence": "It says so.", "Verification": "true"],
        ["statement": "nothing of it", "evidence": "none", "Verification": "false"],
      ],
    ]
    let output = try await output([["id": 8], predicted, ["id": 7]])
    #expect(
      try JSON(encoding: output) == [
        "question_f1": 1.0, "statement_f1": .double(2.0 / 3), "evidence_f1": .double(2.0 / 3),
        "reasoning_f1": .double(2.0 / 3), "prediction": "scored", "prediction_faults": [],
        "matched": [
          "question": [
            ["predicted": 0, "gold": 1, "similarity": 1.0], ["predicted": 1, "gold": 0, "similarity": 1.0],
          ],
          "statement": [["predicted": 0, "gold": 0, "similarity": 1.0]],
          "evidence": [["predicted": 0, "gold": 0, "similarity": 1.0]],
          "reasoning": [["predicted": 0, "gold": 0, "similarity": 1.0]],
        ],
        "predicted_question_parsing": try #require(predicted["question_parsing"]),
        "predicted_cot_parsing": try #require(predicted["cot_parsing"]), "similarity": "lexical",
        "thresholds": ["question": 0.95, "statement": 0.9, "evidence": 0.9],
      ])
  }

  @Test func noPredictionScoresNothing() async throws {
    let output = try await output([["id": 8, "question_parsing": [], "cot_parsing": []]])
    #expect(output.prediction == .missing)
    #expect(output.f1 == StructureF1())
  }

  /// Nothing was to be found, and yet nothing can be said for what cannot be read.
  @Test func anUnreadablePredictionScoresNothing() async throws {
    let gold: JSON = ["id": 7, "question_parsing": [], "cot_parsing": []]
    let unreadable = try await output(
      [["id": 7, "question_parsing": "prose", "cot_parsing": ["a": 1]]], gold: gold)
    #expect(unreadable.prediction == .unreadable)
    #expect(unreadable.f1 == StructureF1())
    #expect(unreadable.predictionFaults.count == 2)
    let faulty = try await output([["id": 7, "question_parsing": [], "cot_parsing": 3]], gold: gold)
    #expect(faulty.prediction == .faulty)
    #expect(faulty.f1 == StructureF1(question: 1))
  }

  @Test func theFirstOfSeveralCounts() async throws {
    let right: JSON = ["id": 7, "question_parsing": ["All A are B.", "Some B are C."], "cot_parsing": []]
    let wrong: JSON = ["id": 7.0, "question_parsing": ["x"], "cot_parsing": []]
    #expect(try await output([right, wrong]).questionF1 == 1)
    #expect(try await output([wrong, right]).questionF1 == 0)
  }

  @Test func aGoldRowThatCannotBeReadIsDropped() async throws {
    for (gold, reason) in [
      (["question_parsing": [], "cot_parsing": []], "no id"),
      (["id": 1, "question_parsing": "x", "cot_parsing": []], "gold unreadable"),
      (["id": nil, "question_parsing": [], "cot_parsing": []], "no id"),
    ] as [(JSON, String)] {
      guard case .drop(reason, _) = try await outcome([], gold: gold) else {
        Issue.record("expected a drop for \(reason)")
        continue
      }
    }
  }

  @Test func aModelJudgesEntailment() async throws {
    let models = ScriptedProvider(entailment: { premise, hypothesis in
      let isSame = premise == hypothesis
      return EntailmentScore(entailment: isSame ? 0.99 : 0.5, neutral: isSame ? 0.01 : 0.5, contradiction: 0)
    })
    let judge = ModelRef(ModelSpec(alias: "nli", name: "nli", kind: .teiEntailment))
    let outcome = try await outcome(
      [["id": 7, "question_parsing": ["all a are b.", "some b are c"], "cot_parsing": []]],
      .init(entailment: judge), models: models)
    guard case .emit(let outputs) = outcome, let output = outputs.first else {
      Issue.record("expected a row")
      return
    }
    #expect(output.similarity == "lexical x entailment")
    #expect(output.matched.question == [.init(predicted: 0, gold: 0, similarity: 0.99.squareRoot())])
    #expect(output.questionF1 == 0.5)
  }

  @Test func mistakesInTheFile() {
    for config in [
      ScoreStructure.Config(command: ["x"]), .init(metric: .meteor, command: []),
      .init(questionThreshold: 1.1),
      .init(statementThreshold: -0.1), .init(evidenceThreshold: .nan),
    ] { #expect(throws: StageError.self) { try ScoreStructure(config, in: Bench.nowhere) } }
  }

  @Test func singleThresholdsReplaceThoseOfTheSet() async throws {
    let outcome = try await outcome([], .init(thresholds: .script, statementThreshold: 0.5))
    guard case .emit(let outputs) = outcome else { throw StageError("expected a row") }
    #expect(outputs.map(\.thresholds) == [.init(question: 0.1, statement: 0.5, evidence: 0.1)])
  }
}
