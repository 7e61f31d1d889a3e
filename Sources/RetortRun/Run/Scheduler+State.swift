internal import RetortCore
internal import RetortStore

extension Scheduler {
  /// What decisions need to know of a stage: where it stands in the graph and what bounds it, and nothing of what it does.
  struct Node: Hashable, Sendable {
    /// The stages whose rows it takes; empty for a reader.
    var from: [Int] = []
    /// The stages whose whole sets it needs before it begins.
    var using: [Int] = []
    /// The stages that must have settled before it begins, though it takes nothing of them: a gate's round.
    var after: [Int] = []
    /// Where it waits until it is known whether its round is played; nil for what stands outside, and in first rounds.
    var gate: Gate?
    /// Whether others wait for what it decides.
    var decides = false
    /// Distance from the sources.
    var depth = 0
    /// Whether a step answers a set and not a row.
    var isSet = false
    /// Whether each group of its set has a step of its own, under `per:`.
    var isGrouped = false
    /// Steps in flight at most, and ready rows at which no more are looked up.
    var window = 1
    /// Whether a halt keeps it from starting steps.
    var callsModels = false
    /// Whether failed rows count as dropped, and hold nothing up.
    var dropsFailures = false
    /// False for what `--only` leaves out.
    var isNeeded = true

    /// A stage that decides, and the decision under which what waits for it is performed.
    struct Gate: Hashable, Sendable {
      let stage: Int
      let goesOn: Bool
    }
  }

  /// How far a stage has come.
  struct StageState: Sendable {
    let node: Node
    var hasBegun = false
    /// By upstream stage, as in ``Node/from``.
    var intakes: [Intake]
    /// Raised whenever rows may have come out of this stage.
    var arrivals = 0
    var inFlight = 0
    /// Whether a step failed or is pending: the stage finishes, but does not settle.
    var isHeld = false
    /// Nothing more comes out of it.
    var isFinished = false
    /// Finished, and neither it nor anything upstream has failed or pending rows.
    var isSettled = false
    /// Its round is not played: it is settled and has done nothing.
    var isSkipped = false
    /// What it decided, of a gate that has settled.
    var goesOn: Bool?

    /// A row stage's rows.
    var rows = RowQueue()

    /// A set stage's groups, of which a whole set is the one without a path: those whose step is to be found or made.
    var sets: ArraySlice<String?> = []
    /// The input of the first of ``sets`` where it was looked up and has no step.
    var missing: SetInput?
    /// Whether an endpoint has refused ``missing`` for good.
    var isRefused = false
    /// Rows of each set that has a step in flight.
    var setsInFlight: [Digest: Int] = [:]
    var groups = GroupSearch()

    init(node: Node) {
      self.node = node
      intakes = node.from.map { _ in Intake() }
    }
  }

  /// How far a stage has looked at the rows of an upstream one.
  struct Intake: Sendable {
    /// The last occurrence that was looked at.
    var last: Int64 = 0
    /// The upstream stage's ``StageState/arrivals`` up to which all its rows have been looked at.
    var seen = 0
  }
}

/// Rows whose step is to be made, each once: later occurrences of a row that is ready or in flight wait for its step.
struct RowQueue: Sendable {
  private var queue: ArraySlice<Arrival> = []
  private var followers: [Int64: [Int64]] = [:]

  /// How many are ready.
  var ready: Int { queue.count }

  mutating func add(_ arrivals: [Arrival]) {
    for arrival in arrivals {
      if followers[arrival.row]?.append(arrival.id) != nil { continue }
      followers[arrival.row] = []
      queue.append(arrival)
    }
  }

  mutating func start() -> Arrival? { queue.popFirst() }

  /// The occurrences that waited for a row's step.
  mutating func end(_ row: Int64) -> [Int64] { followers.removeValue(forKey: row) ?? [] }
}
