import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

struct CheckAmbiguityTests {
  private typealias Fixture = SearchTaskFixture

  private func rollout(_ group: String, _ answer: JSON) -> JSON {
    Fixture.row(["group": .string(group), "final_answer": answer])
  }

  private func checked(_ rows: [JSON], corpus: [JSON] = Fixture.corpus) async throws -> [SetAnswer] {
    let workspace = Fixture.workspace([
      "graph": try await Fixture.graph(corpus), "aliases": [["name": "Bo Tarn", "alias": "B. Tarn"]],
    ])
    return try await Bench.answers(of: CheckAmbiguity(.init(), in: workspace), to: rows)
  }

  private func columns(_ others: JSON, _ ambiguous: Bool) -> JSON.Object {
    ["other_answers": others, "ambiguous": .bool(ambiguous)]
  }

  /// Bo Tarn was born in Oslo too, and works at another museum of the same decade: the question says no more.
  @Test func anotherAnswerThatHoldsMakesAQuestionAmbiguous() async throws {
    let one = columns([["answer": "Bo Tarn", "holds": true], ["answer": "Oslo", "holds": false]], true)
    #expect(
      try await checked([
        rollout("g", "It is B. Tarn."), rollout("h", "Ada Low"), rollout("g", "Oslo"), rollout("h", 7),
      ]) == [.keep(0, one), .keep(2, one), .keep(1, columns([], false)), .keep(3, columns([], false))])
  }

  @Test func anotherAnswerThatDoesNotHoldIsWrong() async throws {
    var corpus = Fixture.corpus
    corpus[4] = Fixture.document("e", "", [Fixture.fact("Ash Museum", "founded_in", 1831)])
    #expect(
      try await checked([rollout("g", "Bo Tarn")], corpus: corpus)
        == [.keep(0, columns([["answer": "Bo Tarn", "holds": false]], false))])
  }

  /// A number that is told by another one is exact.
  @Test func aComputedNumberIsNoRange() async throws {
    var facts = Fixture.row["facts"]?.array ?? []
    facts[2] = [
      "subject": "Elm Museum", "relation": "founded_in", "object": 1823, "documents": ["c"],
      "relative_to": ["subject": "Oslo", "relation": "founded_in", "difference": 3],
    ]
    let row = Fixture.row(["facts": .array(facts), "group": "g", "final_answer": "Bo Tarn"])
    #expect(
      try await checked([row]) == [.keep(0, columns([["answer": "Bo Tarn", "holds": false]], false))])
  }

  @Test func whatIsNoTaskIsNoRejection() async throws {
    #expect(
      try await checked([["answer": "", "facts": [], "final_answer": "x"]])
        == [
          .drop(0, reason: "no answer", detail: "expected an entity's name in 'answer', found a string")
        ])
  }
}
