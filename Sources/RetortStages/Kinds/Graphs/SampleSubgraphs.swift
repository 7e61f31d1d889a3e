internal import OrderedCollections
package import RetortCore

/// Draws tasks from one graph: connected facts, an answer by its role among them, and what the question names; with both
/// measures of difficulty (REDSearcher, section 3), and only where the facts have one answer.
package struct SampleSubgraphs: SetStage {
  package struct Config: Codable, Sendable {
    package var count: Int
    package var seed: Int64?
    package var facts: Int?
    package var named: Int?
    package var answer: String?
    package var minTreewidth: Int?
    package var minMSD: Int?
    package var attempts: Int?

    enum CodingKeys: String, CodingKey {
      case count, seed, facts, named, answer, attempts
      case minTreewidth = "min_treewidth"
      case minMSD = "min_msd"
    }

    package init(
      count: Int, seed: Int64? = nil, facts: Int? = nil, named: Int? = nil, answer: String? = nil,
      minTreewidth: Int? = nil, minMSD: Int? = nil, attempts: Int? = nil
    ) {
      self.count = count
      self.seed = seed
      self.facts = facts
      self.named = named
      self.answer = answer
      self.minTreewidth = minTreewidth
      self.minMSD = minMSD
      self.attempts = attempts
    }
  }

  package typealias Input = Columns
  package typealias Output = Columns

  package static let name = "sample-subgraphs"
  package static let version = 2
  package static let summary =
    "Draw connected facts with one answer, with the treewidth and the dispersion of what must be resolved."
  package static let keys = [
    "count": "How many tasks; fewer where the graph does not hold as many.",
    "seed": "Draws other ones; 0 when left out.",
    "facts": "How many facts a task has, 2 to \(DocumentCover.mostFacts); 6 when left out.",
    "named": "How many entities the question may name; 1 when left out.",
    "answer":
      "What is asked for: leaf (an end, far from what is named), hub (where facts meet), any (default).",
    "min_treewidth":
      "Least treewidth of the graph of entities that are not named; 0 when left out. The paper's example is 2.",
    "min_msd": "Fewest documents that state all facts; 1 when left out.",
    "attempts": "Most draws a task; 500 when left out.",
  ]

  private let config: Config
  private let roles: [SubgraphSampler.Role]

  package init(_ config: Config, in workspace: Workspace) throws {
    self.config = config
    guard config.count >= 0 else { throw StageError("count: expected 0 or more, found \(config.count)") }
    for (key, value, range) in [
      ("facts", config.facts, 2...DocumentCover.mostFacts),
      ("named", config.named, 0...DocumentCover.mostFacts),
      ("min_treewidth", config.minTreewidth, 0...DocumentCover.mostFacts),
      ("min_msd", config.minMSD, 1...DocumentCover.mostFacts), ("attempts", config.attempts, 1...1_000_000),
    ] {
      if let value, !range.contains(value) {
        throw StageError("\(key): expected \(range.lowerBound) to \(range.upperBound), found \(value)")
      }
    }
    switch config.answer {
    case nil, "any": roles = SubgraphSampler.Role.allCases
    case let name?:
      guard let role = SubgraphSampler.Role(rawValue: name) else {
        throw StageError("answer: expected leaf, hub or any, found '\(name)'")
      }
      roles = [role]
    }
  }

  package var reads: [ColumnUse] {
    [ColumnUse("subject"), ColumnUse("relation"), ColumnUse("object"), ColumnUse("documents")]
      + ["object_is", "contested", "wrong"].map { ColumnUse($0, required: false) }
  }
  package var adds: [String]? {
    [
      "id", "answer", "answer_role", "named", "hidden", "facts", "constraints", "documents", "treewidth",
      "treewidth_exact", "msd_upper", "msd_exact", "attempts",
    ]
  }

  package func process(_ rows: RowSet<Columns>, into sink: MakingSink<Columns>) async throws {
    let graph = try await graph(of: rows, dropping: sink)
    var used: Set<Int> = []
    let sampler = SubgraphSampler(graph: graph, size: config.facts ?? 6, named: config.named ?? 1)
    let seed = config.seed ?? 0
    var seeds = SplitMix64(seed: UInt64(bitPattern: seed))
    var seen: Set<[Int]> = []
    for number in 0..<(graph.incident.isEmpty ? 0 : config.count) {
      try Task.checkCancellation()
      var random = SplitMix64(seed: seeds.next())
      for attempt in 1...(config.attempts ?? 500) {
        guard let drawn = sampler.draw(roles[number % roles.count], &random),
          drawn.treewidth.lower >= config.minTreewidth ?? 0,
          drawn.isLeastCover || config.minMSD == nil, drawn.documents.count >= config.minMSD ?? 1,
          seen.insert(drawn.edges.sorted() + [-drawn.answer]).inserted
        else { continue }
        let members = drawn.edges.map { graph.edges[$0].member }.sorted()
        used.formUnion(members)
        try await sink.make(
          columns(of: drawn, in: graph, id: "task-\(seed)-\(number)", attempts: attempt), from: members)
        break
      }
    }
    for edge in graph.edges where !used.contains(edge.member) { try await sink.consume(edge.member) }
  }

  /// Facts that documents contest, or that are known to be wrong, make no question.
  private func graph(of rows: RowSet<Columns>, dropping sink: MakingSink<Columns>) async throws -> FactGraph {
    var graph = FactGraph()
    for try await element in rows {
      let row = element.value.values
      guard let fact = Fact(.object(row)), let documents = row["documents"]?.array?.compactMap(\.string),
        !documents.isEmpty
      else {
        try await sink.drop(
          element.ordinal, reason: "no fact",
          detail: "expected subject, relation, object and documents that state it")
        continue
      }
      // That something is itself says nothing of it.
      if row["contested"] == true || row["wrong"] == true || fact.object.string == fact.subject {
        try await sink.consume(element.ordinal)
        continue
      }
      graph.add(
        fact, toEntity: row["object_is"] == "entity", documents: documents, member: element.ordinal)
    }
    return graph
  }

  private func columns(
    of drawn: SubgraphSampler.Drawn, in graph: FactGraph, id: String, attempts: Int
  ) -> Columns {
    let task = SearchTask(
      answer: graph.names[drawn.answer], named: drawn.named.sorted().map { graph.names[$0] },
      hidden: drawn.hidden.filter { $0 != drawn.answer }.map { graph.names[$0] },
      parts: drawn.edges.map { SearchTask.Part(graph.edges[$0], in: graph) })
    var columns: JSON.Object = [
      "id": .string(id), "answer": .string(task.answer), "answer_role": .string(drawn.role.rawValue),
    ]
    columns.merge(task.columns) { $1 }
    columns["attempts"] = .int(Int64(attempts))
    return Columns(columns)
  }
}
