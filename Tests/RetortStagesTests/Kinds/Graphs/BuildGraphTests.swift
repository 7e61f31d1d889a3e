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
          detail: "expected an id, and facts with subject, relation and object, found {\"subject\":\"Ada\"}"),
        .make(row(0, "Ada", "born_in", "Oslo", is: "entity", ["a", "c"]), members: [0, 2]),
        .make(row(1, "Oslo", "population", 9, is: "value", ["c"], contested: true), members: [2]),
        .make(
          row(2, "Oslo", "population", 8, is: "value", ["d"], contested: true, wrong: true), members: [3]),
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
