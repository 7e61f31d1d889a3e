internal import OrderedCollections
package import RetortCore

/// Makes tools necessary: what a task tells outright is replaced by what only a tool resolves, and both measures are taken
/// again (REDSearcher, section 3).
package struct RequireTools: SetStage {
  package static let name = "require-tools"
  package static let version = 1
  package static let isForeseeable = true
  package static let summary =
    "Replace numbers of a task by sums over other facts, and names by descriptions; measure the task again."
  package static let keys = [
    "compute":
      "How many numbers at most are told by another fact's: founded 17 years after X was founded; default 1. Years by years, "
      + "other numbers by those of the same relation.",
    "look_up":
      "How many named entities at most are told by facts of theirs in the graph that hold for no other entity; default 0.",
    "seed": "Draws other ones; 0 when left out.",
  ]
  package static let sets = [FactGraph.role]

  package struct Config: Codable, Sendable {
    package var compute: Int?
    package var lookUp: Int?
    package var seed: Int64?

    enum CodingKeys: String, CodingKey {
      case compute, seed
      case lookUp = "look_up"
    }

    package init(compute: Int? = nil, lookUp: Int? = nil, seed: Int64? = nil) {
      self.compute = compute
      self.lookUp = lookUp
      self.seed = seed
    }
  }

  package typealias Input = Columns
  package typealias Output = Columns

  private static let changed = [
    "named", "hidden", "facts", "constraints", "documents", "treewidth", "treewidth_exact", "msd_upper",
    "msd_exact",
  ]

  package var reads: [ColumnUse] { SearchTask.reads }
  package var adds: [String]? { Self.changed + ["replaced"] }
  package var passed: PassedColumns { .changing(Self.changed) }
  private let config: Config
  private let graph: RowSet<Columns>?

  package init(_ config: Config, in workspace: Workspace) throws {
    for (key, value) in [("compute", config.compute), ("look_up", config.lookUp)] {
      if let value, !(0...DocumentCover.mostFacts).contains(value) {
        throw StageError("\(key): expected 0 to \(DocumentCover.mostFacts), found \(value)")
      }
    }
    self.config = config
    graph = workspace.set("graph", as: Columns.self)
  }

  package func process(_ rows: RowSet<Columns>, into sink: KeepingSink<Columns>) async throws {
    let constraints = ToolConstraints(graph: try await FactGraph(graph, contested: false))
    var seeds = SplitMix64(seed: UInt64(bitPattern: config.seed ?? 0))
    for try await element in rows {
      var random = SplitMix64(seed: seeds.next())
      var task: SearchTask
      do throws(BadRow) { task = try SearchTask(element.value) } catch {
        try await sink.drop(element.ordinal, reason: error.reason, detail: error.detail)
        continue
      }
      let named = constraints.describe(config.lookUp ?? 0, in: &task, &random)
      let replaced = named + constraints.compute(config.compute ?? 1, in: &task, &random)
      var columns = task.columns
      columns["replaced"] = .array(replaced.map(\.json))
      try await sink.keep(element.ordinal, adding: Columns(columns))
    }
  }
}
