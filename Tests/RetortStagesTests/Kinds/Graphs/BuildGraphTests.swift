import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

struct BuildGraphTests {
  private func made(_ rows: [JSON], _ config: BuildGraph.Config = .init()) async throws -> [SetAnswer] {
    try await Bench.answers(of: BuildGraph(config, in: Bench.nowhere), to: rows)
  }

  private func fact(_ subject: String, _ relation: String, _ object: JSON, wrong: Bool = false) -> JSON {
    var fact: JSON.Object = ["subject": .string(subject), "relation": .string(relation), "object": object]
    if wrong { fact["wrong"] = true }
    return .object(fact)
  }

  private func row(
    _ number: Int, _ subject: String, _ relation: String, _ object: JSON, is kind: String,
    _ documents: [JSON],
    contested: Bool = false, wrong: Bool = false
  ) -> JSON.Object {
    [
      "id": .string("fact-\(number)"), "subject": .string(subject), "relation": .string(relation),
      "object": object, "object_is": .string(kind), "documents": .array(documents),
      "contested": .bool(contested),
      "wrong": .bool(wrong),
    ]
  }

  @Test func aFactIsOneRowWhoeverStatesIt() async throws {
    let rows: [JSON] = [
      ["id": "a", "facts": [fact("Ada", "born_in", "Oslo"), fact("Ada", "born_in", "Oslo")]],
      ["id": "b", "facts": []],
      ["id": "c", "facts": [fact("Oslo", "population", 9), fact("Ada", "born_in", "Oslo")]],
      ["id": "d", "facts": [fact("Oslo", "population", 8, wrong: true)]],
      ["id": "e", "facts": [["subject": "Ada"]]],
    ]
    #expect(
      try await made(rows) == [
        .consume(1),
        .drop(
          4, reason: "no facts",
          detail:
            "1 of its 1 facts cannot be read; the first: expected subject, relation and object, found {\"subject\":\"Ada\"}"
        ),
        .make(row(0, "Ada", "born_in", "Oslo", is: "entity", ["a", "c"]), members: [0, 2]),
        .make(row(1, "Oslo", "population", 9, is: "value", ["c"], contested: true), members: [2]),
        .make(
          row(2, "Oslo", "population", 8, is: "value", ["d"], contested: true, wrong: true), members: [3]),
      ])
  }

  /// A document keeps the facts that can be read; one of them that cannot costs itself alone.
  @Test func aBadFactIsDroppedByItself() async throws {
    let rows: [JSON] = [
      [
        "id": "a",
        "facts": [3, fact("Ada", "born_in", "Oslo"), ["subject": "Ada", "relation": "", "object": 1]],
      ]
    ]
    #expect(
      try await made(rows) == [
        .drop(
          0, reason: "fact left out",
          detail:
            "2 of its 3 facts cannot be read, the others went on; the first: expected subject, relation and object, found 3"
        ),
        .make(row(0, "Ada", "born_in", "Oslo", is: "value", ["a"]), members: [0]),
      ])
  }

  @Test func whatIsNoDocumentIsDropped() async throws {
    let rows: [JSON] = [
      ["id": "a", "facts": [fact("Ada", "born_in", "Oslo")]],
      ["id": "a", "facts": [fact("Bo", "born_in", "Oslo")]],
      ["id": "b", "facts": "[]"], ["id": 3, "facts": []], ["id": "c", "facts": nil],
    ]
    #expect(
      try await made(rows) == [
        .drop(
          1, reason: "id twice",
          detail: "expected ids that are each of one document, found 'a' again; its facts were not taken"),
        .drop(
          2, reason: "no facts", detail: "expected a text as id and a list as facts, found a string as facts"),
        .drop(
          3, reason: "no facts", detail: "expected a text as id and a list as facts, found an integer as id"),
        .drop(
          4, reason: "no facts", detail: "expected a text as id and a list as facts, found null as facts"),
        .make(row(0, "Ada", "born_in", "Oslo", is: "value", ["a"]), members: [0]),
      ])
  }

  @Test func relationsMayHaveSeveralObjects() async throws {
    let rows: [JSON] = [
      ["id": "a", "facts": [fact("Ada", "knows", "Bo"), fact("Ada", "knows", "Cy"), fact("Ada", "age", 3)]],
      ["id": "b", "facts": [fact("Ada", "age", 4)]],
    ]
    func contested(_ oneValued: [String]?) async throws -> [JSON?] {
      try await made(rows, .init(oneValued: oneValued)).map {
        if case .make(let row, _) = $0 { row["contested"] } else { nil }
      }
    }
    #expect(try await contested(nil) == [true, true, true, true])
    #expect(try await contested(["age"]) == [false, false, true, true])
    #expect(try await contested([]) == [false, false, false, false])
  }
}
