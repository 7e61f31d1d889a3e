internal import OrderedCollections
package import RetortCore

/// Weighs responses that another policy sampled (VESPO, arXiv 2602.10693).
package struct WeightImportance: SetStage {
  package static let name = "weight-importance"
  package static let version = 1
  package static let summary =
    "Weigh each response by how likely the current policy finds what another one sampled."
  package static let keys = [
    "advantage": "The column with the advantage, of which only the sign counts; default 'advantage'.",
    "batch":
      "What the effective sample size is taken over: group (the default), set, or a number of rows in their order.",
    "align_end":
      "Whether a response that ended by itself ('finish_reason') is compared without the token that ended it, which a server has that sampled it and one that reads its text has not; default false. Adds vespo_tokens, how many tokens were compared.",
  ]

  package static let laterKeys: Set = ["align_end"]

  package struct Config: Codable, Sendable {
    package var advantage: String?
    package var batch: JSON?
    package var alignEnd: Bool?

    package enum CodingKeys: String, CodingKey {
      case advantage, batch
      case alignEnd = "align_end"
    }

    package init(advantage: String? = nil, batch: JSON? = nil, alignEnd: Bool? = nil) {
      self.advantage = advantage
      self.batch = batch
      self.alignEnd = alignEnd
    }
  }

  package typealias Input = Columns

  package struct Output: Codable, Hashable, Sendable {
    /// `log W`, in nats, from -20 to 20.
    package var logRatio: Double
    /// `W`.
    package var ratio: Double
    /// `phi(W)`, from 0 to 1.2416.
    package var weight: Double
    /// Effective sample size of the batch's ratios, in rows.
    package var effectiveSampleSize: Double
    /// Share of the batch whose ratios were cut, 0 to 1.
    package var clampedShare: Double
    package var staleness: VESPO.Staleness
    /// How many tokens were compared; nil without `align_end`.
    package var tokens: Int?

    package enum CodingKeys: String, CodingKey {
      case ratio
      case logRatio = "log_ratio"
      case weight = "vespo_weight"
      case effectiveSampleSize = "vespo_ess"
      case clampedShare = "vespo_clamped"
      case staleness = "vespo_staleness"
      case tokens = "vespo_tokens"
    }
  }

  private enum Batch {
    case group, set
    case rows(Int)
  }

  package var reads: [ColumnUse] {
    [ColumnUse("logprobs"), ColumnUse("behaviour_logprobs"), ColumnUse(advantage)]
      + (["group", "mask"] + (alignEnd ? ["finish_reason"] : [])).map { ColumnUse($0, required: false) }
  }
  package var adds: [String]? {
    ColumnUse.properties(of: Output.self).map(\.name).filter { alignEnd || $0 != "vespo_tokens" }
  }
  private let advantage: String
  private let alignEnd: Bool
  private let batch: Batch

  package init(_ config: Config, in workspace: Workspace) throws {
    advantage = config.advantage ?? "advantage"
    alignEnd = config.alignEnd ?? false
    switch config.batch {
    case nil, "group": batch = .group
    case "set": batch = .set
    case .int(let count) where count > 0: batch = .rows(Int(count))
    case let other?: throw StageError("batch: expected group, set or a number, found \(other.text)")
    }
  }

  package func process(_ rows: RowSet<Columns>, into sink: KeepingSink<Output>) async throws {
    var batches: OrderedDictionary<JSON, [(ordinal: Int, weight: VESPO.Weight, tokens: Int)]> = [:]
    for try await row in rows {
      do throws(BadRow) {
        let (weight, tokens) = try self.weight(of: row.value)
        let key: JSON =
          switch batch {
          case .group: row.value["group"] ?? .null
          case .set: .null
          case .rows(let count): .int(Int64(row.ordinal / count))
          }
        batches[key, default: []].append((row.ordinal, weight, tokens))
      } catch {
        try await sink.drop(row.ordinal, reason: error.reason, detail: error.detail)
      }
    }
    for members in batches.values {
      let weights = members.map(\.weight)
      let size = VESPO.effectiveSampleSize(weights.map(\.ratio))
      let clamped = Double(weights.count { $0.isClamped }) / Double(weights.count)
      let staleness = VESPO.Staleness(weights)
      for (ordinal, weight, tokens) in members {
        try await sink.keep(
          ordinal,
          adding: Output(
            logRatio: weight.logRatio, ratio: weight.ratio, weight: weight.weight, effectiveSampleSize: size,
            clampedShare: clamped, staleness: staleness, tokens: alignEnd ? tokens : nil))
      }
    }
  }

  private func weight(of row: Columns) throws(BadRow) -> (VESPO.Weight, tokens: Int) {
    let current = try Self.logprobs(row, "logprobs")
    var behaviour = try Self.logprobs(row, "behaviour_logprobs")
    var mask = Self.mask(row)
    if behaviour.count == current.count + 1, endedByItself(row) {
      if mask?.count == behaviour.count { mask?.removeLast() }
      behaviour.removeLast()
    }
    guard current.count == behaviour.count else {
      throw BadRow(
        "logprobs differ in length",
        "expected one of each for the same tokens, found \(current.count) in 'logprobs' and \(behaviour.count) "
          + "in 'behaviour_logprobs'; another tokeniser's cannot be used"
          + (behaviour.count == current.count + 1 && !alignEnd
            ? "; where the one more is the token that ended the response, say align_end: true" : ""))
    }
    if let mask, mask.count != current.count {
      throw BadRow(
        "bad mask", "expected \(current.count) times true or false in 'mask', found \(mask.count)")
    }
    let weight = VESPO.weight(
      logprobs: current, behaviour: behaviour, advantage: try row.number(advantage, reason: "bad advantage"),
      mask: mask)
    return (weight, current.count)
  }

  /// Whether a response's last sampled token is the one that ended it, of which its text knows nothing.
  private func endedByItself(_ row: Columns) -> Bool {
    guard alignEnd, let reason = row["finish_reason"]?.string, !reason.isEmpty else { return false }
    return ReplyEnd(reason) == .whole
  }

  private static func logprobs(_ row: Columns, _ column: String) throws(BadRow) -> [Double] {
    guard let list = row[column]?.array, !list.isEmpty else {
      throw BadRow("no logprobs", "expected a list of numbers in '\(column)', found \(row.found(column))")
    }
    var numbers: [Double] = []
    numbers.reserveCapacity(list.count)
    for (index, value) in list.enumerated() {
      // Servers round: a hair above 0 is a probability of 1.
      guard let number = value.number, number.isFinite, number <= 1e-3 else {
        throw BadRow(
          "bad logprobs",
          "expected a finite logarithm of a probability at '\(column)[\(index)]', found \(value.text)")
      }
      numbers.append(number)
    }
    return numbers
  }

  /// Nil where there is none; what is no truth value is left out, so that the number is wrong.
  private static func mask(_ row: Columns) -> [Bool]? {
    guard let value = row["mask"], !value.isNull else { return nil }
    return (value.array ?? []).compactMap { $0.bool ?? $0.int.map { $0 != 0 } }
  }
}
