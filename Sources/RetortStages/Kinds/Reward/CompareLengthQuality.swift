internal import OrderedCollections
package import RetortCore

/// Rewards each response of a group for being better, or as good and shorter, than the others (TWYN, arXiv 2504.03234).
package struct CompareLengthQuality: SetStage {
  package typealias Config = LengthQualityConfig
  package typealias Input = Columns

  package struct Output: Codable, Hashable, Sendable {
    package var score: Double
    package var advantage: Double

    package enum CodingKeys: String, CodingKey {
      case score = "twyn_score"
      case advantage = "twyn_advantage"
    }
  }

  package static let name = "compare-length-quality"
  package static let version = 3
  package static let summary =
    "Score the responses of each group in pairs: better beats worse, and of equals the shorter wins."
  package static let keys = LengthQualityConfig.keys
  package static let laterKeys = LengthQualityConfig.laterKeys
  package static let plots = PlottedColumns.own([
    PlottedColumn("twyn_score"), PlottedColumn("twyn_advantage", comparesGroup: true),
  ])

  package static func workload(of config: Config) -> Workload { config.workload }

  package var reads: [ColumnUse] { comparison.reads }
  private let comparison: LengthQuality

  package init(_ config: Config, in workspace: Workspace) throws {
    comparison = try LengthQuality(config, in: workspace)
  }

  package func process(_ rows: RowSet<Columns>, into sink: KeepingSink<Output>) async throws {
    try await comparison.compare(rows, judging: .anyWellFormed, dropping: sink) { group in
      let scored = comparison.scored(group)
      for (index, ordinal) in group.ordinals.enumerated() {
        try await sink.keep(
          ordinal, adding: Output(score: scored.scores[index], advantage: scored.advantages[index]))
      }
    }
  }
}
