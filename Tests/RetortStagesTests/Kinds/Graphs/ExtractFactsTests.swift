import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

struct ExtractFactsTests {
  private static let text = "Ada Low was born in Oslo. The Elm Museum dates from 1823."

  private func extracted(_ reply: String, relations: [String]? = nil) async throws -> Outcome<Columns> {
    let workspace = SearchTaskFixture.workspace(
      [:], models: ScriptedProvider(chat: { _ in ChatReply(text: reply) }))
    let model = ModelRef(ModelSpec(alias: "m", name: "m"))
    return try await ExtractFacts(.init(model: model, relations: relations, repair: 0), in: workspace)
      .process(
        Columns(["text": .string(Self.text)]))
  }

  private let born =
    #"{"subject":"Ada Low","relation":"born_in","object":"Oslo","span":"Ada Low was born in Oslo."}"#
  private let bornFact: JSON = [
    "subject": "Ada Low", "relation": "born_in", "object": "Oslo", "span": "Ada Low was born in Oslo.",
  ]

  @Test func aFactThatIsNotThereCostsItselfAlone() async throws {
    let museum = #"{"subject":"Elm Museum","relation":"founded_in","object":1823,"span":"dates from 1823"}"#
    let museumFact: JSON = [
      "subject": "Elm Museum", "relation": "founded_in", "object": 1823, "span": "dates from 1823",
    ]
    let lie = #"{"subject":"Ada Low","relation":"died_in","object":"Oslo","span":"Ada Low died in Oslo."}"#
    let other = #"{"subject":"Bo Tarn","relation":"born_in","object":"Oslo","span":"born in Oslo"}"#
    let empty = #"{"subject":"","relation":"born_in","object":"Oslo","span":"born in Oslo"}"#
    #expect(
      try await extracted("{\"facts\":[\([born, lie, museum, other, empty, born].joined(separator: ","))]}")
        == .samples([
          .output(Columns(["facts": [bornFact, museumFact]])),
          .leftOut(reason: "span not in the document", detail: lie),
          .leftOut(reason: "name not in the document", detail: other),
          .leftOut(reason: "no fact", detail: empty),
        ]))
    #expect(
      try await extracted("{\"facts\":[\(born)]}", relations: ["founded_in"])
        == .samples([.output(Columns(["facts": []])), .leftOut(reason: "another relation", detail: born)]))
  }

  @Test func whatIsNoListIsNoReply() async throws {
    guard case .drop("reply not usable", _) = try await extracted("I found none.") else {
      Issue.record("kept")
      return
    }
    let model = ModelRef(ModelSpec(alias: "m", name: "m"))
    #expect(
      try await ExtractFacts(.init(model: model), in: Bench.nowhere).process(Columns(["text": 3]))
        == .drop(reason: "no text", detail: "expected a text in 'text', found 3.0"))
    #expect(throws: StageError.self) {
      try ExtractFacts(.init(model: model, relations: []), in: Bench.nowhere)
    }
  }
}
