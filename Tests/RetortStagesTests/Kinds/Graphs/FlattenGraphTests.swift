import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

struct FlattenGraphTests {
  private typealias Fixture = SearchTaskFixture

  private func flattened(_ config: FlattenGraph.Config, _ corpus: [JSON]?, _ row: JSON = Fixture.row([:]))
    async throws -> [SetAnswer]
  {
    let workspace = Fixture.workspace(corpus.map { ["corpus": $0] } ?? [:])
    return try await Bench.answers(of: FlattenGraph(config, in: workspace), to: [row])
  }

  private let plan: JSON.Object = [
    "form": "plan", "prompt": .string(Fixture.question),
    "completion": """
    1. Find institution A (concrete): Institution A was founded between 1820 and 1829.
    2. Find this person (needs institution A): This person was born in Oslo. This person works at institution A.
    3. Answer with this person.
    """,
  ]

  @Test func aPlanGoesFromWhatIsNamedToTheAnswer() async throws {
    #expect(try await flattened(.init(), nil) == [.fan(0, [.init(plan)])])
  }

  @Test func eachFactIsAReadingExample() async throws {
    func grounding(_ document: String, _ sentence: String, _ object: String) -> SetAnswer.Branched {
      .init([
        "form": "grounding",
        "prompt": .string(
          "[1] \(document)\n\nComplete the sentence by these documents, and say which one states it: \(sentence)"
        ),
        "completion": .string("\(object) [1]"),
      ])
    }
    #expect(
      try await flattened(.init(distractors: 0), Fixture.corpus) == [
        .fan(
          0,
          [
            .init(plan), grounding("Ada Low was born in Oslo.", "Ada Low was born in ….", "Oslo"),
            grounding("A. Low works at Elm Museum.", "Ada Low works at ….", "Elm Museum"),
            grounding("Elm Museum was founded in 1823.", "Elm Museum was founded in ….", "1823"),
          ])
      ])
  }

  /// What stands beside it does not say the answer.
  @Test func distractorsDoNotAnswer() async throws {
    guard case .fan(_, let rows)? = try await flattened(.init(distractors: 2), Fixture.corpus).first else {
      Issue.record("no rows")
      return
    }
    let museum = rows[2].columns
    let prompt = museum["prompt"]?.string ?? ""
    #expect(
      prompt.contains("A. Low works at Elm Museum.") && prompt.contains("[2] ") && !prompt.contains("1823"))
    let place = prompt.contains("[1] A. Low") ? 1 : prompt.contains("[2] A. Low") ? 2 : 3
    #expect(museum["completion"] == .string("Elm Museum [\(place)]"))
  }

  @Test func whatIsNoTaskIsDropped() async throws {
    #expect(
      try await flattened(.init(), nil, Fixture.row(["question": nil]))
        == [.drop(0, reason: "no question", detail: "expected a text in 'question', found null")])
    let error = #expect(throws: StageError.self) {
      try FlattenGraph(.init(distractors: 51), in: Bench.nowhere)
    }
    #expect(error?.description == "distractors: expected 0 to 50, found 51")
  }
}
