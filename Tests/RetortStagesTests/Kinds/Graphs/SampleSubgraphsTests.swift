import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

struct SampleSubgraphsTests {
  private func facts(documents: Int) async throws -> [JSON] {
    let pages = try await read(GenerateWorld(.init(seed: 4, documents: documents), in: Bench.nowhere)).rows
    return try await Bench.answers(of: BuildGraph(.init(), in: Bench.nowhere), to: pages).compactMap {
      if case .make(let row, _) = $0 { .object(row) } else { nil }
    }
  }

  private func tasks(_ config: SampleSubgraphs.Config, of facts: [JSON]) async throws -> [JSON] {
    let answers = try await Bench.answers(of: SampleSubgraphs(config, in: Bench.nowhere), to: facts)
    let made = answers.compactMap { answer -> (JSON, [Int])? in
      if case .make(let row, let members) = answer { (.object(row), members) } else { nil }
    }
    // Every row is a task's or was looked at: none is lost.
    let consumed = answers.compactMap { if case .consume(let place) = $0 { place } else { nil } }
    #expect(Set(consumed).union(made.flatMap(\.1)) == Set(facts.indices))
    #expect(Set(consumed).count == consumed.count)
    return made.map(\.0)
  }

  private func number(_ row: JSON, _ column: String) -> Int { Int(row[column]?.number ?? -1) }

  @Test func targetsHold() async throws {
    let facts = try await facts(documents: 500)
    let tasks = try await tasks(.init(count: 12, facts: 8, minTreewidth: 2, minMSD: 3), of: facts)
    #expect(tasks.count == 12)
    for task in tasks {
      #expect(number(task, "treewidth") >= 2 && number(task, "msd_upper") >= 3)
      #expect(task["treewidth_exact"] == true && task["msd_exact"] == true)
      #expect(task["documents"]?.array?.count == number(task, "msd_upper"))
      #expect(task["facts"]?.array?.count == 8 && task["named"]?.array?.count == 1)
      // What is to be found stands in no constraint.
      let said = (task["constraints"]?.array ?? []).compactMap(\.string).joined(separator: "\n")
      for hidden in [task["answer"]] + (task["hidden"]?.array ?? []) {
        #expect(!said.contains(hidden?.string ?? "-"), "\(said)")
      }
      #expect(said.contains("[ANSWER]"))
      // The facts hang together.
      let pairs = (task["facts"]?.array ?? []).map { [$0["subject"]?.text ?? "", $0["object"]?.text ?? ""] }
      var reached: Set<String> = Set(pairs[0])
      for _ in pairs { for pair in pairs where !reached.isDisjoint(with: pair) { reached.formUnion(pair) } }
      #expect(reached == Set(pairs.flatMap { $0 }))
    }
    #expect(Set(tasks.map { $0["answer_role"] }) == ["leaf", "hub"])
    #expect(Set(tasks.map { $0["facts"] }).count == 12)
  }

  @Test func aLargerCountKeepsTheFirst() async throws {
    let facts = try await facts(documents: 200)
    let few = try await tasks(.init(count: 3, seed: 5), of: facts)
    #expect(try await Array(tasks(.init(count: 6, seed: 5), of: facts).prefix(3)) == few)
    #expect(try await tasks(.init(count: 3, seed: 6), of: facts) != few)
  }

  private func fact(
    _ subject: String, _ relation: String, _ object: JSON, entity: Bool = true, _ documents: [JSON] = ["d"],
    contested: Bool = false
  ) -> JSON {
    [
      "subject": .string(subject), "relation": .string(relation), "object": object,
      "object_is": entity ? "entity" : "value", "documents": .array(documents), "contested": .bool(contested),
    ]
  }

  /// Two people who were born in the same decade in the same place answer the same question.
  @Test func whatHasTwoAnswersIsNoTask() async throws {
    let twins = [
      fact("Ada", "born_in", "Oslo"), fact("Bo", "born_in", "Oslo"),
      fact("Ada", "birth_year", 1871, entity: false), fact("Bo", "birth_year", 1879, entity: false),
    ]
    func answers(_ facts: [JSON]) async throws -> Set<String> {
      Set(
        try await tasks(.init(count: 40, facts: 2, named: 1, answer: "leaf"), of: facts).compactMap {
          $0["facts"]?.array?.contains { $0["relation"] == "birth_year" } == true ? $0["answer"]?.string : nil
        })
    }
    #expect(try await answers(twins).isDisjoint(with: ["Ada", "Bo"]))
    let others = twins.dropLast() + [fact("Bo", "birth_year", 1880, entity: false)]
    #expect(!(try await answers(Array(others)).isDisjoint(with: ["Ada", "Bo"])))
  }

  @Test func contestedFactsMakeNoTask() async throws {
    let facts = [
      fact("Ada", "born_in", "Oslo", contested: true), fact("Bo", "born_in", "Oslo", contested: true),
      ["subject": "x"], fact("Bo", "is", "Bo"),
    ]
    let answers = try await Bench.answers(of: SampleSubgraphs(.init(count: 3), in: Bench.nowhere), to: facts)
    #expect(
      answers == [
        .consume(0), .consume(1),
        .drop(2, reason: "no fact", detail: "expected subject, relation, object and documents that state it"),
        .consume(3),
      ])
  }

  @Test(
    arguments: [
      (.init(count: -1), "count: expected 0 or more, found -1"),
      (.init(count: 1, facts: 65), "facts: expected 2 to 64, found 65"),
      (.init(count: 1, answer: "root"), "answer: expected leaf, hub or any, found 'root'"),
      (.init(count: 1, minMSD: 0), "min_msd: expected 1 to 64, found 0"),
      (.init(count: 1, attempts: 0), "attempts: expected 1 to 1000000, found 0"),
    ] as [(SampleSubgraphs.Config, String)])
  func keysAreChecked(config: SampleSubgraphs.Config, says: String) {
    let error = #expect(throws: StageError.self) { try SampleSubgraphs(config, in: Bench.nowhere) }
    #expect(error?.description == says)
  }
}
