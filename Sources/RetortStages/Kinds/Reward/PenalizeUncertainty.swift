internal import OrderedCollections
package import RetortCore

/// Lowers rewards that cannot be told from others (PURM, arXiv 2503.22480, equation 16).
package struct PenalizeUncertainty: SetStage {
  package static let name = "penalize-uncertainty"
  package static let version = 1
  package static let laterKeys: Set = ["by"]
  package static let summary =
    "Subtract from each reward a multiple of its mean overlap with the other rewards of the set."
  package static let keys = [
    "by":
      "What is subtracted: overlap (the default), or deviation (the reward's own, which needs no others; what the paper is compared with).",
    "lambda":
      "What an overlap (or a deviation) of 1 costs, in the unit of the rewards, 0 or more; default 1. The authors' 30 suits their model.",
    "sample":
      "How many rewards to compare with, drawn once; default all, which takes a square of the rows' number.",
    "seed": "Chooses another sample; default 0.",
  ]
  package static let sets = [
    SetRole(
      "reference", required: false, columns: ["reward_mean", "reward_sigma"],
      help: "Rewards to compare with, in place of the set itself.")
  ]

  package static let plots = PlottedColumns.own([PlottedColumn("reward_penalized")])

  package enum Measure: String, Codable, Sendable, CaseIterable { case overlap, deviation }

  package struct Config: Codable, Sendable {
    package var lambda: Double?
    package var sample: Int?
    package var seed: Int?
    package var by: Measure?

    package init(lambda: Double? = nil, sample: Int? = nil, seed: Int? = nil) {
      self.lambda = lambda
      self.sample = sample
      self.seed = seed
    }
  }

  package typealias Input = Columns

  package struct Output: Codable, Hashable, Sendable {
    /// Mean overlap, 0 to 1; or the deviation, in the unit of `reward_mean`.
    package var uncertainty: Double
    /// In the unit of `reward_mean`.
    package var penalized: Double

    package enum CodingKeys: String, CodingKey {
      case uncertainty
      case penalized = "reward_penalized"
    }
  }

  package var reads: [ColumnUse] { [ColumnUse("reward_mean"), ColumnUse("reward_sigma")] }
  private let lambda: Double
  private let sample: Int?
  private let seed: Int
  private let measure: Measure
  private let reference: RowSet<Columns>?

  package init(_ config: Config, in workspace: Workspace) throws {
    lambda = config.lambda ?? 1
    sample = config.sample
    seed = config.seed ?? 0
    measure = config.by ?? .overlap
    reference = workspace.set("reference", as: Columns.self)
    guard lambda >= 0, lambda.isFinite else {
      throw StageError("lambda: expected 0 or more, found \(lambda)")
    }
    guard sample ?? 1 >= 1 else {
      throw StageError("sample: expected 1 or more, found \(sample ?? 0)")
    }
    guard measure == .overlap || sample == nil && config.seed == nil && reference == nil else {
      throw StageError("sample, seed, using.reference: expected by: overlap with them, found deviation")
    }
  }

  package func process(_ rows: RowSet<Columns>, into sink: KeepingSink<Output>) async throws {
    var own: [(ordinal: Int, reward: RewardDistribution)] = []
    for try await row in rows {
      do throws(BadRow) {
        own.append((row.ordinal, try Self.reward(row.value)))
      } catch {
        try await sink.drop(row.ordinal, reason: error.reason, detail: error.detail)
      }
    }
    if measure == .deviation {
      for (ordinal, reward) in own { try await keep(ordinal, reward, uncertainty: reward.sigma, in: sink) }
      return
    }
    var others = own.map(\.reward)
    // Where in `others` a row's own reward may stand, so that it is not compared with itself.
    var places = Array(others.indices)
    if let reference {
      others = try await rewards(of: reference)
      places = []
    }
    if let sample, sample < others.count {
      var random = SplitMix64(seed: UInt64(bitPattern: Int64(seed)))
      let drawn = Array(random.shuffled(Array(others.indices)).prefix(sample))
      others = drawn.map { others[$0] }
      places = places.isEmpty ? [] : drawn
    }
    var position: [Int: Int] = [:]
    for (index, place) in places.enumerated() { position[place] = index }
    for (index, (ordinal, reward)) in own.enumerated() {
      try Task.checkCancellation()
      let except = position[index]
      guard others.count > (except == nil ? 0 : 1) else {
        try await sink.drop(
          ordinal, reason: "nothing to compare with",
          detail: "expected another reward in the set or under using.reference, found none")
        continue
      }
      try await keep(
        ordinal, reward, uncertainty: PURM.uncertainty(of: reward, among: others, except: except), in: sink)
    }
  }

  private func keep(
    _ ordinal: Int, _ reward: RewardDistribution, uncertainty: Double, in sink: KeepingSink<Output>
  ) async throws {
    try await sink.keep(
      ordinal,
      adding: Output(
        uncertainty: uncertainty,
        penalized: PURM.penalized(reward.mean, uncertainty: uncertainty, lambda: lambda)))
  }

  private func rewards(of set: RowSet<Columns>) async throws -> [RewardDistribution] {
    var rewards: [RewardDistribution] = []
    for try await row in set {
      do throws(BadRow) { rewards.append(try Self.reward(row.value)) } catch {
        throw StageError("using.reference, row \(row.ordinal): \(error.detail)")
      }
    }
    return rewards
  }

  private static func reward(_ row: Columns) throws(BadRow) -> RewardDistribution {
    let mean = try row.number("reward_mean", reason: "bad reward")
    let sigma = try row.number("reward_sigma", reason: "bad deviation")
    guard abs(mean) <= RewardScore.largest else {
      throw BadRow(
        "bad reward", "expected up to \(RewardScore.largest) in size in 'reward_mean', found \(mean)")
    }
    guard sigma > 0, sigma <= RewardScore.largest else {
      throw BadRow(
        "bad deviation",
        "expected a number above 0, up to \(RewardScore.largest), in 'reward_sigma', found \(sigma)")
    }
    return RewardDistribution(mean: mean, sigma: sigma)
  }
}
