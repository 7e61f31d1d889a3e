internal import OrderedCollections
internal import RetortCore
package import RetortStore

/// What a plan's calls will take: for each figure what is to be expected and a range that holds the outcome in nine of
/// ten cases.
///
/// A thousand runs are drawn through the pipeline with a fixed seed (``ForecastDraw`` says from which distributions), so
/// that what is uncertain about an early stage is uncertain about all that follows from it. What was measured counts; what
/// never was is assumed, and says so.
package struct Forecast: Codable, Hashable, Sendable {
  /// The mean of what was drawn, and the numbers below and above which a twentieth of it lies.
  package struct Estimate: Codable, Hashable, Sendable {
    package var expected: Double
    package var low: Double
    package var high: Double

    package init(_ expected: Double = 0, _ low: Double? = nil, _ high: Double? = nil) {
      self.expected = expected
      self.low = low ?? expected
      self.high = high ?? expected
    }

    init(of drawn: [Double]) {
      let sorted = drawn.sorted()
      guard let first = sorted.first, let last = sorted.last else {
        self.init()
        return
      }
      let at = { (share: Double) in sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))] }
      let mean = sorted.reduce(0, +) / Double(sorted.count)
      // Rounding must not put the mean of equal numbers outside of them.
      self.init(min(last, max(first, mean)), at(0.05), at(0.95))
      low = min(low, expected)
      high = max(high, expected)
    }
  }

  /// What some calls take.
  package struct Amount: Codable, Hashable, Sendable {
    package var calls = Estimate()
    package var promptTokens = Estimate()
    package var completionTokens = Estimate()
    /// Nil where a model has no price.
    package var usd: Estimate?

    enum CodingKeys: String, CodingKey {
      case calls, usd
      case promptTokens = "prompt_tokens"
      case completionTokens = "completion_tokens"
    }
  }

  package struct Stage: Codable, Hashable, Sendable {
    package var stage: String
    /// Steps to be made, with those whose rows are not known yet.
    package var steps: Estimate
    package var amount: Amount
    /// How many steps were measured; 0 when the numbers are assumed.
    package var measured: Int
    /// Whether they were made under another configuration than the stage has now.
    package var older: Bool
  }

  /// How long a model's calls take at least, and which of its limits says so.
  package struct Pole: Codable, Hashable, Sendable {
    package var model: String
    package var seconds: Estimate
    /// `concurrency`, `rpm` or `tpm`.
    package var bound: String
    /// Seconds of one call; the mean of what was measured, else assumed.
    package var secondsPerCall: Double
    package var measured: Bool

    enum CodingKeys: String, CodingKey {
      case model, seconds, bound, measured
      case secondsPerCall = "seconds_per_call"
    }
  }

  /// Steps to be made, by stage.
  package var steps: [String: Estimate] = [:]
  /// Stages with calls to make, in file order.
  package var stages: [Stage]
  package var total: Amount
  /// Of the whole run.
  package var seconds: Estimate
  /// The longest first.
  package var poles: [Pole]

  /// Whether calls of rounds are among them of which nobody can tell yet whether they are played.
  package var countsRounds = false

  enum CodingKeys: String, CodingKey { case stages, total, seconds, poles }

  package init(
    _ plan: Plan, of pipeline: Pipeline, measures: [String: StageMeasure] = [:], pace: RunPace? = nil,
    draws count: Int = 1000, seed: UInt64 = 1
  ) {
    let draw = ForecastDraw(plan, of: pipeline, measures: measures, pace: pace)
    var chance = Chance(seed: seed)
    let runs = (0..<max(1, count)).map { _ in draw.run(&chance) }
    self.init(draw, runs)
  }

  /// Of a plan, with what the store tells of earlier steps.
  package static func make(_ plan: Plan, of pipeline: Pipeline, store: Store) async throws -> Forecast {
    Forecast(
      plan, of: pipeline,
      measures: pipeline.measuringRounds(
        try await store.inspector.measures(of: plan.fingerprints, in: pipeline.name)),
      pace: try await store.inspector.pace(of: pipeline.name))
  }
}

extension Pipeline {
  /// With what a stage took in the newest round that was measured, for the rounds that were not.
  fileprivate func measuringRounds(_ measures: [String: StageMeasure]) -> [String: StageMeasure] {
    var measures = measures
    var newest: [String: StageMeasure] = [:]
    for stage in stages {
      guard let round = stage.round else { continue }
      if let own = measures[stage.name], own.steps > 0 {
        newest[round.label] = own
      } else if let other = newest[round.label] {
        measures[stage.name] = other
      }
    }
    return measures
  }
}

extension Forecast {
  fileprivate init(_ draw: ForecastDraw, _ runs: [ForecastDraw.Run]) {
    stages = []
    for (index, facts) in draw.stages.enumerated() {
      let steps = Estimate(of: runs.map { $0.steps[index] })
      guard steps.high > 0 else { continue }
      self.steps[facts.name] = steps
      let amount = Amount(
        runs.map { $0.loads[index] }, isPriced: facts.users.allSatisfy { $0.model.price != nil })
      guard amount.calls.high > 0 else { continue }
      stages.append(
        Stage(
          stage: facts.name, steps: steps, amount: amount, measured: facts.measured, older: facts.isOlder))
    }
    let called = Set(stages.map(\.stage))
    total = Amount(
      runs.map { $0.total },
      isPriced: draw.stages.filter { called.contains($0.name) }.allSatisfy { facts in
        facts.users.allSatisfy { $0.model.price != nil }
      })
    seconds = Estimate(of: runs.map(\.seconds))
    countsRounds = draw.stages.contains { called.contains($0.name) && $0.isOfOpenRound }
    poles = draw.poles(runs).filter { $0.seconds.high > 0 }.sorted {
      $0.seconds.expected > $1.seconds.expected
    }
  }
}

extension Forecast.Amount {
  fileprivate init(_ loads: [ForecastDraw.Load], isPriced: Bool) {
    calls = .init(of: loads.map(\.calls))
    promptTokens = .init(of: loads.map(\.prompt))
    completionTokens = .init(of: loads.map(\.completion))
    usd = isPriced ? .init(of: loads.map(\.usd)) : nil
  }
}
