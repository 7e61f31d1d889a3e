import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

struct LinkEntitiesTests {
  private typealias Fixture = SearchTaskFixture

  private func linked(_ facts: [[JSON]], aliases: [(String, String)] = [], same: [String]? = nil) async throws
    -> [SetAnswer]
  {
    let rows = aliases.map { JSON.object(["alias": .string($0.0), "name": .string($0.1)]) }
    return try await Bench.answers(
      of: LinkEntities(.init(same: same), in: Fixture.workspace(["aliases": rows])),
      to: facts.map { ["facts": .array($0)] })
  }

  private func link(_ alias: String, _ name: JSON, _ by: String) -> JSON {
    ["alias": .string(alias), "name": name, "by": .string(by)]
  }

  @Test func eachDecisionIsRecorded() async throws {
    let documents = [
      [Fixture.fact("A. Low", "born_in", "Kristiania", span: "A. Low, born in Kristiania")],
      [Fixture.fact("Ada Low", "also_called", "A. Low"), Fixture.fact("Oslo", "population", 900)],
      [Fixture.fact("OSLO", "region", "Viken"), Fixture.fact("Oslo", "region", "Viken")],
    ]
    #expect(
      try await linked(
        documents, aliases: [("Kristiania", "Christiania"), ("Christiania", "Oslo")], same: ["also_called"])
        == [
          .keep(
            0,
            [
              "facts": [Fixture.fact("Ada Low", "born_in", "Oslo", span: "A. Low, born in Kristiania")],
              "links": [link("A. Low", "Ada Low", "fact"), link("Kristiania", "Oslo", "alias")],
            ]),
          .keep(
            1,
            [
              "facts": [
                Fixture.fact("Ada Low", "also_called", "Ada Low"), Fixture.fact("Oslo", "population", 900),
              ],
              "links": [link("A. Low", "Ada Low", "fact")],
            ]),
          .keep(
            2,
            [
              "facts": [Fixture.fact("Oslo", "region", "Viken"), Fixture.fact("Oslo", "region", "Viken")],
              "links": [link("OSLO", "Oslo", "spelling")],
            ]),
        ])
  }

  /// A name that two bear stays, and says so; names in a circle come to an end.
  @Test func whatCannotBeToldStays() async throws {
    let facts = [Fixture.fact("Elm", "born_in", "Round"), Fixture.fact("x", "in", "Square")]
    #expect(
      try await linked(
        [facts],
        aliases: [("Elm", "Elm Museum"), ("Elm", "Elm Hall"), ("Round", "Square"), ("Square", "Round")])
        == [
          .keep(
            0,
            [
              "facts": [Fixture.fact("Elm", "born_in", "Round"), Fixture.fact("x", "in", "Round")],
              "links": [link("Elm", nil, "ambiguous"), link("Square", "Round", "alias")],
            ])
        ])
  }

  @Test func whatIsNoListIsDropped() async throws {
    let answers = try await Bench.answers(
      of: LinkEntities(.init(), in: Bench.nowhere), to: [["facts": "none"]])
    #expect(answers == [.drop(0, reason: "no facts", detail: "expected a list in 'facts', found a string")])
  }
}
