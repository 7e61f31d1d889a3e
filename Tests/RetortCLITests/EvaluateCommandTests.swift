import Testing

@testable import RetortCLI

@Suite struct EvaluateCommandTests {
  private static let gold = """
    [{"id": 1, "question_parsing": ["All A are B", "Some B are C"], "cot_parsing":
       [{"statement": "All A are B", "evidence": "it says so", "Verification": "True"}]},
     {"id": 2, "question_parsing": ["No A is C"], "cot_parsing": []},
     {"id": 3, "question_parsing": ["X"], "cot_parsing": []}]
    """

  @Test func theGoldItself() async throws {
    let desk = try Desk(["gold.json": Self.gold])
    try await desk.expectCommand(
      "evaluate gold.json gold.json",
      prints: """
        F1, mean over            question  statement  evidence  reasoning
        all 3 gold rows            1.0000     1.0000    1.0000     1.0000
        the 3 with a prediction    1.0000     1.0000    1.0000     1.0000
        similarity: lexical (the shared task's is meteor x entailment)
        thresholds: question 0.95, statement 0.9, evidence 0.9
        """)
  }

  @Test func whateverIsWrongIsTold() async throws {
    let desk = try Desk([
      "gold.json": Self.gold,
      "predicted.jsonl": """
      {"id": "3", "question_parsing": "X", "cot_parsing": "none"}
      {"id": 1, "question_parsing": ["some b are c", 4], "cot_parsing": [{"statement": "all a are b", "evidence": "It says so", "Verification": "Yes"}]}
      {"id": 1, "question_parsing": [], "cot_parsing": []}
      {"id": 9, "question_parsing": [], "cot_parsing": []}
      {"question_parsing": [], "cot_parsing": []}
      [1]
      """,
    ])
    try await desk.expectCommand(
      "evaluate predicted.jsonl gold.json --thresholds script --statement-threshold 0.5",
      prints: """
        F1, mean over            question  statement  evidence  reasoning
        all 3 gold rows            0.1667     0.3333    0.3333     0.0000
        the 2 with a prediction    0.2500     0.5000    0.5000     0.0000
        similarity: lexical (the shared task's is meteor x entailment)
        thresholds: question 0.1, statement 0.5, evidence 0.1
        gold rows without a prediction, which score 0: 1 (2)
        predictions that cannot be read, which score 0: 1 (3)
        predictions read in part, the rest counts as wrong: 1 (1)
        predicted more than once, the first counts: 1 (1)
        predictions without a gold row, left out: 1 (9)
        predictions without an id, left out: 1
        records that are no prediction, left out: 1
          predicted.jsonl, line 6: expected an object, found a list
        read with doubt, or not at all: 4
          1: question_parsing[1]: expected a text, found an integer
          1: cot_parsing[0].Verification: "Yes" counts as false
          3: question_parsing: expected a list of texts, found a string
          3: cot_parsing: expected a list of objects, found a string
        """)
  }

  @Test func asJSON() async throws {
    let desk = try Desk(["gold.json": Self.gold, "none.json": "[]"])
    try await desk.expectCommand(
      "evaluate none.json gold.json --json",
      prints: """
        {"similarity":"lexical","thresholds":{"question":0.95,"statement":0.9,"evidence":0.9},"gold":3,"predicted":0,"over_gold":{"question_f1":0.0,"statement_f1":0.0,"evidence_f1":0.0,"reasoning_f1":0.0},"over_predicted":null,"missing":["1","2","3"],"unreadable":[],"faulty":[],"duplicates":[],"gold_duplicates":[],"extra":[],"unnamed":0,"broken":[],"rows":[{"id":"1","question_f1":0.0,"statement_f1":0.0,"evidence_f1":0.0,"reasoning_f1":0.0,"prediction":"missing","prediction_faults":[],"matched":{"question":[],"statement":[],"evidence":[],"reasoning":[]},"predicted_question_parsing":null,"predicted_cot_parsing":null},{"id":"2","question_f1":0.0,"statement_f1":0.0,"evidence_f1":0.0,"reasoning_f1":0.0,"prediction":"missing","prediction_faults":[],"matched":{"question":[],"statement":[],"evidence":[],"reasoning":[]},"predicted_question_parsing":null,"predicted_cot_parsing":null},{"id":"3","question_f1":0.0,"statement_f1":0.0,"evidence_f1":0.0,"reasoning_f1":0.0,"prediction":"missing","prediction_faults":[],"matched":{"question":[],"statement":[],"evidence":[],"reasoning":[]},"predicted_question_parsing":null,"predicted_cot_parsing":null}]}
        """)
  }

  @Test func goldThatIsNone() async throws {
    let desk = try Desk([
      "gold.json": #"[{"id": 1, "question_parsing": 3}, {}]"#, "none.json": "[]", "x.json": "[1]",
    ])
    try await desk.expectCommand(
      "evaluate none.json gold.json",
      says: """
        error: expected gold rows, found others: row 0: gold unreadable: question_parsing: expected a list of texts, \
        found an integer; cot_parsing: expected a list of objects, found nothing; row 1: no id: expected a text or a \
        number in 'id', found nothing
        """, exits: 1)
    try await desk.expectCommand(
      "evaluate none.json none.json", says: "error: expected gold rows in 'none.json', found none", exits: 1)
    try await desk.expectCommand(
      "evaluate none.json x.json",
      says:
        "error: expected gold rows in 'x.json', found others: x.json, record 0: expected an object, found an integer",
      exits: 1)
    try await desk.expectCommand(
      "evaluate nowhere.json gold.json", says: "error: expected a file at 'nowhere.json', found none",
      exits: 2)
  }

  @Test func aHelperThatIsNotThere() async throws {
    let desk = try Desk(["gold.json": Self.gold])
    try await desk.expectCommand(
      "evaluate gold.json gold.json --metric meteor --helper ./none",
      says: """
        error: expected a helper for metric: meteor from './none', found none: it said nothing; name tools/score-meteor \
        of the project as the helper, install wordnet-base, and run it with --install where there is a network
        """, exits: 1)
    try await desk.expectCommand(
      "evaluate gold.json gold.json --question-threshold 2",
      says: "error: question_threshold: expected 0 to 1, found 2.0", exits: 2)
  }
}
