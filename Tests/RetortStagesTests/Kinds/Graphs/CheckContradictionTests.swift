import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

struct CheckContradictionTests {
  private typealias Fixture = SearchTaskFixture

  private func found(
    _ row: JSON, _ config: CheckContradiction.Config = .init(), corpus: [JSON] = Fixture.corpus
  ) async throws -> [SetAnswer] {
    try await Bench.answers(
      of: CheckContradiction(config, in: Fixture.workspace(["corpus": corpus])), to: [row])
  }

  private func kept(_ found: [(ContradictionChecks.Check, String)]) -> [SetAnswer] {
    [
      .keep(
        0,
        [
          "contradictions": .array(
            found.map { ["check": .string($0.0.rawValue), "found": .string($0.1)] }),
          "contradiction": .bool(!found.isEmpty),
        ])
    ]
  }

  /// One fact is stated under another name, by its span alone.
  @Test func aSoundQuestionHasNone() async throws {
    #expect(try await found(Fixture.row([:])) == kept([]))
  }

  @Test(
    arguments: [
      (
        "Which person, born in Oslo at Ash Museum between 1820 and 1829?", .hallucination,
        "the question names Ash Museum, the task does not"
      ),
      (
        "Which person was born in Oslo in 1899?", .hallucination,
        "the question says 1899, the task does not"
      ),
      ("Which person is the Ada Low of Oslo?", .leak, "the question says Ada Low"),
      ("Which person of Elm Museum is of Oslo?", .leak, "the question says Elm Museum"),
      ("Which place is meant? Oslo.", .type, "the question asks for a place, Ada Low is a person"),
      ("Where is the one of Oslo?", .type, "the question asks for a place, Ada Low is a person"),
    ] as [(String, ContradictionChecks.Check, String)])
  func aFaultOfTheQuestionIsFound(question: String, check: ContradictionChecks.Check, says: String)
    async throws
  {
    #expect(try await found(Fixture.row(["question": .string(question)])) == kept([(check, says)]))
  }

  /// A constraint that no document states.
  @Test func anUntrueFactIsFound() async throws {
    var corpus = Fixture.corpus
    corpus[1] = Fixture.document("b", "A. Low works at the mill.", [])
    #expect(
      try await found(Fixture.row([:]), corpus: corpus)
        == kept([(.hallucination, "no document states that Ada Low works_at Elm Museum")]))
  }

  @Test func aShortCutNeedsNoSearch() async throws {
    let whole = Fixture.document(
      "w", "Ada Low, who was born in Oslo, works at Elm Museum. Elm Museum: founded in 1823", [])
    #expect(
      try await found(Fixture.row([:]), corpus: Fixture.corpus + [whole])
        == kept([(.search, "1 of 2 documents suffice: w")]))
    #expect(
      try await found(Fixture.row([:]), .init(minDocuments: 1), corpus: Fixture.corpus + [whole]) == kept([]))
    #expect(
      try await found(Fixture.row([:]), .init(minDocuments: 4))
        == kept([(.search, "3 of 4 documents suffice: a, b, c")]))
  }

  @Test func datesThatDocumentsDisputeAreFound() async throws {
    let notice = Fixture.document("n", "?", [Fixture.fact("Elm Museum", "founded_in", 1829)])
    #expect(
      try await found(Fixture.row([:]), corpus: Fixture.corpus + [notice])
        == kept([(.time, "Elm Museum founded_in 1823, and by n 1829")]))
    #expect(
      try await found(Fixture.row([:]), .init(oneValued: ["born_in"]), corpus: Fixture.corpus + [notice])
        == kept([]))
  }

  /// The facts themselves may not agree on what is asked for.
  @Test func factsOfTwoTypesAreFound() async throws {
    let corpus = [
      Fixture.document("a", "Ada Low was born in Oslo.", []),
      Fixture.document("b", "Ada Low was founded in 1823.", []),
    ]
    let row: JSON = [
      "answer": "Ada Low", "named": ["Oslo"], "question": "What of Oslo?",
      "facts": [
        ["subject": "Ada Low", "relation": "born_in", "object": "Oslo"],
        ["subject": "Ada Low", "relation": "founded_in", "object": 1823],
      ],
    ]
    #expect(
      try await found(row, corpus: corpus)
        == kept([(.type, "the facts make Ada Low person and institution")]))
  }

  @Test func whatIsNoTaskIsNoRejection() async throws {
    #expect(
      try await found(Fixture.row(["facts": []]))
        == [.drop(0, reason: "no facts", detail: "expected a list of 1 to 64 facts in 'facts', found 0")])
    #expect(
      try await found(Fixture.row(["question": nil]))
        == [.drop(0, reason: "no question", detail: "expected a text in 'question', found null")])
  }
}
