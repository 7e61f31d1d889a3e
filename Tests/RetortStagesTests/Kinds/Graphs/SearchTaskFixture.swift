import OrderedCollections
import RetortTestSupport

@testable import RetortCore
@testable import RetortStages

/// A task of three facts, the documents that state them, and the graph that they make.
enum SearchTaskFixture {
  static let row: JSON = [
    "answer": "Ada Low", "named": ["Oslo"], "hidden": ["Elm Museum"],
    "facts": [
      ["subject": "Ada Low", "relation": "born_in", "object": "Oslo", "documents": ["a"]],
      ["subject": "Ada Low", "relation": "works_at", "object": "Elm Museum", "documents": ["b"]],
      ["subject": "Elm Museum", "relation": "founded_in", "object": 1823, "documents": ["c"]],
    ],
  ]
  static let question =
    "Which person is meant? This person was born in Oslo. This person works at institution A. Institution A was founded "
    + "between 1820 and 1829."

  static let corpus: [JSON] = [
    document("a", "Ada Low was born in Oslo.", [fact("Ada Low", "born_in", "Oslo")]),
    document(
      "b", "A. Low works at Elm Museum.",
      [fact("Ada Low", "works_at", "Elm Museum", span: "A. Low works at Elm Museum.")]),
    document("c", "Elm Museum was founded in 1823.", [fact("Elm Museum", "founded_in", 1823)]),
    document(
      "d", "Bo Tarn was born in Oslo. Bo Tarn works at Ash Museum.",
      [fact("Bo Tarn", "born_in", "Oslo"), fact("Bo Tarn", "works_at", "Ash Museum")]),
    document(
      "e", "Ash Museum was founded in 1825. Oslo has 900 inhabitants. Oslo lies in the region of Viken.",
      [
        fact("Ash Museum", "founded_in", 1825), fact("Oslo", "population", 900),
        fact("Oslo", "region", "Viken"),
      ]),
  ]

  /// The row with other columns.
  static func row(_ changes: JSON.Object) -> JSON {
    .object((row.object ?? [:]).merging(["question": .string(question)]) { $1 }.merging(changes) { $1 })
  }

  static func fact(_ subject: String, _ relation: String, _ object: JSON, span: String? = nil) -> JSON {
    var fact: JSON.Object = ["subject": .string(subject), "relation": .string(relation), "object": object]
    if let span { fact["span"] = .string(span) }
    return .object(fact)
  }

  static func document(_ id: String, _ text: String, _ facts: [JSON]) -> JSON {
    ["id": .string(id), "text": .string(text), "facts": .array(facts)]
  }

  static func graph(_ corpus: [JSON] = corpus) async throws -> [JSON] {
    try await Bench.answers(of: BuildGraph(.init(), in: Bench.nowhere), to: corpus).compactMap {
      if case .make(let row, _) = $0 { .object(row) } else { nil }
    }
  }

  static func workspace(
    _ sets: [String: [JSON]], models: ScriptedProvider = ScriptedProvider()
  ) -> Workspace {
    Workspace(folder: Bench.nowhere.folder, models: models, sets: sets.mapValues(Bench.rows))
  }
}
