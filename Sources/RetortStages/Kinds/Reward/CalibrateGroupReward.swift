internal import OrderedCollections
package import RetortCore

/// Chooses how much length weighs in ``RescaleGroupReward`` (GR3, arXiv 2603.10535, equation 16).
package struct CalibrateGroupReward: SetStage {
  package static let name = "calibrate-group-reward"
  package static let version = 1
  package static let summary =
    "Make a table of candidate alphas: in how many groups a best response of mean length would not lose."
  package static let laterKeys = GroupRewards.laterKeys
  package static let keys = Calibration.help.merging(GroupRewards.help) { own, _ in own }

  package struct Config: Codable, Sendable {
    package var candidates: [Double]?
    package var target: Double?
    package var reward: String?
    var map: GroupRewards.Map?
    var reference: String?

    package init(candidates: [Double]? = nil, target: Double? = nil) {
      self.candidates = candidates
      self.target = target
    }
  }

  package typealias Input = Columns
  package typealias Output = GR3.Candidate

  package var reads: [ColumnUse] { rewards.reads }
  private let rewards: GroupRewards
  private let calibration: Calibration

  package init(_ config: Config, in workspace: Workspace) throws {
    rewards = try GroupRewards(column: config.reward, map: config.map, reference: config.reference)
    calibration = try Calibration(candidates: config.candidates, target: config.target)
  }

  package func process(_ rows: RowSet<Columns>, into sink: MakingSink<GR3.Candidate>) async throws {
    let groups = try await rewards.groups(of: rows, dropping: sink)
    let members = groups.flatMap(\.ordinals)
    guard !members.isEmpty else { return }
    for candidate in try calibration.table(groups) { try await sink.make(candidate, from: members) }
  }
}
