internal import RetortCore
internal import RetortStore

extension Scheduler {
  /// What is to be done. Stages are named by their place in the file, groups by the path of their ancestor row (nil for
  /// the whole set).
  enum Action: Hashable, Sendable {
    /// Finds what the stage's steps are known by and makes it ready to perform them: ``Event/begun(stage:)`` or
    /// ``Event/couldNotBegin(stage:)``.
    case begin(stage: Int)
    /// Answers rows of an upstream stage from the steps that exist: ``Event/rows(stage:upstream:_:)``.
    case lookUpRows(stage: Int, upstream: Int, after: Int64, limit: Int)
    /// Names the groups of rows that an upstream stage made: ``Event/groups(stage:upstream:_:)``.
    case lookUpGroups(stage: Int, upstream: Int, after: Int64, limit: Int)
    /// Names all groups: ``Event/allGroups(stage:_:)``.
    case lookUpAllGroups(stage: Int)
    /// Tells which of some groups have all their rows: ``Event/checked(stage:_:)``.
    case checkGroups(stage: Int, [String])
    /// Answers a set from the step that exists: ``Event/set(stage:_:)``.
    case lookUpSet(stage: Int, group: String?)
    /// Begins a row's step: ``Event/ended(stage:_:_:)`` when it has ended.
    case performRow(stage: Int, Arrival)
    /// Begins a set's step: ``Event/ended(stage:_:_:)`` when it has ended.
    case performSet(stage: Int, group: String?, SetInput)
    /// Records that a set fails without a step: an endpoint has refused it for good.
    case passOverSet(stage: Int, group: String?, SetInput)
    /// Records how a row's step ended, and lets the later occurrences of the row share it.
    case settleRow(stage: Int, row: Int64, StepEnd, followers: [Int64])
    case settleSet(stage: Int, StepEnd)
    /// Says that the run halts, once.
    case announce(RunStatus, message: String)
    /// Closes the books of a stage. Settled: neither it nor anything upstream has failed or pending rows.
    case finish(stage: Int, settled: Bool)
    /// Closes the books of a stage whose round is not played: it took nothing and is settled.
    case skip(stage: Int)
    /// Looks at what a gate goes by: ``Event/decided(stage:goesOn:)``.
    case decide(stage: Int)
    /// Nothing until a step ends.
    case wait
    case end(RunStatus)
  }

  /// What came about.
  enum Event: Hashable, Sendable {
    case begun(stage: Int)
    /// The whole stage has failed.
    case couldNotBegin(stage: Int)
    /// What the stage needs is not there as things are: its rows stay pending, and nothing new is to be begun.
    case heldUp(stage: Int, RunStatus, message: String)
    case rows(stage: Int, upstream: Int, RowPage)
    case groups(stage: Int, upstream: Int, GroupPage)
    case allGroups(stage: Int, [String])
    case checked(stage: Int, [GroupCheck])
    case set(stage: Int, SetLookUp)
    case ended(stage: Int, StepInput, StepEnd)
    /// Whether what waits at a gate for another round is performed.
    case decided(stage: Int, goesOn: Bool)
    /// Nothing new is to be begun.
    case interrupted
  }

  /// Rows of one upstream stage, in the order of their arrival.
  struct RowPage: Hashable, Sendable {
    /// How many there are; the last page has fewer than were asked for.
    var rows: Int
    /// The id of the last one.
    var last: Int64
    /// Those that had a step.
    var hits = 0
    /// Those that failed without a step: an endpoint has refused them for good.
    var refused = 0
    var misses: [Arrival] = []
  }

  /// Groups of the rows of one upstream stage, in the order of their arrival.
  struct GroupPage: Hashable, Sendable {
    /// How many rows there are; the last page has fewer than were asked for.
    var rows: Int
    /// The id of the last row.
    var last: Int64
    /// One may be named several times.
    var groups: [String] = []
  }

  enum SetLookUp: Hashable, Sendable {
    /// A group without rows: there is nothing to answer.
    case empty
    /// It has a step, whose rows came out.
    case known
    case missing(SetInput)
    /// It has no step, and an endpoint has refused to make one for good.
    case refused(SetInput)
  }

  /// What a step is applied to.
  enum StepInput: Hashable, Sendable {
    case row(Int64)
    case set(Digest)
  }

  enum StepEnd: Hashable, Sendable {
    case done(AnsweredRows)
    /// - isRefused: by the endpoint and for good.
    case failed(isRefused: Bool)
    /// Not made: its rows stay pending.
    case pending
    /// As ``pending``, and nothing more of this kind can be made in this run, unless it waits: then that is true of its
    /// own rows alone.
    case halted(RunStatus, message: String)
  }
}
