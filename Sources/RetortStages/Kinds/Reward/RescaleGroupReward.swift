internal import OrderedCollections
package import RetortCore

/// Multiplies the rewards of a group by a factor that falls with length (GR3, arXiv 2603.10535).
package struct RescaleGroupReward: SetStage {
  package static let name = "rescale-group-reward"
  package static let version = 1
  package static let summary =
    "Rescale the rewards of each group so that of equal rewards the shorter is higher."
  package static let laterKeys = GroupRewards.laterKeys.union(["set_aside"])
  package static let keys = [
    "set_aside":
      "Whether groups whose rewards are all equal get advantages of 0 and a true 'gr3_set_aside', by which export-rl-groups leaves them out; default false: length alone ranks them.",
    "alpha":
      "How much length weighs: a number above 0 (0.33, the default, for mathematics and code), or calibrate.",
    "advantage": AdvantageNorm.help + " Default sample-std.",
  ].merging(Calibration.help.mapValues { "For alpha: calibrate without a calibration under using. " + $0 }) {
    own, _ in own
  }.merging(GroupRewards.help) { own, _ in own }
  package static let sets = [
    SetRole(
      "calibration", required: false, columns: ["alpha", "chosen"],
      help: "The table of calibrate-group-reward whose chosen alpha alpha: calibrate takes.")
  ]

  package static let plots = PlottedColumns.own([
    PlottedColumn("gr3_reward"), PlottedColumn("gr3_advantage", comparesGroup: true),
  ])

  package struct Config: Codable, Sendable {
    package var alpha: JSON?
    package var candidates: [Double]?
    package var target: Double?
    package var reward: String?
    var map: GroupRewards.Map?
    var reference: String?
    package var advantage: AdvantageNorm?
    package var setAside: Bool?

    package enum CodingKeys: String, CodingKey {
      case alpha, candidates, target, reward, map, reference, advantage
      case setAside = "set_aside"
    }

    package init(alpha: JSON? = nil, candidates: [Double]? = nil, target: Double? = nil) {
      self.alpha = alpha
      self.candidates = candidates
      self.target = target
    }
  }

  package typealias Input = Columns

  package struct Output: Codable, Hashable, Sendable {
    package var scale: Double
    package var reward: Double
    package var advantage: Double
    package var condition: Bool
    /// Together with equal lengths, every advantage of the group is 0.
    package var allMax: Bool
    /// Whether the group is to be left out of training; nil where no key asked.
    package var setAside: Bool?

    package enum CodingKeys: String, CodingKey {
      case scale = "gr3_scale"
      case reward = "gr3_reward"
      case advantage = "gr3_advantage"
      case condition = "gr3_condition"
      case allMax = "gr3_all_max"
      case setAside = "gr3_set_aside"
    }
  }

  private enum Alpha: Sendable {
    case number(Double)
    case calibrated(Calibration)
    case table(RowSet<Columns>)
  }

  package var reads: [ColumnUse] { rewards.reads }
  package var adds: [String]? {
    ColumnUse.properties(of: Output.self).map(\.name).filter { setsAside || $0 != "gr3_set_aside" }
  }
  private let setsAside: Bool
  private let alpha: Alpha
  private let rewards: GroupRewards
  private let norm: AdvantageNorm

  package init(_ config: Config, in workspace: Workspace) throws {
    rewards = try GroupRewards(column: config.reward, map: config.map, reference: config.reference)
    setsAside = config.setAside ?? false
    norm = config.advantage ?? .sampleStd
    let table = workspace.set("calibration", as: Columns.self)
    let hasCandidates = config.candidates != nil || config.target != nil
    switch config.alpha ?? 0.33 {
    case "calibrate":
      if let table {
        guard !hasCandidates else {
          throw StageError(
            "candidates, target: expected them in the stage under using.calibration, found them here")
        }
        alpha = .table(table)
      } else {
        alpha = .calibrated(try Calibration(candidates: config.candidates, target: config.target))
      }
    case let value:
      guard let number = value.number, number > 0, number.isFinite else {
        throw StageError("alpha: expected a number above 0, or calibrate, found \(value.text)")
      }
      guard !hasCandidates, table == nil else {
        throw StageError(
          "candidates, target, using.calibration: expected alpha: calibrate with them, found \(value.text)")
      }
      alpha = .number(number)
    }
  }

  package func process(_ rows: RowSet<Columns>, into sink: KeepingSink<Output>) async throws {
    let groups = try await rewards.groups(of: rows, dropping: sink)
    guard !groups.isEmpty else { return }
    let alpha = try await alpha(for: groups)
    for group in groups {
      var scored = GR3.score(rewards: group.rewards, lengths: group.lengths, alpha: alpha, norm: norm)
      if setsAside { scored = scored.setAside }
      for (index, ordinal) in group.ordinals.enumerated() {
        try await sink.keep(
          ordinal,
          adding: Output(
            scale: scored.scales[index], reward: scored.rewards[index], advantage: scored.advantages[index],
            condition: scored.condition, allMax: scored.allMax,
            setAside: setsAside ? scored.allMax : nil))
      }
    }
  }

  private func alpha(for groups: [GroupRewards.Group]) async throws -> Double {
    switch alpha {
    case .number(let number): return number
    case .calibrated(let calibration):
      return try calibration.table(groups).first { $0.chosen }?.alpha ?? 0
    case .table(let table):
      for try await row in table where row.value["chosen"] == true {
        if let alpha = row.value["alpha"]?.number { return alpha }
      }
      throw StageError("using.calibration: expected a row with 'chosen' true and its 'alpha', found none")
    }
  }
}
