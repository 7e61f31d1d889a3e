internal import OrderedCollections
internal import RetortCore
internal import RetortStore

/// What is known of a stage before its further steps are drawn.
struct ForecastFacts {
  /// A model that its steps may ask.
  struct User {
    let model: ModelSpec
    /// Nil where nothing tells.
    let measured: StageMeasure.Model?
    /// Whether the stage's steps ask another of its models and never this one.
    let isIdle: Bool
  }

  let name: String
  let plan: Plan.Stage
  /// The places of stages, in the order of ``ForecastDraw/stages``.
  let from: [Int]
  let per: Int?
  let using: [Int]
  let isSet: Bool
  let isGrouped: Bool
  let isReader: Bool
  let workload: Workload
  /// Of steps; without any where nothing tells.
  let measure: StageMeasure
  /// Whether a measured number of calls and rows tells of the stage as it is now.
  let countsTell: Bool
  let users: [User]
  /// Whether a set upstream or under `using:` is made anew, so that all rows are looked up again: some of those that come
  /// may be done.
  var isBehindSet = false
  /// How many sets must be whole, one after another, before its steps can begin.
  var phase = 0
  /// Whether it stands in a round of which it is not known whether it is played.
  let isOfOpenRound: Bool
  /// Whether it stands in rounds, or rows of it come to some. What nobody measured there is an upper bound: no row is lost.
  var feedsRounds = false
  /// Bytes of a row that comes in.
  var rowBytes = 0.0

  /// Whether steps of it are to be made that only a run can make.
  var isOpen: Bool { plan.waits || plan.todo > plan.foreseen }
  /// Whether it answers one set, which must be whole.
  var isWhole: Bool { isSet && !isGrouped && !isReader }
  var measured: Int { users.contains { $0.measured != nil } ? measure.steps : 0 }
  var isOlder: Bool { measured > 0 && measure.isOlder }
  /// Steps that count as observed: of another configuration they tell less.
  var weight: Double { Double(measure.isOlder ? min(measure.steps, 10) : measure.steps) }

  init(
    _ stage: PipelineStage, _ plan: Plan.Stage, in pipeline: Pipeline, at places: [String: Int],
    _ measure: StageMeasure?
  ) {
    name = stage.name
    self.plan = plan
    from = stage.from.compactMap { places[$0] }
    using = (stage.using.values + (stage.round?.awaits ?? [])).compactMap { places[$0] }
    per = stage.per.flatMap { places[$0] }
    isSet = stage.entry.isSet
    isGrouped = stage.per != nil
    isReader = stage.entry.isReader
    isOfOpenRound = plan.waits && stage.round?.entrance != nil
    let workload = stage.configured.workload
    self.workload = workload
    let measure = measure ?? StageMeasure()
    self.measure = measure
    countsTell = measure.steps > 0 && !workload.countKeys.contains { plan.reason.contains(".\($0)") }
    let specs = stage.models.compactMap { pipeline.models[$0] }
    let names = Set(specs.map(\.name))
    users = OrderedDictionary(specs.map { ($0.name, $0) }) { first, _ in first }.values.map { spec in
      let own = measure.models[spec.name]
      // A stage of one model that now calls another one will ask it about as much.
      let other = names.count == 1 && measure.models.count == 1 ? measure.models.values.first : nil
      return User(
        model: spec, measured: own ?? other,
        isIdle: own == nil && other == nil && !names.isDisjoint(with: measure.models.keys))
    }
  }
}
