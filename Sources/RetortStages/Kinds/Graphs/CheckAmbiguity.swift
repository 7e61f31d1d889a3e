internal import OrderedCollections
package import RetortCore

/// Looks whether other answers that rollouts gave satisfy the question too: then it has several (REDSearcher, section 3).
package struct CheckAmbiguity: SetStage {
  package static let name = "check-ambiguity"
  package static let version = 1
  package static let isForeseeable = true
  package static let summary =
    "Add which other answers of a question's rollouts satisfy its facts in the graph: then it is ambiguous."
  package static let keys = [
    "by":
      "The columns in which the rollouts of a question agree; default group, as sample-rollouts writes it.",
    "given": "The column with the answer that a rollout gave; default 'final_answer'.",
  ]
  package static let sets = [FactGraph.role, HiddenNames.role]

  package struct Config: Codable, Sendable {
    package var by: [String]?
    package var given: String?

    package init(by: [String]? = nil, given: String? = nil) {
      self.by = by
      self.given = given
    }
  }

  package typealias Input = Columns

  package struct Output: Codable, Hashable, Sendable {
    /// What a rollout gave that is an entity of the graph and not the answer, and whether all facts hold for it; null where
    /// that was not looked for to the end.
    package struct Other: Codable, Hashable, Sendable {
      package var answer: String
      package var holds: Bool?

      package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(answer, forKey: .answer)
        try fields.encode(holds, forKey: .holds)
      }
    }

    package var otherAnswers: [Other]
    package var ambiguous: Bool

    package enum CodingKeys: String, CodingKey {
      case otherAnswers = "other_answers"
      case ambiguous
    }
  }

  package var reads: [ColumnUse] {
    ColumnUse.joined(SearchTask.reads, [ColumnUse(given)] + by.map { ColumnUse(sectionOn: $0) })
  }
  private let by: [String]
  private let given: String
  private let graph: RowSet<Columns>?
  private let aliases: RowSet<Columns>?

  package init(_ config: Config, in workspace: Workspace) throws {
    by = config.by ?? ["group"]
    given = config.given ?? "final_answer"
    graph = workspace.set("graph", as: Columns.self)
    aliases = workspace.set("aliases", as: Columns.self)
  }

  package func process(_ rows: RowSet<Columns>, into sink: KeepingSink<Output>) async throws {
    // What is contested may be what a rollout read.
    let graph = try await FactGraph(graph, contested: true)
    var index = NameIndex()
    for name in graph.names { index.add(name, of: name) }
    for (name, aliases) in try await HiddenNames.others(aliases) {
      for alias in aliases { index.add(alias, of: name) }
    }
    var groups: OrderedDictionary<RowGroup, Group> = [:]
    for try await element in rows {
      let task: SearchTask
      do throws(BadRow) { task = try SearchTask(element.value) } catch {
        try await sink.drop(element.ordinal, reason: error.reason, detail: error.detail)
        continue
      }
      let key = RowGroup(by, of: element.value.values)
      groups[key, default: Group(task: task)].members.append(element.ordinal)
      groups[key]?.others.formUnion(
        index.entities(in: Self.text(element.value[given])).filter { $0 != task.answer })
    }
    for group in groups.values {
      let pattern = SearchTask.Pattern(group.task, in: graph)
      let others = group.others.map { name in
        Output.Other(
          answer: name, holds: graph.node(of: name).flatMap { PatternMatch.holds($0, in: pattern, of: graph) }
        )
      }
      let output = Output(otherAnswers: others, ambiguous: others.contains { $0.holds == true })
      for member in group.members { try await sink.keep(member, adding: output) }
    }
  }

  private struct Group {
    let task: SearchTask
    var members: [Int] = []
    var others: OrderedSet<String> = []
  }

  private static func text(_ value: JSON?) -> String { value?.string ?? value.map(\.text) ?? "" }
}
