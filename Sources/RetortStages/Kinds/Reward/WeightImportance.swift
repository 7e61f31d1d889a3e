internal import OrderedCollections
package import RetortCore

/// Weighs responses that another policy sampled (VESPO, arXiv 2602.10693).
package struct WeightImportance: SetStage {
  package static let name = "weight-importance"
  package static let version = 1
  package static let summary =
    "Weigh each response by how likely the current policy finds what another one sampled."
  package static let keys = [
    "k_positive": "The kernel's power of the ratio where the advantage is 0 or more, 0 or more; default 2.",
    "lambda_positive": "How fast it falls there, 0 or more; default 3.",
    "k_negative": "The power where the advantage is below 0; default 3.",
    "lambda_negative": "How fast it falls there; default 2.",
    "sampler":
      "The column with the log-probabilities that the sampling engine gave, where 'behaviour_logprobs' are the trainer's of the same policy: each token's ratio of the two, cut at 'cap', joins the ratio and is written to 'truncated_weights'. Default: none.",
    "cap": "With sampler: what a token's weight is cut at, above 0; default 2.",
    "truncated": "The column with such weights of each token, where they are known already; default none.",
    "policy_step":
      "The column with the number of updates that the policy had had when it sampled; 'policy_lag' is how many it has had since. Default: none.",
    "current_step":
      "With policy_step: how many updates the current policy has had; default the largest in the set.",
    "ess_verdict":
      "Whether to write 'vespo_ess_verdict' (ample, thin or unusable), which is what 'vespo_staleness' says under its right name; default false.",
    "advantage": "The column with the advantage, of which only the sign counts; default 'advantage'.",
    "batch":
      "What the effective sample size is taken over: group (the default), set, or a number of rows in their order.",
    "align_end":
      "Whether a response that ended by itself ('finish_reason') is compared without the token that ended it, which a server has that sampled it and one that reads its text has not; default false. Adds vespo_tokens, how many tokens were compared.",
  ]

  package static let laterKeys: Set = [
    "align_end", "k_positive", "lambda_positive", "k_negative", "lambda_negative", "sampler", "cap",
    "truncated",
    "policy_step", "current_step", "ess_verdict",
  ]
  package static let plots = PlottedColumns.own([
    PlottedColumn("vespo_weight"), PlottedColumn("log_ratio", unit: "nats"),
    PlottedColumn("policy_lag", unit: "updates"),
  ])

  package struct Config: Codable, Sendable {
    package var advantage: String?
    package var batch: JSON?
    package var alignEnd: Bool?
    package var kPositive: Double?
    package var lambdaPositive: Double?
    package var kNegative: Double?
    package var lambdaNegative: Double?
    package var sampler: String?
    package var cap: Double?
    package var truncated: String?
    package var policyStep: String?
    package var currentStep: Int?
    package var essVerdict: Bool?

    package enum CodingKeys: String, CodingKey {
      case advantage, batch, sampler, cap, truncated
      case kPositive = "k_positive"
      case lambdaPositive = "lambda_positive"
      case kNegative = "k_negative"
      case lambdaNegative = "lambda_negative"
      case alignEnd = "align_end"
      case policyStep = "policy_step"
      case currentStep = "current_step"
      case essVerdict = "ess_verdict"
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
    /// How many tokens were compared; only with `align_end`.
    package var tokens: Int?
    /// These three only where a key asks for them.
    package var verdict: VESPO.Worth?
    /// Of each token, 0 where the mask leaves it out.
    package var truncated: [Double]?
    /// In updates.
    package var lag: Int?

    package enum CodingKeys: String, CodingKey {
      case ratio
      case logRatio = "log_ratio"
      case weight = "vespo_weight"
      case effectiveSampleSize = "vespo_ess"
      case clampedShare = "vespo_clamped"
      case staleness = "vespo_staleness"
      case tokens = "vespo_tokens"
      case verdict = "vespo_ess_verdict"
      case truncated = "truncated_weights"
      case lag = "policy_lag"
    }
  }

  private enum Batch {
    case group, set
    case rows(Int)
  }

  package var reads: [ColumnUse] {
    [ColumnUse("logprobs"), ColumnUse("behaviour_logprobs"), ColumnUse(advantage)]
      + [sampler, truncated, policyStep].compactMap { $0.map { ColumnUse($0) } }
      + (["group", "mask"] + (alignEnd ? ["finish_reason"] : [])).map { ColumnUse($0, required: false) }
  }

  package var adds: [String]? {
    var left: Set<String> = alignEnd ? [] : ["vespo_tokens"]
    if !hasVerdict { left.insert("vespo_ess_verdict") }
    if sampler == nil { left.insert("truncated_weights") }
    if policyStep == nil { left.insert("policy_lag") }
    return ColumnUse.properties(of: Output.self).map(\.name).filter { !left.contains($0) }
  }
  private let advantage: String
  private let alignEnd: Bool
  private let batch: Batch
  private let kernel: VESPO.Kernel
  private let sampler: String?
  private let cap: Double
  private let truncated: String?
  private let policyStep: String?
  private let currentStep: Int?
  private let hasVerdict: Bool

  package init(_ config: Config, in workspace: Workspace) throws {
    advantage = config.advantage ?? "advantage"
    alignEnd = config.alignEnd ?? false
    switch config.batch {
    case nil, "group": batch = .group
    case "set": batch = .set
    case .int(let count) where count > 0: batch = .rows(Int(count))
    case let other?: throw StageError("batch: expected group, set or a number, found \(other.text)")
    }
    kernel = try Self.kernel(config)
    (sampler, truncated, cap) = (config.sampler, config.truncated, config.cap ?? 2)
    (policyStep, currentStep) = (config.policyStep, config.currentStep)
    hasVerdict = config.essVerdict ?? false
    guard sampler == nil || truncated == nil else {
      throw StageError("sampler, truncated: expected one of them, found both")
    }
    guard sampler != nil || config.cap == nil else {
      throw StageError("cap: expected sampler with it, found none")
    }
    guard cap > 0, cap.isFinite else { throw StageError("cap: expected a number above 0, found \(cap)") }
    guard policyStep != nil || currentStep == nil else {
      throw StageError("current_step: expected policy_step with it, found none")
    }
    guard currentStep ?? 0 >= 0 else {
      throw StageError("current_step: expected 0 or more, found \(currentStep ?? 0)")
    }
  }

  private static func kernel(_ config: Config) throws -> VESPO.Kernel {
    var kernel = VESPO.Kernel()
    kernel.positive.k = config.kPositive ?? kernel.positive.k
    kernel.positive.lambda = config.lambdaPositive ?? kernel.positive.lambda
    kernel.negative.k = config.kNegative ?? kernel.negative.k
    kernel.negative.lambda = config.lambdaNegative ?? kernel.negative.lambda
    let exponents = [
      kernel.positive.k, kernel.positive.lambda, kernel.negative.k, kernel.negative.lambda,
    ]
    guard exponents.allSatisfy({ $0 >= 0 && $0.isFinite }) else {
      throw StageError(
        "k_positive, lambda_positive, k_negative, lambda_negative: expected numbers of 0 or more, found \(exponents)"
      )
    }
    return kernel
  }

  /// A row's weight with what else is written of it.
  private struct Member {
    let ordinal: Int
    let weight: VESPO.Weight
    let tokens: Int
    let truncated: [Double]?
    /// Updates that the policy had had when it sampled.
    let step: Int?
  }

  package func process(_ rows: RowSet<Columns>, into sink: KeepingSink<Output>) async throws {
    var batches: OrderedDictionary<JSON, [Member]> = [:]
    for try await row in rows {
      do throws(BadRow) {
        let member = try member(row.value, at: row.ordinal)
        let key: JSON =
          switch batch {
          case .group: row.value["group"] ?? .null
          case .set: .null
          case .rows(let count): .int(Int64(row.ordinal / count))
          }
        batches[key, default: []].append(member)
      } catch {
        try await sink.drop(row.ordinal, reason: error.reason, detail: error.detail)
      }
    }
    let newest = currentStep ?? batches.values.flatMap { $0.compactMap(\.step) }.max()
    for members in batches.values {
      let weights = members.map(\.weight)
      let size = VESPO.effectiveSampleSize(weights.map(\.ratio))
      let clamped = Double(weights.count { $0.isClamped }) / Double(weights.count)
      let staleness = VESPO.Staleness(weights)
      for member in members {
        let weight = member.weight
        try await sink.keep(
          member.ordinal,
          adding: Output(
            logRatio: weight.logRatio, ratio: weight.ratio, weight: weight.weight, effectiveSampleSize: size,
            clampedShare: clamped, staleness: staleness, tokens: member.tokens,
            verdict: hasVerdict ? VESPO.Worth(staleness) : nil, truncated: member.truncated,
            lag: member.step.flatMap { step in newest.map { $0 - step } }))
      }
    }
  }

  private func member(_ row: Columns, at ordinal: Int) throws(BadRow) -> Member {
    let current = try Self.logprobs(row, "logprobs")
    var behaviour = try Self.logprobs(row, "behaviour_logprobs")
    let hasEnd = behaviour.count == current.count + 1 && endedByItself(row)
    if hasEnd { behaviour.removeLast() }
    guard current.count == behaviour.count else {
      throw BadRow(
        "logprobs differ in length",
        "expected one of each for the same tokens, found \(current.count) in 'logprobs' and \(behaviour.count) "
          + "in 'behaviour_logprobs'; another tokeniser's cannot be used"
          + (behaviour.count == current.count + 1 && !alignEnd
            ? "; where the one more is the token that ended the response, say align_end: true" : ""))
    }
    let mask = try row.mask(count: current.count, orOneMore: hasEnd)
    var weights: [Double]?
    if let sampler {
      var sampled = try Self.logprobs(row, sampler)
      if hasEnd, sampled.count == behaviour.count + 1 { sampled.removeLast() }
      guard sampled.count == behaviour.count else {
        throw BadRow(
          "logprobs differ in length",
          "expected \(behaviour.count) in '\(sampler)', as in 'behaviour_logprobs', found \(sampled.count)")
      }
      weights = VESPO.truncatedWeights(behaviour, sampler: sampled, cap: cap, mask: mask)
    } else if let truncated {
      weights = try row.tokenWeights(truncated, count: current.count, orOneMore: hasEnd)
    }
    let weight = VESPO.weight(
      logprobs: current, behaviour: behaviour, advantage: try row.number(advantage, reason: "bad advantage"),
      mask: mask, truncated: weights, kernel: kernel)
    return Member(
      ordinal: ordinal, weight: weight, tokens: current.count, truncated: sampler == nil ? nil : weights,
      step: try step(row))
  }

  private func step(_ row: Columns) throws(BadRow) -> Int? {
    guard let policyStep else { return nil }
    let number = try row.number(policyStep, reason: "bad policy step")
    guard let step = Int(exactly: number), step >= 0, step <= currentStep ?? .max else {
      throw BadRow(
        "bad policy step",
        "expected a whole number from 0\(currentStep.map { " to current_step \($0)" } ?? "") in '\(policyStep)', "
          + "found \(number)")
    }
    return step
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
}
