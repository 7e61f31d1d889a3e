internal import OrderedCollections
internal import RetortCore

extension FactGraph {
  static let role = SetRole(
    "graph", columns: ["subject", "relation", "object", "documents"],
    help: "The facts of the graph that the tasks were drawn from, as build-graph writes them.")

  /// The graph that rows of facts are, without those that are no facts.
  ///
  /// - Parameter contested: whether facts are in it that documents contest or that are known to be wrong.
  init(_ rows: RowSet<Columns>?, contested: Bool) async throws {
    guard let rows else { return }
    for try await element in rows {
      let row = element.value.values
      guard let fact = Fact(.object(row)), fact.object.string != fact.subject else { continue }
      if !contested, row["contested"] == true || row["wrong"] == true { continue }
      add(
        fact, toEntity: row["object_is"] == "entity",
        documents: (row["documents"]?.array ?? []).compactMap(\.string), member: element.ordinal)
    }
  }

  /// The number of an entity; nil where no fact speaks of it.
  func node(of name: String) -> Int? { names.firstIndex(of: name) }
}

extension SearchTask.Part {
  init(_ edge: FactGraph.Edge, in graph: FactGraph) {
    let object: JSON =
      switch edge.object {
      case .node(let other): .string(graph.names[other])
      case .value(let value): value
      }
    self.init(
      fact: Fact(subject: graph.names[edge.subject], relation: edge.relation, object: object),
      documents: edge.documents)
  }
}

extension SearchTask {
  /// What its question says, as edges among the numbers of a graph's entities; those that it does not know have numbers
  /// beyond its own.
  struct Pattern {
    let edges: [FactGraph.Edge]
    let answer: Int
    let named: Set<Int>

    init(_ task: SearchTask, in graph: FactGraph) {
      var more: OrderedSet<String> = []
      func node(_ name: String) -> Int { graph.node(of: name) ?? graph.names.count + more.append(name).index }
      answer = node(task.answer)
      named = Set(task.named.map(node))
      edges = task.parts.filter(\.isSaid).map { part in
        let object: FactGraph.Object =
          if let name = part.fact.object.string, task.isEntity(part.fact.object) { .node(node(name)) } else {
            .value(part.fact.object)
          }
        return FactGraph.Edge(
          subject: node(part.fact.subject), relation: part.fact.relation, object: object, documents: [],
          member: 0, isExact: part.relative != nil)
      }
    }
  }
}
