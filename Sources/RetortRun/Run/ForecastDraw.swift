internal import Foundation
internal import OrderedCollections
internal import RetortCore
internal import RetortStore

/// Draws what the rest of a run may come to, stage after stage from the sources on.
///
/// Of n measured steps and N to be made:
/// - **Rows.** Of the rows that could have come out, k did: their share has Jeffreys' posterior, Beta(k + ½, n − k + ½),
///   and so many of those to come are kept by chance. Samples of one row fall together, so that n counts them as far as
///   they vary by themselves (the design effect). What may make more rows than it is given is a sum with a spread.
/// - **Calls.** Each step makes the fewest calls that one made; more than that, such as repairs, come at a rate with
///   Jeffreys' posterior of a Poisson rate, Gamma(k + ½, n), widened by how unevenly they came. Replies that steps
///   share are paid once: new ones come at the rate of the later half of the steps at most; where that rate falls, as
///   few as Chao's extrapolation says (1984; Colwell and others 2012) at least. What other stages ask for too is theirs
///   as often as it was.
/// - **Tokens and seconds.** The predictive distribution of a sum under a normal model, with a weak prior (three
///   values with a deviation of half the mean), as a gamma distribution, since no sum is below 0.
/// - **What was never measured.** Two of three rows are kept on average, in rounds and before them all, a quarter of the possible repairs is needed,
///   prompts take half to twice their estimate, and replies a third of their bound.
///
/// What was measured under another configuration counts as ten steps at most.
struct ForecastDraw {
  /// What is asked of models.
  struct Load {
    var calls = 0.0
    var prompt = 0.0
    var completion = 0.0
    var usd = 0.0
    var seconds = 0.0

    static func += (left: inout Load, right: Load) {
      left.calls += right.calls
      left.prompt += right.prompt
      left.completion += right.completion
      left.usd += right.usd
      left.seconds += right.seconds
    }
  }

  /// A model, by its alias, in one phase of a run: see ``ForecastFacts/phase``.
  struct Place: Hashable {
    let phase: Int
    let model: String
  }

  /// What one drawn run comes to: by stage, and by model.
  struct Run {
    var steps: [Double]
    var loads: [Load]
    var total = Load()
    var byModel: [String: Load] = [:]
    var byPhase: [Place: Load] = [:]
    var seconds = 0.0
  }

  /// In file order.
  private(set) var stages: [ForecastFacts]
  let pipeline: Pipeline
  let pace: RunPace?
  /// What ``seconds(of:_:)`` would have said of the run that `pace` is of, without it.
  private(set) var idealThen: Double?
  /// The sources first.
  let order: [Int]

  /// Tokens of a reply where nothing bounds it, and of a prompt that the file does not hold; seconds of a call.
  static let (usualReply, usualPrompt, usualSeconds) = (1024.0, 400.0, 5.0)

  init(_ plan: Plan, of pipeline: Pipeline, measures: [String: StageMeasure], pace: RunPace?) {
    self.pipeline = pipeline
    self.pace = pace
    let places = Dictionary(
      plan.stages.enumerated().map { ($1.stage, $0) }, uniquingKeysWith: { first, _ in first })
    let known = pipeline.depths
    let depths = plan.stages.map { known[$0.stage] ?? 0 }
    stages = plan.stages.compactMap { entry in
      pipeline[entry.stage].map {
        ForecastFacts($0, entry, in: pipeline, at: places, measures[entry.stage])
      }
    }
    let rounds = Set(
      pipeline.stages.filter { $0.round != nil }.flatMap { pipeline.ancestry(of: $0.name) })
    for index in stages.indices { stages[index].feedsRounds = rounds.contains(stages[index].name) }
    order = stages.indices.sorted { (depths[$0], $0) < (depths[$1], $1) }
    for index in order {
      stages[index].isBehindSet = stages[index].from.contains { upstream in
        let facts = stages[upstream]
        return facts.isBehindSet || facts.isSet && !facts.isReader && facts.plan.waits
      }
      // Until a set that it looks into is whole, not even the rows that are there are looked up.
      if stages[index].using.contains(where: { stages[$0].isOpen }) { stages[index].isBehindSet = true }
      let isWhole = stages[index].isWhole
      let phases =
        stages[index].from.map { stages[$0].phase + (isWhole || stages[$0].isWhole ? 1 : 0) }
        + stages[index].using.map { stages[$0].phase + 1 }
      stages[index].phase = phases.max() ?? 0
      let given = stages[index].from.map {
        max(plan.rowBytes[stages[$0].name] ?? 0, stages[$0].measure.rowBytes, stages[$0].rowBytes)
      }
      stages[index].rowBytes = given.max() ?? 0
    }
    idealThen = pace.flatMap(ideal)
  }

  func run(_ chance: inout Chance) -> Run {
    var run = Run(
      steps: Array(repeating: 0, count: stages.count), loads: Array(repeating: Load(), count: stages.count))
    // Rows that come out of each stage: those that are not known yet, and all of them.
    var made = Array(repeating: 0.0, count: stages.count)
    var out = made
    for index in order {
      let facts = stages[index]
      let new = facts.from.reduce(0) { $0 + made[$1] }
      let given = facts.from.reduce(0) { $0 + out[$1] }
      let steps = steps(of: facts, new: new, given: given, groups: facts.per.map { out[$0] }, &chance)
      run.steps[index] = steps
      made[index] = rows(of: facts, steps: steps, given: given, &chance)
      out[index] = Double(facts.plan.rows) + made[index]
      if facts.isBehindSet, facts.plan.rows == 0 {
        out[index] += Double(facts.plan.done) * facts.measure.out.mean
      }
      guard steps > 0 else { continue }
      // With the same requests, an answer that is remembered costs nothing.
      let asked = facts.plan.reason == "changed: version" ? steps * chance.uniform() : steps
      let size = size(of: facts, given: given, groups: facts.per.map { out[$0] })
      for user in facts.users where !user.isIdle {
        let load = load(of: user, facts, steps: asked, size: size, &chance)
        run.loads[index] += load
        run.total += load
        run.byModel[user.model.alias, default: Load()] += load
        run.byPhase[Place(phase: facts.phase, model: user.model.alias), default: Load()] += load
      }
    }
    run.seconds = seconds(of: run, &chance)
    return run
  }

  /// Rows that a step is given.
  private func size(of facts: ForecastFacts, given: Double, groups: Double?) -> Double {
    guard facts.isSet else { return 1 }
    if facts.isGrouped, facts.measure.given.mean > 0 { return facts.measure.given.mean }
    return max(1, given / max(1, groups ?? 1))
  }

  // MARK: Steps and rows

  private func steps(
    of facts: ForecastFacts, new: Double, given: Double, groups: Double?, _ chance: inout Chance
  ) -> Double {
    let todo = Double(facts.plan.todo)
    guard facts.plan.waits else { return todo }
    if facts.isGrouped {
      guard new > 0 else { return todo }
      let usual = facts.measure.given.mean > 0 ? facts.measure.given.mean : given / max(1, groups ?? 1)
      return todo + min(groups ?? new, new / max(1, usual)).rounded(.up)
    }
    if facts.isSet { return 1 }
    return todo + (facts.isBehindSet ? max(0, given - Double(facts.plan.done) - todo) : new)
  }

  /// Rows that come out of steps whose outcome is not known yet.
  private func rows(
    of facts: ForecastFacts, steps: Double, given: Double, _ chance: inout Chance
  ) -> Double {
    let open = max(0, steps - Double(facts.plan.foreseen))
    guard open > 0, !facts.isReader else { return 0 }
    let (measure, workload) = (facts.measure, facts.workload)
    guard facts.countsTell else {
      let most = Double(workload.samples) * (facts.isSet ? max(1, given / max(1, steps)) : 1)
      return workload.keepsRows || facts.feedsRounds
        ? open * most : (open * most * chance.beta(2, 1)).rounded()
    }
    let most = max(Double(workload.samples), facts.isSet ? 0 : 1)
    if !facts.isSet, measure.out.greatest <= most {
      return kept(of: open, most, measure.out, weight: facts.weight, &chance)
    }
    if facts.isSet, !facts.isGrouped, measure.out.greatest > 1 {
      // Rows of one set fall together no more than others.
      let members = max(1, measure.given.mean * facts.weight)
      let share = measure.out.mean / max(1, measure.given.mean)
      guard share <= 1 else { return chance.positive(mean: given * share, variance: given * share) }
      let rate = chance.beta(share * members + 0.5, (1 - share) * members + 0.5)
      return chance.binomial(given, rate)
    }
    return sum(of: open, measure.out, weight: facts.weight, &chance).rounded()
  }

  /// Of steps each of which may emit up to `most` rows.
  private func kept(
    of steps: Double, _ most: Double, _ out: StageMeasure.Spread, weight: Double, _ chance: inout Chance
  ) -> Double {
    let share = min(1, out.mean / most)
    // How many samples of a row say as much as one that is drawn by itself, 1 to all of them.
    let spread = most * share * (1 - share)
    let effect = spread > 0 ? min(most, max(1, out.deviation * out.deviation / spread)) : most
    let seen = weight * most / effect
    let rate = chance.beta(share * seen + 0.5, (1 - share) * seen + 0.5)
    return chance.binomial((steps * most / effect).rounded(), rate) * effect
  }

  /// Of a sum over further steps, at least 0.
  private func sum(
    of steps: Double, _ measured: StageMeasure.Spread, weight: Double, _ chance: inout Chance
  ) -> Double {
    total(mean: measured.mean, deviation: measured.deviation, per: measured.mean, steps, weight, &chance)
  }

  /// `steps · mean`, as a normal model with a weak prior predicts it; `unit` is what the prior's deviation is half of.
  func total(
    mean: Double, deviation: Double, per unit: Double, _ steps: Double, _ weight: Double,
    _ chance: inout Chance
  ) -> Double {
    guard mean > 0, steps > 0 else { return 0 }
    let (prior, seen) = (3.0, max(1, weight))
    let freedom = prior + seen - 1
    let squares = prior * 0.25 * unit * unit + (seen - 1) * deviation * deviation
    // Of a variance with that many degrees of freedom: scaled inverse chi-square.
    let variance = min(squares / max(1e-9, 2 * chance.gamma(freedom / 2)), 100 * unit * unit)
    return chance.positive(mean: steps * mean, variance: variance * (steps + steps * steps / seen))
  }
}
