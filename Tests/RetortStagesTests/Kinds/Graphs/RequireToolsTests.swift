import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

struct RequireToolsTests {
  private typealias Fixture = SearchTaskFixture

  private func required(_ config: RequireTools.Config, of rows: [JSON]) async throws -> [JSON.Object?] {
    let workspace = Fixture.workspace(["graph": try await Fixture.graph()])
    return try await Bench.answers(of: RequireTools(config, in: workspace), to: rows).map {
      if case .keep(_, let columns) = $0 { columns } else { nil }
    }
  }

  /// The one other year of the graph is that of Ash Museum.
  @Test func aNumberIsToldByAnother() async throws {
    let facts: JSON = [
      ["subject": "Ada Low", "relation": "born_in", "object": "Oslo", "documents": ["a"]],
      ["subject": "Ada Low", "relation": "works_at", "object": "Elm Museum", "documents": ["b"]],
      [
        "subject": "Elm Museum", "relation": "founded_in", "object": 1823, "documents": ["c"],
        "relative_to": ["subject": "Ash Museum", "relation": "founded_in", "difference": -2],
      ],
      [
        "subject": "Ash Museum", "relation": "founded_in", "object": 1825, "documents": ["e"], "said": false,
      ],
    ]
    let constraints: JSON = [
      "[ANSWER] born in Oslo", "[ANSWER] works at [X1]",
      "[X1] founded in -2 more than founded in of Ash Museum",
    ]
    let replaced: JSON = [
      [
        "tool": "compute", "fact": "Elm Museum founded_in 1823", "by": ["Ash Museum founded_in 1825"],
        "expression": "1825 - 2",
      ]
    ]
    #expect(
      try await required(.init(), of: [Fixture.row])
        == [
          [
            "named": ["Oslo", "Ash Museum"], "hidden": ["Elm Museum"], "facts": facts,
            "constraints": constraints,
            "documents": ["a", "b", "c", "e"], "treewidth": 1, "treewidth_exact": true, "msd_upper": 4,
            "msd_exact": true, "replaced": replaced,
          ]
        ])
  }

  /// Oslo becomes one more entity to be found, by what no other place has.
  @Test func aNameIsToldByFactsOfItsOwn() async throws {
    let columns = try #require(
      try await required(.init(compute: 0, lookUp: 1), of: [Fixture.row]).compactMap { $0 }.first)
    #expect(
      columns["hidden"] == ["Elm Museum", "Oslo"] && columns["named"]?.array?.contains("Oslo") == false)
    #expect(columns["msd_upper"] == 4 && columns["facts"]?.array?.count == 4)
    #expect(columns["treewidth"] == 1)
    let question = try await WriteQuestion(.init(), in: Bench.nowhere).process(
      Columns((Fixture.row.object ?? [:]).merging(columns) { $1 }))
    guard case .emit(let rows) = question, let text = rows.first?["question"]?.string else {
      Issue.record("no question")
      return
    }
    #expect(!text.contains("Oslo") && ["Viken", "900", "Bo Tarn"].contains(where: text.contains), "\(text)")
  }

  @Test func whereNothingCanBeReplacedTheTaskStays() async throws {
    let row: JSON = [
      "answer": "x", "named": ["y"],
      "facts": [["subject": "x", "relation": "r", "object": "y", "documents": ["a"]]],
    ]
    let columns = try #require(
      try await required(.init(compute: 2, lookUp: 2), of: [row]).compactMap { $0 }.first)
    #expect(columns["replaced"] == [] && columns["facts"] == row["facts"])
    #expect(try await required(.init(), of: [["answer": "x", "facts": 3]]) == [nil])
  }

  /// Over a whole world: one answer still, and more documents than before.
  @Test func measuresAreTakenAgain() async throws {
    let pages = try await read(GenerateWorld(.init(seed: 4, documents: 300), in: Bench.nowhere)).rows
    let graph = try await Fixture.graph(pages)
    let tasks = try await Bench.answers(
      of: SampleSubgraphs(.init(count: 6, facts: 6, named: 2), in: Bench.nowhere), to: graph
    ).compactMap { if case .make(let row, _) = $0 { JSON.object(row) } else { nil } }
    let answers = try await Bench.answers(
      of: RequireTools(.init(compute: 1, lookUp: 1), in: Fixture.workspace(["graph": graph])), to: tasks)
    let facts = try await FactGraph(Bench.rows(graph), contested: false)
    var replaced = 0
    for case .keep(let place, let columns) in answers {
      let before = tasks[place]
      #expect((columns["msd_upper"]?.number ?? 0) >= (before["msd_upper"]?.number ?? 0))
      #expect((columns["treewidth"]?.number ?? 0) >= (before["treewidth"]?.number ?? 0))
      replaced += columns["replaced"]?.array?.count ?? 0
      let task = try SearchTask(Columns((before.object ?? [:]).merging(columns) { $1 }))
      let pattern = SearchTask.Pattern(task, in: facts)
      let holding = facts.names.indices.filter { PatternMatch.holds($0, in: pattern, of: facts) == true }
      #expect(holding.map { facts.names[$0] } == [task.answer])
    }
    #expect(answers.count == 6 && replaced >= 6)
  }

  @Test func keysAreChecked() {
    let error = #expect(throws: StageError.self) { try RequireTools(.init(lookUp: -1), in: Bench.nowhere) }
    #expect(error?.description == "look_up: expected 0 to 64, found -1")
  }
}
