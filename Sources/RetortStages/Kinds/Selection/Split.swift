package import RetortCore

/// Assigns each row to a split by a seeded draw, rows of one group together.
package struct Split: SetStage {
  package struct Config: Codable, Sendable {
    /// Split name to its part of the rows.
    package var fractions: [String: Double]
    package var by: String?
    package var seed: Int?

    package init(fractions: [String: Double], by: String? = nil, seed: Int? = nil) {
      self.fractions = fractions
      self.by = by
      self.seed = seed
    }
  }

  package typealias Input = Columns

  package struct Output: Codable, Hashable, Sendable {
    package let split: String
  }

  package static let name = "split"
  package static let version = 1
  package static let isForeseeable = true
  package static let summary = "Assign each row to a split, rows of one group together."
  package static let keys = [
    "fractions": "Split names and their parts, which add up to 1: {train: 0.9, test: 0.1}.",
    "by": "The column whose equal values stay in one split; the whole row when left out.",
    "seed": "Chooses another assignment; 0 when left out.",
  ]

  private let config: Config
  private let splits: [(name: String, end: Double)]
  private let say: @Sendable (String) -> Void

  package init(_ config: Config, in workspace: Workspace) throws {
    self.config = config
    say = workspace.say
    let sum = config.fractions.values.reduce(0, +)
    guard config.fractions.values.allSatisfy({ (0...1).contains($0) }), abs(sum - 1) < 1e-9 else {
      throw StageError("fractions: expected parts from 0 to 1 that add up to 1, found a sum of \(sum)")
    }
    var end = 0.0
    splits = config.fractions.sorted { $0.key < $1.key }.filter { $0.value > 0 }.map {
      end += $0.value
      return ($0.key, end)
    }
  }

  package var reads: [ColumnUse] { config.by.map { [ColumnUse($0)] } ?? [] }

  /// A row's split hangs on its own group alone, so that adding rows moves none; the parts are met on average, and
  /// closely once there are some hundred groups. A part without a row is said.
  package func process(_ rows: RowSet<Columns>, into sink: KeepingSink<Output>) async throws {
    var met: Set<String> = []
    for try await element in rows {
      let group = config.by.map { element.value[$0] ?? .null } ?? element.row.json
      let position = SeededOrder.position(of: group.canonical, seed: config.seed ?? 0)
      let split = splits.first { position < $0.end } ?? splits[splits.count - 1]
      met.insert(split.name)
      try await sink.keep(element.ordinal, adding: Output(split: split.name))
    }
    for empty in splits where rows.count > 0 && !met.contains(empty.name) {
      let groups = config.by.map { ", which '\($0)' keeps together" } ?? ""
      say(
        "no row is in the part '\(empty.name)' (\(config.fractions[empty.name] ?? 0) of \(rows.count) rows\(groups)); "
          + "another 'seed:', a larger part or more rows fill it")
    }
  }
}
