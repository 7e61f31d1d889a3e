internal import OrderedCollections
internal import RetortCore
package import RetortStore

/// What a plan's calls will take, as far as earlier steps tell: a range for each stage, and the model that takes
/// longest.
///
/// A sum over n further steps, of which m were measured, is n·mean ± 2·sd·√(n + n²/m): the usual prediction interval,
/// about 95 %. What was never measured is assumed, and says so.
package struct Forecast: Codable, Hashable, Sendable {
  /// From the least to the most that is to be expected.
  package struct Range: Codable, Hashable, Sendable {
    package var low: Double
    package var high: Double

    package init(_ low: Double = 0, _ high: Double = 0) {
      self.low = low
      self.high = high
    }

    static func + (left: Range, right: Range) -> Range { Range(left.low + right.low, left.high + right.high) }
    static func * (left: Range, right: Range) -> Range { Range(left.low * right.low, left.high * right.high) }
  }

  /// What some calls take.
  package struct Amount: Codable, Hashable, Sendable {
    package var calls = Range()
    package var promptTokens = Range()
    package var completionTokens = Range()
    /// Nil where a model has no price.
    package var usd: Range? = Range()

    package init(
      calls: Range = Range(), promptTokens: Range = Range(), completionTokens: Range = Range(),
      usd: Range? = Range()
    ) {
      self.calls = calls
      self.promptTokens = promptTokens
      self.completionTokens = completionTokens
      self.usd = usd
    }

    enum CodingKeys: String, CodingKey {
      case calls, usd
      case promptTokens = "prompt_tokens"
      case completionTokens = "completion_tokens"
    }

    static func + (left: Amount, right: Amount) -> Amount {
      Amount(
        calls: left.calls + right.calls, promptTokens: left.promptTokens + right.promptTokens,
        completionTokens: left.completionTokens + right.completionTokens,
        usd: left.usd.flatMap { usd in right.usd.map { usd + $0 } })
    }
  }

  package struct Stage: Codable, Hashable, Sendable {
    package var stage: String
    /// Steps to be made, with those whose rows are not known yet.
    package var steps: Range
    package var amount: Amount
    /// How many steps were measured; 0 when the numbers are assumed.
    package var measured: Int
  }

  /// How long a model's calls take at least, and which of its limits says so.
  package struct Pole: Codable, Hashable, Sendable {
    package var model: String
    package var seconds: Range
    /// `concurrency`, `rpm` or `tpm`.
    package var bound: String
    /// Seconds of one call; the mean of what was measured, else assumed.
    package var secondsPerCall: Double
    package var measured: Bool

    package init(model: String, seconds: Range, bound: String, secondsPerCall: Double, measured: Bool) {
      self.model = model
      self.seconds = seconds
      self.bound = bound
      self.secondsPerCall = secondsPerCall
      self.measured = measured
    }

    enum CodingKeys: String, CodingKey {
      case model, seconds, bound, measured
      case secondsPerCall = "seconds_per_call"
    }
  }

  /// Stages with calls to make, in file order.
  package var stages: [Stage]
  package var total: Amount
  /// The longest first.
  package var poles: [Pole]

  /// Rows that a reader would read, counted without a call.
  package struct Source: Hashable, Sendable {
    package var rows: Int
    package var bytes: Int
    package init(rows: Int, bytes: Int) {
      self.rows = rows
      self.bytes = bytes
    }
  }

  package init(
    _ plan: Plan, of pipeline: Pipeline, measures: [String: StageMeasure] = [:],
    sources: [String: Source] = [:]
  ) {
    var forecaster = Forecaster(pipeline: pipeline, measures: measures, sources: sources)
    stages = []
    total = Amount()
    let order = plan.stages.sorted {
      pipeline.depth(of: $0.stage) < pipeline.depth(of: $1.stage)
    }
    var found: [String: Stage] = [:]
    for entry in order { found[entry.stage] = forecaster.stage(entry) }
    stages = plan.stages.compactMap { found[$0.stage] }.filter { $0.amount.calls.high > 0 }
    total = stages.reduce(Amount()) { $0 + $1.amount }
    poles = forecaster.poles()
  }
}

private struct Forecaster {
  let pipeline: Pipeline
  let measures: [String: StageMeasure]
  let sources: [String: Forecast.Source]
  /// Rows that come out of each stage, known and yet to come.
  private var out: [String: Forecast.Range] = [:]
  /// Bytes of a row that comes out of each stage, on average.
  private var rowBytes: [String: Double] = [:]
  private var calls: OrderedDictionary<String, Load> = [:]

  /// What one model is asked for.
  private struct Load {
    var calls = Forecast.Range()
    var tokens = Forecast.Range()
    var seconds = Forecast.Range()
    var measured = false
  }

  /// Tokens of a reply where nothing bounds it, and of a prompt that the file does not hold; seconds of a call.
  private static let (usualReply, usualPrompt, usualSeconds) = (1024.0, 400.0, 5.0)

  init(pipeline: Pipeline, measures: [String: StageMeasure], sources: [String: Forecast.Source]) {
    self.pipeline = pipeline
    self.measures = measures
    self.sources = sources
  }

  mutating func stage(_ entry: Plan.Stage) -> Forecast.Stage? {
    guard let stage = pipeline[entry.stage] else { return nil }
    let measure = measures[entry.stage]
    let given = stage.from.reduce(Forecast.Range()) { $0 + (out[$1] ?? Forecast.Range()) }
    let steps = steps(stage, entry, given)
    let made = made(stage, entry, steps: steps, given: given)
    out[entry.stage] = Forecast.Range(Double(entry.rows), Double(entry.rows)) + made
    rowBytes[entry.stage] =
      measure.flatMap { $0.rowBytes > 0 ? $0.rowBytes : nil } ?? sources[entry.stage].map {
        Double($0.bytes) / Double(max(1, $0.rows))
      } ?? stage.from.compactMap { rowBytes[$0] }.max() ?? 0
    var amount = Forecast.Amount()
    for alias in stage.models {
      guard let model = pipeline.models[alias] else { continue }
      amount = amount + take(stage, model, steps: steps, given: given, entry)
    }
    let known = measure.map { $0.models.isEmpty ? 0 : $0.steps } ?? 0
    return Forecast.Stage(stage: entry.stage, steps: steps, amount: amount, measured: known)
  }

  private func steps(_ stage: PipelineStage, _ entry: Plan.Stage, _ given: Forecast.Range) -> Forecast.Range {
    let todo = Double(entry.todo)
    guard entry.waits else { return Forecast.Range(todo, todo) }
    // A step that waits may turn out to be done: what comes from upstream can be what came before.
    let low = (measures[stage.name]?.steps ?? 0) > 0 ? todo : nil
    if stage.entry.isSet {
      let sets = stage.per.flatMap { out[$0] } ?? Forecast.Range(1, 1)
      return Forecast.Range(low ?? min(1, sets.low), max(todo, sets.high))
    }
    let done = Double(entry.done)
    return Forecast.Range(
      max(todo, low ?? given.low - done), max(todo, given.high - done))
  }

  /// Rows that the steps to be made will add.
  private func made(
    _ stage: PipelineStage, _ entry: Plan.Stage, steps: Forecast.Range, given: Forecast.Range
  ) -> Forecast.Range {
    guard steps.high > 0 else { return Forecast.Range() }
    if stage.from.isEmpty {
      let rows = sources[stage.name].map { Double($0.rows) }
      return Forecast.Range(rows ?? 0, rows ?? 0)
    }
    let inputs =
      stage.entry.isSet
      ? Forecast.Range(
        max(0, given.low - Double(entry.done)), max(1, given.high - Double(entry.done))) : steps
    if let yield = measures[stage.name]?.yield { return inputs * Forecast.Range(yield, yield) }
    return inputs * Forecast.Range(0, Double(stage.configured.workload.samples))
  }

  private mutating func take(
    _ stage: PipelineStage, _ model: ModelSpec, steps: Forecast.Range, given: Forecast.Range,
    _ entry: Plan.Stage
  ) -> Forecast.Amount {
    guard steps.high > 0 else { return Forecast.Amount() }
    var amount: Forecast.Amount
    var secondsPerCall = Self.usualSeconds
    var cachedShare = 0.0
    let measure = measures[stage.name]
    let used = measure.flatMap { knownUse(in: $0, by: stage, model, entry) }
    let names = Set(stage.models.compactMap { pipeline.models[$0]?.name })
    if let measure, let used {
      let low = entry.reason == "changed: version" ? 0 : steps.low
      let sum = { (spread: StageMeasure.Spread) in
        Forecast.Range(
          spread.sum(of: low, measured: measure.steps).low,
          spread.sum(of: steps.high, measured: measure.steps).high)
      }
      amount = Forecast.Amount(
        calls: sum(used.calls), promptTokens: sum(used.prompt), completionTokens: sum(used.completion))
      secondsPerCall = used.secondsPerCall
      cachedShare = used.cachedShare
    } else if let measure, measure.models[model.name] == nil, !names.isDisjoint(with: measure.models.keys) {
      return Forecast.Amount()  // its steps call another of its models
    } else {
      amount = assumed(stage, model, steps: steps, given: given)
    }
    amount.usd = model.price.map { price in
      let usd = { (prompt: Double, completion: Double) in
        price.usd(
          Usage(
            promptTokens: Int(bounded: prompt), completionTokens: Int(bounded: completion),
            cachedTokens: Int(bounded: prompt * cachedShare)))
      }
      return Forecast.Range(
        usd(amount.promptTokens.low, amount.completionTokens.low),
        usd(amount.promptTokens.high, amount.completionTokens.high))
    }
    var load = calls[model.alias] ?? Load()
    load.calls = load.calls + amount.calls
    load.tokens = load.tokens + amount.promptTokens + amount.completionTokens
    load.seconds = load.seconds + amount.calls * Forecast.Range(secondsPerCall, secondsPerCall)
    load.measured = load.measured || used != nil
    calls[model.alias] = load
    return amount
  }

  /// What earlier steps of a stage used of a model. A stage of one model that now calls another one will ask it about
  /// as much; one that now draws another number of answers will not.
  private func knownUse(
    in measure: StageMeasure, by stage: PipelineStage, _ model: ModelSpec, _ entry: Plan.Stage
  ) -> StageMeasure.Model? {
    guard !stage.configured.workload.countKeys.contains(where: { entry.reason.contains(".\($0)") }) else {
      return nil
    }
    if let used = measure.models[model.name] { return used }
    return stage.models.count == 1 && measure.models.count == 1 ? measure.models.values.first : nil
  }

  /// As many calls as the kind says; a prompt of half to twice the template and the row; a reply of at most its bound.
  private func assumed(
    _ stage: PipelineStage, _ model: ModelSpec, steps: Forecast.Range, given: Forecast.Range
  ) -> Forecast.Amount {
    let workload = stage.configured.workload
    let perStep = workload.calls(given.high)
    let calls = steps * Forecast.Range(perStep.lowerBound, perStep.upperBound)
    let row = (stage.from.compactMap { rowBytes[$0] }.max() ?? 0) / 4
    let template = workload.prompt.map { Double(Call.estimateTokens($0)) }
    let prompt = model.kind == .embedding ? row : row + (template ?? Self.usualPrompt)
    let reply =
      model.kind == .chat
      ? workload.maxTokens.map(Double.init) ?? Self.usualReply : model.kind == .judge ? 1 : 0
    return Forecast.Amount(
      calls: calls, promptTokens: calls * Forecast.Range(prompt / 2, prompt * 2),
      completionTokens: calls * Forecast.Range(0, reply))
  }

  func poles() -> [Forecast.Pole] {
    calls.compactMap { alias, load -> Forecast.Pole? in
      guard let model = pipeline.models[alias], load.calls.high > 0 else { return nil }
      let lanes = 1 / Double(max(1, model.concurrency))
      var bounds = [("concurrency", load.seconds * Forecast.Range(lanes, lanes))]
      if let rpm = model.rpm { bounds.append(("rpm", load.calls * Forecast.Range(60 / rpm, 60 / rpm))) }
      if let tpm = model.tpm { bounds.append(("tpm", load.tokens * Forecast.Range(60 / tpm, 60 / tpm))) }
      guard let longest = bounds.max(by: { $0.1.high < $1.1.high }) else { return nil }
      return Forecast.Pole(
        model: alias, seconds: longest.1, bound: longest.0,
        secondsPerCall: load.seconds.high / load.calls.high, measured: load.measured)
    }.sorted { $0.seconds.high > $1.seconds.high }
  }
}

extension StageMeasure.Spread {
  /// The sum over `n` further steps when `m` were measured: n·mean ± 2·sd·√(n + n²/m), at least 0.
  func sum(of n: Double, measured m: Int) -> Forecast.Range {
    let margin = 2 * deviation * (n + n * n / Double(max(1, m))).squareRoot()
    return Forecast.Range(max(0, n * mean - margin), n * mean + margin)
  }
}
