internal import RetortCore

/// What steps of a stage took so far.
package struct StageMeasure: Hashable, Sendable {
  /// Of some numbers: how many, their mean and standard deviation, the least and the greatest.
  package struct Spread: Hashable, Sendable {
    package var count: Int
    package var mean: Double
    /// Of the sample; 0 for one number.
    package var deviation: Double
    package var least: Double
    package var greatest: Double

    package init(of values: [Double]) {
      count = values.count
      let mean = values.reduce(0, +) / Double(max(1, values.count))
      let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      self.mean = mean
      deviation = values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : 0
      least = values.min() ?? 0
      greatest = values.max() ?? 0
    }
  }

  /// What a step asks of one model.
  package struct Model: Hashable, Sendable {
    /// Calls of a step.
    package var calls: Spread
    /// Tokens of a call: the mean is that of all calls; the deviation is that of a step's tokens from as many as its
    /// calls have on average.
    package var prompt: Spread
    package var completion: Spread
    /// Of the prompt's tokens, the share that the endpoint had cached.
    package var cachedShare: Double
    /// Seconds of a call.
    package var seconds: Spread
    package var sharing: Sharing

    package init(
      calls: Spread, prompt: Spread, completion: Spread, cachedShare: Double = 0, seconds: Spread,
      sharing: Sharing = Sharing()
    ) {
      self.calls = calls
      self.prompt = prompt
      self.completion = completion
      self.cachedShare = cachedShare
      self.seconds = seconds
      self.sharing = sharing
    }
  }

  /// How often steps asked what another one had asked: a reply that is remembered is not paid again.
  package struct Sharing: Hashable, Sendable {
    /// Times that a reply was used, by one step or another.
    package var uses = 0
    /// Replies that were used, and those that were used once and twice.
    package var replies = 0
    package var once = 0
    package var twice = 0
    /// Of the later half of the steps: times that a reply was used, and those of them that were its first.
    package var laterUses = 0
    package var laterFirst = 0
    /// Of `replies`, those that another stage of the pipeline had asked for.
    package var foreign = 0

    package init(
      uses: Int = 0, replies: Int = 0, once: Int = 0, twice: Int = 0, laterUses: Int = 0, laterFirst: Int = 0,
      foreign: Int = 0
    ) {
      self.uses = uses
      self.replies = replies
      self.once = once
      self.twice = twice
      self.laterUses = laterUses
      self.laterFirst = laterFirst
      self.foreign = foreign
    }
  }

  package var steps: Int
  /// Whether they were made under another configuration than the stage has now.
  package var isOlder: Bool
  /// Rows out of a step.
  package var out: Spread
  /// Rows that a step was given: 1 but for sets.
  package var given: Spread
  /// Bytes of a row that came out, on average.
  package var rowBytes: Double
  /// By the model's name.
  package var models: [String: Model]

  package init(
    steps: Int = 0, isOlder: Bool = false, out: Spread = Spread(of: []), given: Spread = Spread(of: []),
    rowBytes: Double = 0, models: [String: Model] = [:]
  ) {
    self.steps = steps
    self.isOlder = isOlder
    self.out = out
    self.given = given
    self.rowBytes = rowBytes
    self.models = models
  }
}

extension StageMeasure {
  /// A reply that a step used.
  struct Call {
    let step: Int64
    let reply: Int64
    let prompt: Double
    let completion: Double
    var cached = 0.0
    var seconds = 0.0
    /// Whether another stage of the pipeline had asked for it.
    var isForeign = false
  }
}

extension StageMeasure.Model {
  /// Of the calls that some steps, those without one too, made of one model.
  init(_ calls: [StageMeasure.Call], of steps: [Int64]) {
    var users: [Int64: Set<Int64>] = [:]
    var sharing = StageMeasure.Sharing()
    var perStep: [Int64: (calls: Double, prompt: Double, completion: Double)] = [:]
    let middle = steps.isEmpty ? 0 : steps.sorted()[steps.count / 2]
    for call in calls.sorted(by: { $0.step < $1.step }) {
      let isFirst = users[call.reply] == nil
      if users[call.reply, default: []].insert(call.step).inserted, call.step >= middle {
        sharing.laterUses += 1
        if isFirst { sharing.laterFirst += 1 }
      }
      let sum = perStep[call.step] ?? (0, 0, 0)
      perStep[call.step] = (sum.calls + 1, sum.prompt + call.prompt, sum.completion + call.completion)
    }
    sharing.uses = users.values.reduce(0) { $0 + $1.count }
    sharing.replies = users.count
    sharing.once = users.values.count { $0.count == 1 }
    sharing.foreign = Set(calls.filter(\.isForeign).map(\.reply)).count
    sharing.twice = users.values.count { $0.count == 2 }
    let sums = steps.map { perStep[$0] ?? (0, 0, 0) }
    let tokens = { (ofCalls: [Double], ofSteps: [Double]) -> StageMeasure.Spread in
      var spread = StageMeasure.Spread(of: ofCalls)
      let off = zip(sums, ofSteps).map { $1 - spread.mean * $0.calls }
      spread.deviation =
        off.count > 1 ? (off.reduce(0) { $0 + $1 * $1 } / Double(off.count - 1)).squareRoot() : 0
      return spread
    }
    let prompt = calls.reduce(0) { $0 + $1.prompt }
    self.init(
      calls: .init(of: sums.map(\.calls)), prompt: tokens(calls.map(\.prompt), sums.map(\.prompt)),
      completion: tokens(calls.map(\.completion), sums.map(\.completion)),
      cachedShare: calls.reduce(0) { $0 + $1.cached } / max(1, prompt),
      seconds: .init(of: calls.map(\.seconds)),
      sharing: sharing)
  }
}

/// How the newest whole run of a pipeline kept pace with its calls.
package struct RunPace: Hashable, Sendable {
  /// Of a stage's calls of one model in that run.
  package struct Load: Hashable, Sendable {
    /// Nil where none was noted.
    package var stage: String?
    /// The model's name.
    package var model: String
    package var calls: Int
    package var seconds: Double
    package var tokens: Double
  }

  /// Seconds from its beginning to its end.
  package var wall: Double
  /// Seconds from the first request to the last reply.
  package var active: Double
  package var loads: [Load]

  package init(wall: Double, active: Double, loads: [Load]) {
    self.wall = wall
    self.active = active
    self.loads = loads
  }
}
